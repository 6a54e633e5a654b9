/** Tensors of a file as constants, whose numbers stay in the file. */

import { DTYPES } from "../interop/core.js";
import type { TensorProto } from "./schema.js";
import { constant, filled, refuse, uniform, type View } from "./views.js";

type Read = (view: DataView, at: number) => number;
const float = (name: string) => DTYPES.get(name) as { size: number; read: Read };

/** The bytes of a number, and how it is read, by the code of its type. */
const TYPES: Record<number, { size: number; read: Read }> = /* @__PURE__ */ (() => ({
  1: float("F32"),
  2: { size: 1, read: (view, at) => view.getUint8(at) },
  3: { size: 1, read: (view, at) => view.getInt8(at) },
  6: { size: 4, read: (view, at) => view.getInt32(at, true) },
  7: { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  9: { size: 1, read: (view, at) => view.getUint8(at) },
  10: float("F16"),
  11: float("F64"),
  16: float("BF16"),
}))();

/** @throws Refusal if its numbers are not those that its shape says */
export function tensorView({ dims, type, raw, ints, location }: TensorProto): View {
  const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (!kind) return refuse(`of type ${type}, expected floats or integers`);
  if (location === 1) refuse("whose numbers are in another file (external data), expected them in this one");
  const count = dims.reduce((all, n) => all * n, 1);
  const has = raw ? raw.length / kind.size : ints.length;
  if (!dims.every((n) => n >= 0) || has !== count) refuse(`of [${dims}], with ${has} numbers`);
  if (count === 0) return uniform(dims, 0);
  const view = raw && new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = view ? (at: number) => kind.read(view, at * kind.size) : (at: number) => ints[at] as number;
  return { ...filled(constant(dims, []), []), read, base: raw ?? ints, type: type === 1 ? undefined : type };
}
