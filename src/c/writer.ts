/** A header while it is written: constants, the state's fields, and the lines of a step. */

import { fail } from "../internal.js";
import { array, float, literal } from "./text.js";

/** Numbers that flow from layer to layer: an expression that points to them, and their count. */
export interface Signal {
  at: string;
  units: number;
}

export class Writer {
  readonly constants: string[] = [];
  readonly fields: { name: string; count: number }[] = [];
  readonly lines: string[] = [];
  /** Floats on the stack. */
  stack = 0;
  /** Path of the layer being written. */
  path = "";
  /** The name of the layer being written where it has one of its own, as a head has. */
  named: string | null = null;
  readonly #counts = new Map<string, number>();
  readonly #names = new Set<string>();

  constructor(
    /** Stands before every name. */
    readonly prefix: string,
    readonly parameters: Record<string, { data: Float32Array }>,
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
  table(name: string, values: ArrayLike<number>): string {
    const full = `${this.prefix}_${name.replace(/\W/g, "_")}`;
    if (!this.#names.has(full)) this.constants.push(array("float", full, values, float));
    this.#names.add(full);
    return full;
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

  /** y = from + w x. The first `even` rows are summed in order. */
  product(y: string, from: string, w: string, x: string, rows: number, k: number, even: number): void {
    this.lines.push(`${this.prefix}_product(${y}, ${from}, ${w}, ${x}, ${rows}, ${k}, ${even});`);
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

/** Of so many rows of a layer with one value a unit, the kernels sum these in order, for one sequence (assembly/matmul.ts). */
export const evenRows = (rows: number): number => Math.floor(((rows + 3) & ~3) / 32) * 32;
