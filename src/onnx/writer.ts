/** Writes a graph as an ONNX file (github.com/onnx/onnx/blob/main/onnx/onnx.proto). */

import { type Bytes, field, float, joined, littleEndian, type Numbers } from "./protobuf.js";

/** Dimensions of an input or output: sizes, or names of sizes that calls choose. */
export type Dimensions = readonly (number | "T" | "B")[];

/** The codes of the types of numbers. */
export const TYPES = { float: 1, int8: 3, int32: 6, int64: 7, double: 11 } as const;

export type Attribute = number | string | readonly number[] | readonly string[];

/** These are floats even where their value is an integer. */
const FLOATS = /^(epsilon|alpha|beta|activation_)/;

function attribute(name: string, value: Attribute): Bytes {
  const list = Array.isArray(value) ? (value as (number | string)[]) : [value as number | string];
  const lists = Number(Array.isArray(value));
  const [type, number] = FLOATS.test(name) ? [1, lists ? 7 : 2] : typeof list[0] === "string" ? [3, lists ? 9 : 4] : [2, lists ? 8 : 3];
  const values = list.flatMap((each) => (type === 1 ? float(number, each as number) : field(number, each)));
  return field(5, [...field(1, name), ...values, ...field(20, type + 5 * lists)]);
}

const declared = (number: number, name: string, type: keyof typeof TYPES, dimensions: Dimensions): Bytes => {
  const shape = dimensions.flatMap((n) => field(1, typeof n === "number" ? field(1, n) : field(2, n)));
  return field(number, [...field(1, name), ...field(2, field(1, [...field(1, TYPES[type]), ...field(2, shape)]))]);
};

export class Graph {
  readonly #parts: Bytes = [];
  readonly #answers: Bytes = [];
  /** The names of what is there already. */
  readonly #known = new Map<string, string>();
  #count = 0;
  readonly #results: ReadonlySet<string>;

  /** @param results names of the outputs that `result` will add */
  constructor(results: readonly string[]) {
    this.#results = new Set(results);
  }

  /** A name for something within the graph. */
  #inner(name: string): string {
    return this.#results.has(name) ? this.#inner(`${name}_`) : name;
  }

  /** A name that users see, for an input or a state. @throws RangeError if it is also that of an output */
  #outer(name: string): string {
    if (this.#results.has(name)) throw new RangeError(`"heads.${name}" is the name of an input or of a state of the file`);
    return name;
  }

  /** Adds a node. @returns the names of its outputs; those that end with "?" are numbered */
  nodes(op: string, inputs: readonly string[], attributes: Record<string, Attribute>, outputs: readonly string[]): string[] {
    const given = inputs.slice(0, 1 + inputs.findLastIndex(Boolean));
    const names = outputs.map((name) => (name.endsWith("?") ? this.#inner(name.replace("?", `_${++this.#count}`)) : name));
    const node = [
      ...given.flatMap((name) => field(1, name)),
      ...names.flatMap((name) => field(2, name)),
      ...field(3, names.find(Boolean) ?? op),
      ...field(4, op),
      ...Object.entries(attributes).flatMap(([name, value]) => attribute(name, value)),
    ];
    this.#parts.push(...field(1, node));
    return names;
  }

  /** Adds a node with one output; the same one, if there is such a node. */
  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, name = `${op}?`): string {
    return this.#once([op, inputs, attributes, name], () => this.nodes(op, inputs, attributes, [name])[0] as string);
  }

  #once(key: unknown, add: () => string): string {
    const text = JSON.stringify(key);
    const name = this.#known.get(text) ?? add();
    this.#known.set(text, name);
    return name;
  }

  /** Adds a constant; one name is one constant. */
  tensor(name: string, shape: readonly number[], data: Numbers): string {
    return this.#once(name, () => {
      const own = this.#inner(name);
      const type =
        data instanceof Float32Array
          ? TYPES.float
          : data instanceof Int8Array
            ? TYPES.int8
            : data instanceof Float64Array
              ? TYPES.double
              : TYPES.int64;
      const sizes = shape.flatMap((n) => field(1, n));
      this.#parts.push(...field(5, [...sizes, ...field(2, type), ...field(8, own), ...field(9, [littleEndian(data)])]));
      return own;
    });
  }

  /** A few integers, for shapes and axes: a list, or one alone. */
  integers(value: number | readonly number[]): string {
    const list = typeof value === "number" ? [value] : value;
    return this.tensor(
      `integer_${value}`.replaceAll(",", "_") + (list === value ? "_" : ""),
      list === value ? [list.length] : [],
      BigInt64Array.from(list, BigInt),
    );
  }

  /** A number alone. */
  number(value: number): string {
    return this.tensor(`number_${value}`, [], Float32Array.of(value));
  }

  input(name: string, type: keyof typeof TYPES, dimensions: Dimensions): string {
    this.#parts.push(...declared(11, this.#outer(name), type, dimensions));
    return name;
  }

  /** Makes a state, as it is at the end, an output. */
  output(name: string, dimensions: Dimensions): void {
    this.#parts.push(...declared(12, this.#outer(name), "float", dimensions));
  }

  /** Adds the output `name`, which is x; before states, as most readers take the first. */
  result(name: string, x: string, dimensions: Dimensions): void {
    this.nodes("Identity", [x], {}, [name]);
    this.#answers.push(...declared(12, name, "float", dimensions));
  }

  /** The file: of IR version 7. */
  file(opset: number, metadata: Record<string, string>): Uint8Array<ArrayBuffer> {
    const texts = Object.entries(metadata).flatMap(([key, value]) => field(14, [...field(1, key), ...field(2, value)]));
    return joined([
      ...field(1, 7),
      ...field(2, "memcell"),
      ...field(7, [...field(2, "memcell"), ...this.#answers, ...this.#parts]),
      ...field(8, field(2, opset)),
      ...texts,
    ]);
  }
}
