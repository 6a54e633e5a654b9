/**
 * Named tensors as bytes and back: the safetensors format (github.com/huggingface/safetensors). Eight bytes with the length of
 * a JSON header, little endian; the header, `{ name: { dtype, shape, data_offsets } }` with `__metadata__` of strings; the
 * data, without holes. Knows no model. Nothing is allocated before the whole header was found right.
 */

import { product } from "./arithmetic.js";
import { bytes as checkBytes, describe, fail, isObject } from "./check.js";

/** Numbers in row-major order, with their shape. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array;
}

export interface TensorFile {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

/** The format's own limit. */
const MAX_HEADER = 100_000_000;

/**
 * Tensors as the bytes of a safetensors file, in the order in which they come.
 * @param file tensors by name; `metadata` of strings, on request
 * @throws TypeError, RangeError if a tensor's data does not fit its shape
 * @example writeFileSync("model.safetensors", writeSafetensors({ tensors: model.parameters() }));
 */
export function writeSafetensors({ tensors, metadata = {} }: Omit<TensorFile, "metadata"> & Partial<TensorFile>): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let size = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === "__metadata__") throw new RangeError('"tensors.__metadata__" is the name that the format keeps for metadata');
    if (!(data instanceof Float32Array)) fail(TypeError, `tensors.${name}.data`, "a Float32Array", data);
    const length = product(shape);
    if (length !== data.length) fail(RangeError, `tensors.${name}.data`, `${length} numbers, as its shape says`, data);
    header[name] = { dtype: "F32", shape, data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  // Padded with spaces, so that the data is aligned in the file.
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerSize = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerSize + size).fill(0x20, 8, 8 + headerSize);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(headerSize), true);
  file.set(json, 8);
  let at = 8 + headerSize;
  for (const { data } of Object.values(tensors)) {
    for (const value of data) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return file;
}

const refuse = (reason: string): never => {
  throw new RangeError(`"bytes" is not a safetensors file that memcell can read: ${reason}`);
};

interface Entry {
  name: string;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * The tensors and the metadata of a safetensors file.
 * @example model.setParameters(readSafetensors(readFileSync("weights.safetensors")).tensors);
 * @throws RangeError if the file is truncated, has overlapping tensors or holes, names twice, or other numbers than F32;
 * TypeError if it is no bytes
 */
export function readSafetensors(source: Uint8Array | ArrayBuffer): TensorFile {
  const file = checkBytes("bytes", source);
  if (file.length < 8) refuse(`it ends within its first 8 bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerSize = view.getBigUint64(0, true);
  if (headerSize > BigInt(Math.min(MAX_HEADER, file.length - 8))) {
    refuse(`its header of ${headerSize} bytes goes past its end at ${file.length}`);
  }
  const dataStart = 8 + Number(headerSize);
  const { entries, metadata } = readHeader(file.subarray(8, dataStart), file.length - dataStart);

  const tensors: Record<string, Tensor> = Object.create(null);
  for (const { name, shape, begin, end } of entries) {
    const data = new Float32Array((end - begin) / 4);
    for (let i = 0; i < data.length; i++) data[i] = view.getFloat32(dataStart + begin + 4 * i, true);
    tensors[name] = { shape, data };
  }
  return { tensors, metadata };
}

function readHeader(raw: Uint8Array, dataSize: number): { entries: Entry[]; metadata: Record<string, string> } {
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
    header = JSON.parse(text);
  } catch {
    refuse("its header is not JSON");
  }
  if (!isObject(header) || Array.isArray(header)) refuse("its header is not a JSON object");
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name === "__metadata__") metadata = readMetadata(value);
    else entries.push(readEntry(name, value, dataSize));
  }
  if (topLevelKeys(text) !== Object.keys(header as object).length) refuse("its header has a name twice");

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

function readMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || Array.isArray(value) || Object.values(value).some((entry) => typeof entry !== "string")) {
    refuse("its __metadata__ is not an object of strings");
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown, dataSize: number): Entry {
  const label = `tensor ${describe(name)}`;
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (dtype !== "F32") refuse(`${label} has dtype ${describe(dtype)}, where only "F32" is read`);
  const isSize = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) refuse(`${label} has no shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) refuse(`${label} has no data_offsets`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataSize) refuse(`${label} lies at ${begin} to ${end}, outside of the data of ${dataSize} bytes`);
  const size = 4 * product(shape as number[]);
  if (size !== end - begin) refuse(`${label} of shape [${shape}] takes ${size} bytes, but has ${end - begin}`);
  return { name, shape: shape as number[], begin, end };
}

/** How many names the outermost object has, as written: JSON.parse keeps only the last of two equal ones. */
function topLevelKeys(json: string): number {
  let depth = 0;
  let count = 0;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '"') {
      for (i++; json[i] !== '"'; i++) if (json[i] === "\\") i++;
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (character === ":" && depth === 1) count++;
  }
  return count;
}

/** Checks what a user gives as a tensor for the parameter `name` of `shape`. */
export function checkTensor(path: string, value: unknown, shape: readonly number[]): Float32Array {
  if (!isObject(value)) fail(TypeError, path, `a tensor of shape [${shape}]`, value);
  const { shape: given, data } = value as Partial<Tensor>;
  if (!(data instanceof Float32Array)) fail(TypeError, `${path}.data`, "a Float32Array", data);
  const fits = Array.isArray(given) && given.length === shape.length && given.every((n, i) => n === shape[i]);
  if (!fits) throw new RangeError(`"${path}.shape" expected [${shape}], got ${Array.isArray(given) ? `[${given}]` : String(given)}`);
  const length = product(shape);
  if (data.length !== length) fail(RangeError, `${path}.data`, `${length} numbers`, data);
  const bad = data.findIndex((number) => !Number.isFinite(number));
  if (bad >= 0) fail(RangeError, `${path}.data[${bad}]`, "a finite number", data[bad]);
  return data;
}
