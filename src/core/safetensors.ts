/**
 * Named tensors as bytes and back: the safetensors format (github.com/huggingface/safetensors). A file is eight bytes with the length
 * of a JSON header, little endian; the header, `{ name: { dtype, shape, data_offsets } }` with `__metadata__` of strings; and the
 * data, without gaps. This file knows nothing of models. It allocates nothing before the whole header has been checked.
 */

import { product } from "./arithmetic.js";
import { bytes as checkBytes, clip, describe, fail, isObject, oneOf, options, shapeText } from "./check.js";
import { bfloat, half, toBfloat, toHalf } from "./floats.js";
import { parseJson } from "./json.js";

/** Numbers in row-major order, with their shape. */
export interface Tensor {
  /** Sizes, the outermost first: PyTorch's order. */
  shape: readonly number[];
  /** As many numbers as the product of the sizes. */
  data: Float32Array;
}

/** The contents of a safetensors file. */
export interface TensorFile {
  /** By name. */
  tensors: Record<string, Tensor>;
  /** The strings of `__metadata__`, by name; empty if there are none. */
  metadata: Record<string, string>;
  /** Tensors whose dtype is not supported, such as integers and booleans. */
  skipped: Record<string, { dtype: string; shape: readonly number[] }>;
}

/** The kind of numbers in a file that is written. */
export type Dtype = "float32" | "float16" | "bfloat16";

/** The format's name for it, its bytes, the largest number that stays finite, and the bits of a number. */
const WRITTEN: Record<Dtype, readonly [name: string, size: number, largest: number, bits?: (value: number) => number]> = {
  float32: ["F32", 4, Infinity],
  float16: ["F16", 2, 65504, toHalf],
  bfloat16: ["BF16", 2, 255 * 2 ** 120, toBfloat],
};

/** The format's own limit. */
const MAX_HEADER = 100_000_000;

/**
 * Writes tensors as a safetensors file, in the order given.
 * @param file tensors by name; `metadata` of strings, optional. What `readSafetensors` returned can be written as it is; skipped
 * tensors are left out
 * @param writeOptions `dtype`: "float16" and "bfloat16" take half the bytes and round each number to the nearest, of two as near to the
 * even one. Default "float32"
 * @throws TypeError, RangeError if a tensor's data does not fit its shape, metadata are not strings, or a number is too large for the dtype
 * @example writeFileSync("model.safetensors", writeSafetensors({ tensors: model.parameters() }));
 */
export function writeSafetensors(
  file: Pick<TensorFile, "tensors"> & Partial<TensorFile>,
  writeOptions: { dtype?: Dtype } = {},
): Uint8Array<ArrayBuffer> {
  const { dtype = "float32" } = options("options", writeOptions, ["dtype"]);
  const [code, each, largest, bits] = WRITTEN[oneOf("float32", "float16", "bfloat16")("dtype", dtype)];
  const { tensors, metadata = {} } = options("options", file, ["tensors", "metadata", "skipped"]) as unknown as TensorFile;
  if (!isObject(tensors)) fail(TypeError, "tensors", "tensors by name", tensors);
  if (!isStrings(metadata)) fail(TypeError, "metadata", "strings by name", metadata);
  const entries: Written[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name === "__metadata__") throw new RangeError('"tensors.__metadata__" is the name that the format keeps for metadata');
    if (!isObject(tensor)) fail(TypeError, `tensors.${name}`, "a tensor", tensor);
    const { shape, data } = tensor;
    if (!isShape(shape)) fail(TypeError, `tensors.${name}.shape`, "an array of sizes", shape);
    if (!(data instanceof Float32Array)) fail(TypeError, `tensors.${name}.data`, "a Float32Array", data);
    const length = product(shape);
    if (length !== data.length) fail(RangeError, `tensors.${name}.data`, `${length} numbers, as its shape says`, data);
    const over = bits ? data.findIndex((value) => Math.abs(value) > largest && Number.isFinite(value)) : -1;
    if (over >= 0) fail(RangeError, `tensors.${name}.data[${over}]`, `a number of at most ${largest} in size, for ${dtype}`, data[over]);
    const write = (view: DataView, at: number) => {
      for (const value of data) {
        if (bits) view.setUint16(at, bits(value), true);
        else view.setFloat32(at, value, true);
        at += each;
      }
    };
    entries.push({ name, dtype: code, shape, size: each * length, write });
  }
  return assemble(entries, metadata);
}

/** A tensor of a file to be: its bytes, and what writes them from `at` on. */
interface Written {
  name: string;
  dtype: string;
  shape: readonly number[];
  size: number;
  write(view: DataView, at: number): void;
}

/** The file of tensors with checked names and metadata. */
export function assemble(entries: readonly Written[], metadata: Record<string, string>): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let total = 0;
  for (const { name, dtype, shape, size } of entries) header[name] = { dtype, shape, data_offsets: [total, (total += size)] };
  // Padded with spaces, so that the data is aligned in the file.
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerSize = Math.ceil(json.length / 8) * 8;
  if (headerSize > MAX_HEADER)
    throw new RangeError(`"tensors" and "metadata" make a header of ${headerSize} bytes, more than the format has`);
  const bytes = new Uint8Array(8 + headerSize + total).fill(0x20, 8, 8 + headerSize);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(headerSize), true);
  bytes.set(json, 8);
  let at = 8 + headerSize;
  for (const { size, write } of entries) {
    write(view, at);
    at += size;
  }
  return bytes;
}

/** The supported dtypes, all read as f32: the bytes of a number, and how to read it. */
export const DTYPES = /* @__PURE__ */ new Map<string, { size: number; read(view: DataView, at: number): number }>([
  ["F64", { size: 8, read: (view, at) => view.getFloat64(at, true) }],
  ["F32", { size: 4, read: (view, at) => view.getFloat32(at, true) }],
  ["F16", { size: 2, read: (view, at) => half(view.getUint16(at, true)) }],
  ["BF16", { size: 2, read: (view, at) => bfloat(view.getUint16(at, true)) }],
]);

const refuse = (reason: string): never => {
  throw new RangeError(`"bytes" is not a safetensors file that memcell can read: ${reason}`);
};

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads the tensors and the metadata of a safetensors file. F64, F32, F16 and BF16 all become `Float32Array`; tensors of other dtypes
 * are skipped and listed in `skipped`.
 * @example model.setParameters(readSafetensors(readFileSync("weights.safetensors")).tensors);
 * @throws RangeError if the file is truncated, has overlapping tensors or gaps, or repeats a name; TypeError if it is not bytes
 */
export function readSafetensors(source: Uint8Array | ArrayBuffer): TensorFile {
  const file = openSafetensors(source);
  for (const [name, { shape, data }] of Object.entries(file.tensors)) file.tensors[name] = { shape, data };
  return file;
}

/**
 * The same, but each access reads a tensor's numbers anew: a checkpoint is several times the size of a model.
 * @param dtypes those to read
 */
export function openSafetensors(source: Uint8Array | ArrayBuffer, dtypes = DTYPES): TensorFile {
  const file = checkBytes("bytes", source);
  if (file.length < 8) refuse(`it ends within its first 8 bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerSize = view.getBigUint64(0, true);
  if (headerSize > BigInt(Math.min(MAX_HEADER, file.length - 8))) {
    refuse(`its header of ${headerSize} bytes goes past its end at ${file.length}`);
  }
  const dataStart = 8 + Number(headerSize);
  const { entries, metadata } = readHeader(file.subarray(8, dataStart), file.length - dataStart, dtypes);

  const tensors: Record<string, Tensor> = Object.create(null);
  const skipped: TensorFile["skipped"] = Object.create(null);
  for (const { name, dtype, shape, begin, end } of entries) {
    const kind = dtypes.get(dtype);
    if (!kind) {
      skipped[name] = { dtype, shape };
      continue;
    }
    const { size, read } = kind;
    tensors[name] = {
      shape,
      get data() {
        const data = new Float32Array((end - begin) / size);
        for (let i = 0, at = dataStart + begin; i < data.length; i++, at += size) data[i] = read(view, at);
        return data;
      },
    };
  }
  return { tensors, metadata, skipped };
}

function readHeader(raw: Uint8Array, dataSize: number, dtypes: typeof DTYPES): { entries: Entry[]; metadata: Record<string, string> } {
  let [header, names]: [unknown, number] = [undefined, 0];
  try {
    ({ value: header, names } = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(raw)));
  } catch {
    refuse("its header is not JSON, or little but brackets");
  }
  if (!isObject(header) || Array.isArray(header)) refuse("its header is not a JSON object");
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name !== "__metadata__") entries.push(readEntry(name, value, dataSize, dtypes));
    else if (isStrings(value)) metadata = value;
    else refuse("its __metadata__ is not an object of strings");
  }
  if (names !== Object.keys(header as object).length) refuse("its header has a name twice");

  let position = 0;
  for (const { name, begin, end } of [...entries].sort(byOffset)) {
    if (begin < position) refuse(`tensor ${describe(name)} overlaps the one before it`);
    if (begin > position) refuse(`there is a hole of ${begin - position} bytes before tensor ${describe(name)}`);
    position = end;
  }
  if (position !== dataSize) refuse(`its tensors end at ${position}, its data at ${dataSize}`);
  return { entries, metadata };
}

const byOffset = (a: Entry, b: Entry) => a.begin - b.begin || a.end - b.end;

const isStrings = (value: unknown): value is Record<string, string> =>
  isObject(value) && !Array.isArray(value) && Object.values(value).every((entry) => typeof entry === "string");

const isSize = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;

const isShape = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);

function readEntry(name: string, value: unknown, dataSize: number, dtypes: typeof DTYPES): Entry {
  const label = `tensor ${describe(name)}`;
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string") return refuse(`${label} has no dtype`);
  if (!isShape(shape)) return refuse(`${label} has no shape`);
  if (!isShape(offsets) || offsets.length !== 2) return refuse(`${label} has no data_offsets`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataSize) refuse(`${label} lies at ${begin} to ${end}, outside of the data of ${dataSize} bytes`);
  // The length of an unsupported dtype is not known, so it is not checked.
  const kind = dtypes.get(dtype);
  const size = kind ? kind.size * product(shape) : end - begin;
  if (size !== end - begin) refuse(`${label} of shape ${shapeText(shape)} takes ${size} bytes, but has ${end - begin}`);
  return { name, dtype, shape, begin, end };
}

/** Checks that a user's tensor fits a parameter of `shape`, and returns its numbers. */
export function checkTensor(path: string, value: unknown, shape: readonly number[]): Float32Array {
  if (!isObject(value)) fail(TypeError, path, `a tensor of shape ${shapeText(shape)}`, value);
  checkShape(path, (value as Partial<Tensor>).shape, shape);
  const { data } = value as Partial<Tensor>;
  if (!(data instanceof Float32Array)) fail(TypeError, `${path}.data`, "a Float32Array", data);
  const length = product(shape);
  if (data.length !== length) fail(RangeError, `${path}.data`, `${length} numbers`, data);
  const bad = data.findIndex((number) => !Number.isFinite(number));
  if (bad >= 0) fail(RangeError, `${path}.data[${bad}]`, "a finite number", data[bad]);
  return data;
}

/** @throws RangeError if a tensor's shape differs */
export function checkShape(path: string, given: unknown, shape: readonly number[], more = ""): void {
  if (!sameShape(given, shape)) throw new RangeError(`"${clip(path)}.shape" expected ${shapeText(shape)}, got ${shapeText(given)}${more}`);
}

export const sameShape = (given: unknown, shape: readonly number[]): boolean =>
  Array.isArray(given) && given.length === shape.length && given.every((n, i) => n === shape[i]);
