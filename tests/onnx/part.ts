/** A part of an ONNX file as a file of its own, for ONNX Runtime: what lies between given values, with branches in place of their `If`. */

import { field, joined } from "../../src/onnx/protobuf.js";

interface Field {
  number: number;
  /** With its key, and without. */
  whole: Uint8Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
}

function fields(bytes: Uint8Array<ArrayBuffer>): Field[] {
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const found: Field[] = [];
  while (at < bytes.length) {
    const start = at;
    const key = varint();
    const wire = key % 8;
    if (wire === 0) varint();
    const size = wire === 2 ? varint() : wire === 5 ? 4 : wire === 1 ? 8 : 0;
    const from = wire === 0 ? start : at;
    at += size;
    found.push({ number: Math.floor(key / 8), whole: bytes.subarray(start, at), bytes: bytes.subarray(from, at) });
  }
  return found;
}

const text = ({ bytes }: Field) => new TextDecoder().decode(bytes);
const of = (list: Field[], number: number) => list.filter((each) => each.number === number);

/** An input or output of floats, of free sizes but those given. */
const value = (number: number, name: string, dims: (number | string)[] | undefined, type = 1) => {
  const shape = dims?.flatMap((n) => field(1, typeof n === "number" ? field(1, n) : field(2, n)));
  return field(number, [...field(1, name), ...field(2, field(1, [...field(1, type), ...(shape ? field(2, shape) : [])]))]);
};

/**
 * @param branch the branch that each `If` of the outermost graph takes; without one they stay as they are
 * @param inputs name and shape of each
 * @param outputs names
 */
export function partOf(
  file: Uint8Array<ArrayBuffer>,
  branch: "then_branch" | "else_branch" | undefined,
  inputs: Record<string, (number | string)[]>,
  outputs: string[],
): Uint8Array<ArrayBuffer> {
  const model = fields(file);
  const outer = fields(of(model, 7)[0]!.bytes);
  const isIf = (node: Field) => branch !== undefined && of(fields(node.bytes), 4).some((op) => text(op) === "If");
  const inner = of(outer, 1)
    .filter(isIf)
    .flatMap((node) => of(fields(node.bytes), 5).map(({ bytes }) => fields(bytes)))
    .filter((attribute) => text(of(attribute, 1)[0]!) === branch)
    .flatMap((attribute) => fields(of(attribute, 6)[0]!.bytes));
  const parts = [...outer.filter((each) => each.number !== 1 || !isIf(each)), ...inner];
  const needed = new Set(outputs);
  // Names that a node takes, in its branches too.
  const takes = (bytes: Uint8Array<ArrayBuffer>): string[] =>
    fields(bytes).flatMap((each) => {
      if (each.number === 1) return [text(each)];
      if (each.number !== 5) return [];
      return of(fields(each.bytes), 6).flatMap(({ bytes }) => of(fields(bytes), 1).flatMap((node) => takes(node.bytes)));
    });
  const nodes: Field[] = [];
  for (const node of of(parts, 1).reverse()) {
    const made = of(fields(node.bytes), 2).map(text);
    if (!made.some((name) => needed.has(name) && !(name in inputs))) continue;
    nodes.unshift(node);
    for (const name of takes(node.bytes)) needed.add(name);
  }
  const kept = of(parts, 5).filter(({ bytes }) => of(fields(bytes), 8).some((name) => needed.has(text(name)) && !(text(name) in inputs)));
  return joined([
    ...model.filter(({ number }) => number !== 7).map(({ whole }) => whole),
    ...field(7, [
      ...nodes.map(({ whole }) => whole),
      ...field(2, "part"),
      ...kept.map(({ whole }) => whole),
      ...of(parts, 11)
        .filter(({ bytes }) => of(fields(bytes), 1).some((name) => needed.has(text(name)) && !(text(name) in inputs)))
        .map(({ whole }) => whole),
      ...Object.entries(inputs).flatMap(([name, dims]) => value(11, name, dims)),
      ...outputs.flatMap((name) => value(12, name, undefined)),
    ]),
  ]);
}
