/** A header while it is written: constants, the state's fields, and the lines of a step. */

import { limitOf, roundRows } from "../int8/rows.js";
import { fail, type Tensor } from "../internal.js";
import { array, float, literal } from "./text.js";

/** Numbers that flow from layer to layer: an expression that points to them, and their count. */
export interface Signal {
  at: string;
  units: number;
}

/** A matrix among the constants: floats, or integers with the scales of their rows. */
export interface Matrix {
  at: string;
  scale: string;
  /** Of integers: the sum of |q| of each row, by which activations are bounded. */
  sums: number[];
}

export class Writer {
  readonly constants: string[] = [];
  readonly fields: { name: string; count: number }[] = [];
  readonly lines: string[] = [];
  /** Floats on the stack. */
  stack = 0;
  /** The longest row of a product of integers. */
  widest = 0;
  /** Path of the layer being written. */
  path = "";
  /** The name of the layer being written where it has one of its own, as a head has. */
  named: string | null = null;
  readonly #counts = new Map<string, number>();
  readonly #names = new Set<string>();

  constructor(
    /** Stands before every name. */
    readonly prefix: string,
    readonly parameters: Record<string, Tensor>,
    /** The scales of int8 weights, by the names of their matrices. */
    readonly scales: ReadonlyMap<string, Float32Array> = new Map(),
  ) {}

  /** The number of a layer of this kind, from 0. */
  count(kind: string): number {
    const index = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, index + 1);
    return index;
  }

  /** The layer's own name, or that of a kind that is numbered from its second layer on. */
  name(kind: string): string {
    if (this.named !== null) return this.named;
    const index = this.count(kind);
    return index === 0 ? kind : `${kind}_${index}`;
  }

  parameter(name: string): Float32Array | undefined {
    return this.parameters[name]?.data;
  }

  /** Floats that do not change; returns their name. Those of a name that is there already are not written again. */
  table(name: string, values: ArrayLike<number>, type = "float", text: (value: number) => string = float): string {
    const full = `${this.prefix}_${name.replace(/\W/g, "_")}`;
    if (!this.#names.has(full)) this.constants.push(array(type, full, values, text));
    this.#names.add(full);
    return full;
  }

  /**
   * The matrix of this name; its numbers in the order in which they are read, `from` each place.
   * @param floats what stands for its numbers; then they are floats in any case
   */
  matrix(name: string, from = (place: number) => place, floats?: Float32Array): Matrix {
    const tensor = this.parameters[name] as Tensor;
    const scales = floats ? undefined : this.scales.get(name);
    const ordered = (values: ArrayLike<number>) => Array.from(values, (_, place) => values[from(place)] as number);
    if (!scales) return { at: this.table(name, ordered(floats ?? tensor.data)), scale: "", sums: [] };
    const integers = roundRows(tensor, scales);
    const columns = integers.length / scales.length;
    const sums = Array.from(scales, (_, row) =>
      integers.subarray(row * columns, (row + 1) * columns).reduce((sum, q) => sum + Math.abs(q), 0),
    );
    return { at: this.table(name, ordered(integers), "int8_t", String), scale: this.table(`${name}_scale`, scales), sums };
  }

  doubles(name: string, values: ArrayLike<number>): string {
    this.constants.push(array("double", `${this.prefix}_${name}`, values, literal));
    return `${this.prefix}_${name}`;
  }

  /** Floats of the state; returns a pointer to them. */
  field(name: string, count: number): string {
    this.fields.push({ name, count });
    return `state->${name}`;
  }

  /** Floats of the step alone. */
  local(count: number): string {
    const name = `v${this.count("local")}`;
    this.lines.push(`float ${name}[${count}];`);
    this.stack += count;
    return name;
  }

  add(...lines: string[]): void {
    this.lines.push(...lines);
  }

  /** A loop over units; `u` is the unit. */
  each(count: number, ...body: string[]): void {
    this.lines.push(`for (u = 0; u < ${count}; u++) {`, ...body.map((line) => `  ${line}`), "}");
  }

  /**
   * y = from + w x, with these rows of w, from `first` on. Of floats, the first `even` rows are summed in order.
   * @param sums of all rows that the kernels multiply at a time
   */
  product(
    y: string,
    from: string,
    { at, scale, sums: each }: Matrix,
    x: string,
    rows: number,
    k: number,
    even: number,
    first = 0,
    sums = each.slice(first, first + rows),
  ): void {
    const after = (name: string, count: number) => (first ? `${name} + ${first * count}` : name);
    if (scale) this.widest = Math.max(this.widest, k);
    const [end, own, last] = scale ? ["8", `${after(scale, 1)}, q, `, float(limitOf(Math.max(...sums)))] : ["", "", even];
    this.lines.push(`${this.prefix}_product${end}(${y}, ${from}, ${after(at, k)}, ${x}, ${own}${rows}, ${k}, ${last});`);
  }

  /** The call of an activation of x. */
  call(activation: string, x: string, alpha = 0.2): string {
    const p = this.prefix;
    switch (activation) {
      case "identity":
        return x;
      case "relu":
        return `(${x} < 0.0f ? 0.0f : ${x})`;
      case "tanh":
      case "logistic":
        return `${p}_${activation}(${x})`;
      case "hardSigmoid":
        return `${p}_cut(${float(alpha)} * ${x} + 0.5f, 0.0f, 1.0f)`;
      default:
        return `${activation === "[-2,2]" ? "2.0f * " : ""}${p}_tanh(0.5f * ${x})`;
    }
  }

  /** @throws RangeError with the place of what C cannot have */
  refuse(option: string, expected: string, got: unknown): never {
    return fail(RangeError, `${this.path}.${option}`, `${expected}, for C`, got);
  }
}

/** A number of a matrix. */
export const entry = ({ at, scale }: Matrix, place: string, row: string): string =>
  scale ? `(float)${at}[${place}] * ${scale}[${row}]` : `${at}[${place}]`;

/** Of so many rows of a layer with one value a unit, the kernels sum these in order, for one sequence (assembly/matmul.ts). */
export const evenRows = (rows: number): number => Math.floor(((rows + 3) & ~3) / 32) * 32;
