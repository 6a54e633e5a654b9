/** Columns: a model's inputs by name, numbers and categories beside each other. */

import { type Check, complete, fail, integer, isRecord, LARGEST, type Options, oneOf, size, typedData, typeOf } from "../core/check.js";
import { type Initial, initials } from "../layers/initializers.js";

/** A number at each step. */
export interface NumericColumn {
  type: "numeric";
  /**
   * Lets the column have gaps (null or NaN), which take the value last seen in the sequence ("last"; before the first one the mean) or
   * the mean ("mean"). A second column, right after it, is 1 in a gap and 0 otherwise. The mean is 0, which it is where the model's
   * scaler, or you, standardise the column. Default: a gap is an error.
   */
  missing?: "last" | "mean";
}

/** One of some categories at each step, as a label or as an index from 0. */
export interface CategoricalColumn {
  type: "categorical";
  /** The labels, or how many there are. */
  categories: number | readonly string[];
  /**
   * Length of the vector learned for each category (as PyTorch's `nn.Embedding`): `embedding.NAME.weight` [categories, units]. Default:
   * one-hot, a column of the weights for each category, which a recurrent layer gathers and never multiplies.
   */
  units?: number;
  /** Makes gaps (null or NaN) a category of their own, after the others. Default: a gap is an error. */
  missing?: "category";
  /** Initial vectors. Default: those of the model's `initial`. */
  initial?: Initial<"weights">;
}

/** A column of a model's input, made by `numeric` or `categorical`. */
export type Column = NumericColumn | CategoricalColumn;
/** The columns of a model's input by name. */
export type Columns = Readonly<Record<string, Column>>;

/** A value of a column: null is a gap. */
export type Value = number | string | null;
/** The values of one step: by name, or in the order of the columns. A single column's may stand alone. */
export type StepInput = Readonly<Record<string, Value>> | ArrayLike<Value> | Value;
/** The values of several steps: an array for each column (fastest), a row for each step, or rows one after the other, flat. */
export type Inputs =
  | Readonly<Record<string, ArrayLike<Value>>>
  | ArrayLike<Readonly<Record<string, Value>> | ArrayLike<Value>>
  | ArrayLike<Value>;

/**
 * A column of numbers.
 * @example numeric({ missing: "last" })
 */
export const numeric = (options: Omit<NumericColumn, "type"> = {}): NumericColumn => typedData("numeric", options, 'missing: "last"');

/**
 * A column of categories: labels, or their count.
 * @throws TypeError if the categories are neither
 * @example categorical(["sun", "rain", "snow"], { units: 2 })
 */
export function categorical(
  categories: number | readonly string[],
  options: Omit<CategoricalColumn, "type" | "categories"> = {},
): CategoricalColumn {
  checkCategories("categories", categories);
  return { ...typedData("categorical", options, "units: 2"), categories };
}

const checkCategories: Check<number | string[]> = (path, value) => {
  if (typeof value === "number") return integer(path, value, 1, LARGEST);
  if (!Array.isArray(value)) fail(TypeError, path, "labels, or how many categories there are", value);
  value.forEach((label, i) => {
    if (typeof label !== "string") fail(TypeError, `${path}[${i}]`, "a label", label);
  });
  const { size } = new Set(value);
  if (size === 0 || size > LARGEST || size < value.length) fail(RangeError, path, "one label or more, each another", value);
  return [...value];
};

const OPTIONS = {
  numeric: { missing: oneOf("last", "mean") },
  categorical: {
    categories: [checkCategories],
    units: size,
    missing: oneOf("category"),
    initial: initials("weights"),
  },
} as const satisfies Record<string, Options>;

export const checkColumns: Check<Columns> = (path, value) => {
  if (!isRecord(value) || Object.keys(value).length === 0) fail(TypeError, path, "columns by name, such as { wind: numeric() }", value);
  return Object.fromEntries(
    Object.entries(value).map(([name, column]) => {
      const at = `${path}.${name}`;
      const type = typeOf(at, column, OPTIONS, "a column such as numeric() or categorical(7)");
      return [name, complete(at, column, { type: [() => type], ...OPTIONS[type] }) as Column];
    }),
  );
};
