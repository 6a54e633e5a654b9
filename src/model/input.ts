/** Inputs: the values that a model takes at each step, their checks, and their layout in memory for the first layer. */

import { type Check, complete, fail, finite, indexBelow, integer, LARGEST, numbers, size } from "../core/check.js";
import type { EngineParts, Memory } from "../core/memory.js";
import { pad4 } from "../layers/packing.js";
import type { Below } from "../layers/plan.js";
import { type CategoricalColumn, type Columns, checkColumns } from "./columns.js";
import { flatten } from "./flatten.js";
import { type Reader, type Readers, readColumns, readersOf, readStep } from "./readColumns.js";
import { type Scale, standardise } from "./scale.js";

/** At each step `features` numbers without names, one token out of `tokens`, or the values of `columns`. */
export type InputConfig = { features: number } | { tokens: number } | { columns: Columns };

export const checkInput: Check<InputConfig> = (path, value) => {
  const input = complete(path, value, { features: size, tokens: size, columns: checkColumns });
  if (Object.keys(input).length !== 1) fail(RangeError, path, "either features, tokens or columns", value);
  return input as InputConfig;
};

type Parts = Pick<EngineParts, "kernels" | "memory">;

/** The values of steps, checked and flat: numbers as f32, standardised, categories as their index, gaps as NaN; or tokens as i32. */
type Values = Float32Array | Int32Array;

/** Where the steps of a sequence lie among the floats of the memory: rows of the panel, and rows of tokens. */
interface Place {
  /** The first row of the first step, and floats from row to row and from step to step. */
  at: number;
  stride: number;
  step: number;
  /** The same of the tokens. */
  token: number;
  tokenStride: number;
  tokenStep: number;
}

/** A column in memory. */
interface StoredColumn {
  /** "number": a row of the panel; "hot": a row for each category; "token": a row of tokens. */
  kind: "number" | "hot" | "token";
  /** Its row, of the panel or of the tokens. */
  row: number;
  /** Categories, that of gaps included. */
  count: number;
  /** Added to a category's index: the column's first row in the first layer's table. */
  first: number;
  missing: "last" | "mean" | "category" | undefined;
}

/** A categorical column with learned vectors, which take `units` rows of the panel from `row` on. */
interface Learned {
  name: string;
  count: number;
  units: number;
  row: number;
  initial: CategoricalColumn["initial"];
}

/** Columns of weights that follow each other, from `first` on; their places do so as well. */
interface Run {
  first: number;
  count: number;
  place: number;
}

/**
 * Made once for a model, in its layout. Numbers and learned vectors take rows of a panel, in the order of the columns, whose padding is
 * zero and is never written. Other categories are tokens, by which the first layer gathers, in rows of i32; or, where it cannot, rows of
 * 0 and 1 in the panel. Features are numbers and tokens one category, without names.
 */
export class Input implements Below {
  /** Values that users give for a step. */
  readonly per: number;
  readonly inputs: number;
  readonly tokens: number;
  readonly gathered: number;
  /** Rows of a step in the panel, padded. */
  readonly rows: number;
  /** Floats of a step where it lies by itself: its rows, then its tokens. */
  readonly floats: number;
  /** How many values of a step can be standardised. */
  readonly scaled: number;
  /** Categories of the only column; 0 if there are others, or numbers. */
  readonly categories: number;
  readonly learned: Learned[] = [];
  /** Rows that take the last value in gaps. */
  readonly lasting: number[] = [];
  readonly #readers: Readers | null = null;
  readonly #cells: StoredColumn[] = [];
  readonly #runs: Run[] = [];
  #places: Int32Array | undefined;

  /** @param gathers whether the first layer can gather */
  constructor(input: InputConfig, gathers: boolean) {
    let [panel, tokens, gathered] = [0, 0, 0];
    if ("columns" in input) {
      const columns = Object.values(input.columns);
      this.#readers = readersOf(input.columns);
      const { list: readers } = this.#readers;
      this.per = columns.length;
      this.categories = this.per === 1 ? (readers[0] as Reader).count : 0;
      // Tokens of learned vectors come after those that the first layer gathers.
      const before = gathers ? columns.filter((column) => column.type === "categorical" && !column.units).length : 0;
      let inputs = 0;
      const run = (count: number, place: number) => {
        this.#runs.push({ first: inputs, count, place });
        inputs += count;
        if (inputs > LARGEST) fail(RangeError, "input.columns", `at most ${LARGEST} columns of weights`, inputs);
        return count;
      };
      columns.forEach((column, k) => {
        const { missing } = column;
        const { name, count: given } = readers[k] as Reader;
        const count = given + Number(missing === "category");
        const cell: StoredColumn = { kind: "number", row: panel, count, first: 0, missing };
        if (column.type === "numeric") {
          if (missing === "last") this.lasting.push(panel);
          panel += run(missing ? 2 : 1, panel);
        } else if (column.units) {
          Object.assign(cell, { kind: "token", row: before + this.learned.length });
          this.learned.push({ name, count, units: column.units, row: panel, initial: column.initial });
          panel += run(column.units, panel);
        } else if (gathers) {
          Object.assign(cell, { kind: "token", row: gathered++, first: tokens });
          tokens += run(count, ~tokens);
        } else {
          cell.kind = "hot";
          panel += run(count, panel);
        }
        this.#cells.push(cell);
      });
      this.inputs = inputs;
      this.scaled = readers.filter(({ count }) => count === 0).length;
    } else {
      this.categories = "tokens" in input ? input.tokens : 0;
      this.per = "tokens" in input ? 1 : input.features;
      this.inputs = this.categories || this.per;
      [panel, tokens, gathered] = this.categories ? [0, this.inputs, 1] : [this.per, 0, 0];
      this.scaled = panel;
    }
    this.tokens = tokens;
    this.gathered = gathered;
    this.rows = pad4(panel);
    const kept = gathered + this.learned.length;
    this.floats = this.rows === 0 && kept === 1 ? 1 : pad4(this.rows + kept);
  }

  /** Whether its columns have names. */
  get named(): boolean {
    return this.#readers !== null;
  }

  /** Where the weights of a column lie: their row in the panel, or ~(their row in the table). */
  place(column: number): number {
    if (!this.#readers) return this.tokens ? ~column : column;
    // Made when first asked for, as a small file may claim many columns.
    if (!this.#places) {
      this.#places = new Int32Array(this.inputs);
      for (const { first, count, place } of this.#runs) {
        for (let i = 0; i < count; i++) this.#places[first + i] = place < 0 ? place - i : place + i;
      }
    }
    return this.#places[column] as number;
  }

  /**
   * A flat, standardised copy of the values of some steps; of `expected` steps, if given. `lent` as in flatten.ts.
   * @throws TypeError, RangeError with the step, and the feature or column, of the wrong value
   */
  check(path: string, value: unknown, scale: Scale | undefined, expected?: number, lent?: boolean): Values {
    if (this.#readers) return readColumns(path, value, this.#readers, Float32Array, scale, expected);
    if (this.tokens) return flatten(path, value, 1, "token", indexBelow(this.tokens), Int32Array, undefined, expected);
    return flatten(path, value, this.per, "feature", finite, Float32Array, scale, expected, lent);
  }

  /** The numbers of some steps that can be standardised, as they are given; gaps are NaN. */
  numbers(path: string, value: unknown, expected?: number): Float64Array {
    const readers = this.#readers;
    if (!readers) return flatten(path, value, this.per, "feature", finite, Float64Array, undefined, expected);
    return readColumns(path, value, readers, Float64Array, undefined, expected).filter((_, i) => readers.list[i % this.per]?.count === 0);
  }

  /** As check for a single step, where one value may stand alone. A copy only if it is standardised or has columns. */
  checkStep(path: string, value: unknown, scale: Scale | undefined): ArrayLike<number> | number {
    if (this.#readers) return readStep(value, this.#readers, scale) ?? this.check(path, value, scale, 1);
    if (this.tokens) return integer(path, value, 0, this.tokens - 1);
    const list = numbers(path, typeof value === "number" ? [value] : value, this.per);
    if (!scale) return value as ArrayLike<number> | number;
    const scaled: number[] = [];
    for (let k = 0; k < this.per; k++) scaled[k] = standardise(scale, list[k] as number, k);
    return numbers(path, scaled, this.per);
  }

  /** Writes the result of checkStep, row after row from float `at` on, then the tokens. */
  writeStep(memory: Memory, at: number, value: ArrayLike<number> | number): void {
    const into = this.tokens ? memory.i32 : memory.f32;
    if (this.#readers) this.write(memory, this.#alone(at), value as ArrayLike<number>, 0, 1);
    else if (typeof value === "number") into[at] = value;
    else for (let k = 0; k < this.per; k++) into[at + k] = value[k] as number;
  }

  #alone(at: number): Place {
    return { at, stride: 1, step: this.floats, token: at + this.rows, tokenStride: 1, tokenStep: this.floats };
  }

  /** Writes `count` steps of checked values, from step `from` on, and zeros for those after them up to `T`. */
  write(memory: Memory, place: Place, values: ArrayLike<number>, from: number, count: number, T = count): void {
    const { per } = this;
    const into = this.tokens ? memory.i32 : memory.f32;
    let [at, stride, step] = [place.at, place.stride, place.step];
    if (this.#readers) {
      this.#cells.forEach((cell, k) => {
        writeColumn(memory, place, cell, values, from * per + k, per, count, T);
      });
      return;
    }
    if (this.tokens) [at, stride, step] = [place.token, place.tokenStride, place.tokenStep];
    let next = from * per;
    for (let t = 0; t < T; t++) {
      if (t < count) for (let k = 0; k < per; k++) into[at + k * stride] = values[next++] as number;
      else for (let k = 0; k < per; k++) into[at + k * stride] = 0;
      at += step;
    }
  }

  /** Checks a step of `count` sequences and writes it to [count][floats] at `pointer`. A flat Float32Array is fastest. */
  writeRows({ kernels, memory }: Parts, pointer: number, path: string, value: unknown, scale: Scale | undefined, count: number): void {
    const asItIs = !scale && !this.#readers && this.scaled === this.rows;
    if (asItIs && value instanceof Float32Array && value.length === count * this.rows) {
      memory.write(pointer, value);
      // If the sum of their squares is finite, so are all numbers: 2 ns for 32 of them, whereas looking at each takes 130.
      if (kernels.squaredNorm(pointer, value.length) < Infinity) return;
    }
    this.write(memory, this.#alone(pointer / 4), this.check(path, value, scale, count), 0, count);
  }

  /**
   * Turns the steps of `lanes` sequences, as writeRows left them at `from`, to the rows and tokens of a panel at `to`. `order` is 0, 1, …
   * [lanes] i32.
   */
  toPanel({ kernels, memory }: Parts, to: number, from: number, order: number, lanes: number): void {
    if (this.floats === 1) memory.copy(to, from, lanes);
    else kernels.embeddingForward(to, order, from, 0, 1, 0, 1, this.floats, lanes);
  }
}

/** Writes `count` steps of a column, from `values[from]` on, `per` apart, and zeros for those after them up to `T`. */
function writeColumn(
  { f32, i32 }: Memory,
  place: Place,
  { kind, row, count: categories, first, missing }: StoredColumn,
  values: ArrayLike<number>,
  from: number,
  per: number,
  count: number,
  T: number,
): void {
  const { stride, step } = place;
  const hot = kind === "hot";
  const [start, apart] = kind === "token" ? [place.token + row * place.tokenStride, place.tokenStep] : [place.at + row * stride, step];
  for (let t = 0; t < T; t++) {
    const at = start + t * apart;
    const value = t < count ? (values[from + t * per] as number) : 0;
    const gap = Number.isNaN(value);
    if (kind === "number") {
      f32[at] = gap && missing === "mean" ? 0 : value;
      if (missing) f32[at + stride] = gap ? 1 : 0;
      continue;
    }
    const category = gap ? categories - 1 : value;
    if (!hot) i32[at] = first + category;
    else for (let i = 0; i < categories; i++) f32[at + i * stride] = t < count && i === category ? 1 : 0;
  }
}
