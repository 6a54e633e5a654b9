/** Changes files as a stranger might: byte by byte, and in their headers. */

import { isObject } from "../src/core/check.js";
import type { Random } from "../src/core/random.js";
import { readZip } from "../src/interop/zip.js";
import { zip } from "./zips.js";

/** An integer from 0 to below `n`. */
export const below = (random: Random, n: number): number => Math.floor(random.uniform() * n);
export const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

/** Values to put in, as JSON, so that no object is shared with the old tree or with another try. */
const VALUES: readonly string[] = [
  ...[null, true, false, "", "x", "Infinity", "NaN", "lstm", "dropout", "F16", "BF16", "F64", "I64", "__proto__", [], {}, [null], [[]]],
  ...[0, -0, -1, 1, 2, 3, 4, 5, 8, 14, 0.5, 1e-320, 3e38, 1e308, -1e308, 65535, 65536, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 60],
  { toString: 1, valueOf: 1 },
  { constructor: { name: { length: 1 } }, length: 1e9 },
  { type: "lstm", units: 3 },
  deep(60),
  "x".repeat(10_000),
  Array(10_000).fill(1),
  Array(10_000).fill({ type: "lstm", units: 1 }),
].map((value) => JSON.stringify(value));
const KEYS = ["__proto__", "constructor", "toString", "length", "type", "units", "memcell", "__metadata__", "0", "", "trainer.h_l9"];

/** All objects and arrays of a tree, including itself. */
function nodes(tree: unknown, found: object[] = []): object[] {
  if (!isObject(tree) || found.length > 2000) return found;
  found.push(tree);
  for (const value of Object.values(tree)) nodes(value, found);
  return found;
}

/** Changes one thing in a tree of plain data. */
function changeTree(random: Random, tree: unknown): void {
  const all = nodes(tree);
  const node = pick(random, all) as Record<string, unknown>;
  const keys = Object.keys(node);
  const key = pick(random, keys) ?? "x";
  const value = node[key];
  const set = (name: string, value: unknown) =>
    (Array.isArray(node) && name === "length") ||
    Object.defineProperty(node, name, { value, enumerable: true, configurable: true, writable: true });
  const given = () => JSON.parse(pick(random, VALUES));
  const ops = [
    () => set(key, given()),
    () => set(key, given()),
    () => void delete node[key],
    () => set(pick(random, KEYS), delete node[key] && value),
    () => set(pick(random, KEYS), given()),
    () => set(key, structuredClone(pick(random, all))),
    () => set(key, structuredClone(node[pick(random, keys)])),
    () => Array.isArray(node) && (random.uniform() < 0.5 ? node.push(structuredClone(pick(random, node))) : node.reverse()),
    () => typeof value === "number" && set(key, pick(random, [-value, value + 1, value - 1, value * 2, value / 2, value * 1e6])),
    () => typeof value === "string" && set(key, pick(random, [value.toUpperCase(), `${value} `, value.slice(1), value + value])),
  ];
  pick(random, ops)();
}

const SIZES: Record<string, number> = { F64: 8, I64: 8, F32: 4, F16: 2, BF16: 2 };
const LARGEST = 1 << 20;

/** Lays the tensors out as their shapes say, so that the errors lie deeper; the numbers repeat the old ones. */
function layOut(header: Record<string, unknown>, data: Uint8Array): Uint8Array {
  let size = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__" || !isObject(entry)) continue;
    const { shape, dtype } = entry as { shape: unknown; dtype: unknown };
    const numbers = Array.isArray(shape) ? shape.reduce((all: number, n) => all * (typeof n === "number" ? n : NaN), 1) : NaN;
    const bytes = numbers * (typeof dtype === "string" ? (SIZES[dtype] ?? 1) : 1);
    if (!Number.isSafeInteger(bytes) || bytes < 0 || size + bytes > LARGEST) continue;
    Object.assign(entry, { data_offsets: [size, size + bytes] });
    size += bytes;
  }
  return Uint8Array.from({ length: size }, (_, i) => data[i % Math.max(1, data.length)] ?? 0);
}

function join(header: Uint8Array, data: Uint8Array): Uint8Array {
  const file = new Uint8Array(8 + header.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  file.set(data, 8 + header.length);
  return file;
}

/** Changes an entry of a file's header, or of memcell's part of it. */
export function changeStructure(random: Random, file: Uint8Array): Uint8Array {
  const size = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + size)));
  const metadata: Record<string, string> = header.__metadata__ ?? {};
  const memcell: unknown = metadata.memcell === undefined ? {} : JSON.parse(metadata.memcell);
  for (let times = 1 + below(random, 3); times > 0; times--) changeTree(random, random.uniform() < 0.7 ? memcell : header);
  const kept: unknown = header.__metadata__;
  if (isObject(kept) && metadata.memcell !== undefined) Object.assign(kept, { memcell: JSON.stringify(memcell) });
  const data = file.subarray(8 + size);
  const laid = random.uniform() < 0.7 ? layOut(header, data) : data;
  let text = JSON.stringify(header);
  if (random.uniform() < 0.05)
    text = text.replace("{", `{${JSON.stringify(pick(random, Object.keys(header)) ?? "a")}:${pick(random, VALUES)},`);
  return join(new TextEncoder().encode(text), laid);
}

/** Changes plain data, such as a state in JSON. */
export function changeValue(random: Random, file: Uint8Array): Uint8Array {
  const holder = { value: JSON.parse(new TextDecoder().decode(file)) };
  for (let times = 1 + below(random, 3); times > 0; times--) changeTree(random, holder);
  return new TextEncoder().encode(JSON.stringify(holder.value) ?? "null");
}

/** Changes an entry of a zip file, so that the file around it is whole. */
export function changeZip(random: Random, file: Uint8Array, other: Uint8Array): Uint8Array {
  const entries = Object.fromEntries([...readZip(file)].map(([name, read]) => [name, read()]));
  const names = Object.keys(entries);
  // It says what the others are.
  const first = names.find((name) => /data\.pkl$|config\.json$/.test(name)) ?? "";
  const name = random.uniform() < 0.7 ? first : pick(random, names);
  if (random.uniform() < 0.05) delete entries[name];
  else entries[name] = changeBytes(random, entries[name] ?? other, other);
  return zip(entries);
}

/** Flips, cuts, inserts, repeats and splices bytes. @param other a file to take some from */
export function changeBytes(random: Random, file: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(file);
  const place = () => below(random, bytes.length + 1);
  for (let times = 1 + below(random, 4); times > 0; times--) {
    // Most of a file's meaning is at its beginning.
    const at = random.uniform() < 0.3 ? below(random, Math.min(64, bytes.length)) : place();
    const long = below(random, 1 + pick(random, [1, 8, 64, 512]));
    const insert = (what: Uint8Array) => Uint8Array.of(...bytes.subarray(0, at), ...what, ...bytes.subarray(at));
    const ops = [
      () => bytes.with(Math.min(at, bytes.length - 1), below(random, 256)),
      () => bytes.with(Math.min(at, bytes.length - 1), (bytes[at] ?? 0) ^ (1 << below(random, 8))),
      () => bytes.slice(0, at),
      () => insert(Uint8Array.from({ length: long }, () => below(random, 256))),
      () => insert(bytes.subarray(at, at + long)),
      () => Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + long)),
      () => Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(Math.min(at, other.length))),
      () => bytes.with(Math.min(at, bytes.length - 1), pick(random, [0x22, 0x2c, 0x30, 0x39, 0x3a, 0x5b, 0x5d, 0x65, 0x7b, 0x7d])),
    ];
    if (bytes.length > 0) bytes = pick(random, ops)();
  }
  return bytes;
}
