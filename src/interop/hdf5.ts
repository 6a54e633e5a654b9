/**
 * Datasets and texts of an HDF5 file as h5py writes it for Keras (the HDF Group's File Format Specification, version 1 objects): groups
 * by symbol tables, numbers that are contiguous, attributes that are strings. Views of the file; numbers are read when asked for.
 */

import { clip, DTYPES, fail, product, type TensorFile } from "./core.js";

export const isHdf5 = (file: Uint8Array) => file[0] === 0x89 && file[1] === 0x48 && file[2] === 0x44;

/** Parts of an object as its header's messages tell them. */
interface Found {
  shape?: number[];
  /** The class of the numbers, and their bytes. */
  type?: [kind: number, size: number];
  /** Where the numbers lie. */
  at?: number;
  tree?: number;
  heap?: number;
}

/**
 * @returns tensors under their paths; the root's texts as `metadata`; numbers of other kinds, and compressed ones, as `skipped`
 * @throws RangeError with the place of what is wrong
 */
export function readHdf5(file: Uint8Array): TensorFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const { tensors, metadata, skipped }: TensorFile = { tensors: Object.create(null), metadata: {}, skipped: Object.create(null) };
  // Counts down with each node and message that is read, so that a file whose parts point at each other in a circle ends.
  let left = 1000 + file.length / 8;
  let place = 0;
  const refuse = (expected: string): never => fail(RangeError, `bytes[${place}]`, expected, file);
  const is = (good: boolean, at: number) => {
    place = at;
    if (!good || left-- < 0) refuse("an HDF5 file as h5py writes it, whole");
  };
  const u8 = (at: number) => view.getUint8(at);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => Number(view.getBigUint64(at, true));
  const text = (at: number, length: number) => {
    is(at + length <= file.length, at);
    return new TextDecoder().decode(file.subarray(at, at + length)).replace(/\0.*$/s, "");
  };
  const signed = (at: number, signature: string) => is(text(at, 4) === signature, at);
  const shapeAt = (at: number) => Array.from({ length: Math.min(32, u8(at + 1)) }, (_, i) => u64(at + (u8(at) === 1 ? 8 : 4) + 8 * i));
  const typeAt = (at: number): [number, number] => [u8(at) & 15, u32(at + 4)];

  function attribute(at: number): void {
    const version = u8(at);
    const pad = (n: number) => (version === 1 ? Math.ceil(n / 8) * 8 : n);
    const name = at + (version === 3 ? 9 : 8);
    const type = name + pad(u16(at + 2));
    const data = type + pad(u16(at + 4)) + pad(u16(at + 6));
    const [kind, size] = typeAt(type);
    const key = text(name, u16(at + 2));
    if (kind === 3) metadata[key] = text(data, size);
    if (kind !== 9) return;
    // A string in a heap: its length, the heap, and its index there.
    const [length, heap, index] = [u32(data), u64(data + 4), u32(data + 12)];
    signed(heap, "GCOL");
    for (let object = heap + 16; ; object += 16 + Math.ceil(u64(object + 8) / 8) * 8) {
      is(u16(object) > 0, object);
      if (u16(object) === index) {
        metadata[key] = text(object + 16, length);
        return;
      }
    }
  }

  function messages(at: number, end: number, found: Found, isRoot: boolean): void {
    while (at + 8 <= end) {
      const [kind, size, body] = [u16(at), u16(at + 2), at + 8];
      is(body + size <= end, at);
      if (kind === 1) found.shape = shapeAt(body);
      if (kind === 3) found.type = typeAt(body);
      if (kind === 8 && u8(body) === 3 && u8(body + 1) < 2) found.at = u8(body + 1) ? u64(body + 2) : body + 4;
      if (kind === 12 && isRoot) attribute(body);
      if (kind === 16) messages(u64(body), u64(body) + u64(body + 8), found, isRoot);
      if (kind === 17) [found.tree, found.heap] = [u64(body), u64(body + 8)];
      at = body + size;
    }
  }

  function group(tree: number, names: number, path: string, depth: number): void {
    signed(tree, "TREE");
    is(depth < 20, tree);
    for (let i = 0; i < u16(tree + 6); i++) {
      const node = u64(tree + 32 + 16 * i);
      if (u8(tree + 5) > 0) {
        group(node, names, path, depth + 1);
        continue;
      }
      signed(node, "SNOD");
      for (let j = 0; j < u16(node + 6); j++) {
        const entry = node + 8 + 40 * j;
        const name = names + u64(entry);
        object(u64(entry + 8), `${path}/${text(name, Math.min(256, file.length - name))}`, depth + 1);
      }
    }
  }

  function object(at: number, path: string, depth: number): void {
    is(u8(at) === 1, at);
    const found: Found = {};
    messages(at + 16, at + 16 + u32(at + 8), found, path === "");
    if (found.tree !== undefined) {
      signed(found.heap as number, "HEAP");
      group(found.tree, u64((found.heap as number) + 24), path, depth);
    }
    if (!found.shape || !found.type) return;
    const { shape, at: from } = found;
    const [kind, bytes] = found.type;
    const dtype = kind === 1 ? DTYPES.get(`F${8 * bytes}`) : undefined;
    const count = product(shape);
    const name = path.slice(1);
    if (!dtype || from === undefined) skipped[name] = { dtype: `class ${kind} of ${bytes} bytes`, shape };
    else {
      place = at;
      // A number of the file belongs to one dataset, so all datasets together cannot have more than the file.
      left -= count / 8;
      if (!(from + count * bytes <= file.length) || left < 0) refuse(`the ${count} numbers of ${clip(path)}`);
      tensors[name] = {
        shape,
        get data() {
          return Float32Array.from({ length: count }, (_, i) => dtype.read(view, from + i * bytes));
        },
      };
    }
  }

  try {
    is(u8(8) === 0 && u8(13) === 8 && u8(14) === 8, 8);
    object(u64(64), "", 0);
  } catch (error) {
    // A RangeError that is not ours is DataView's: it was asked to read past the end.
    throw error instanceof RangeError && error.message[0] !== '"'
      ? new RangeError(`"bytes" ends within what is at ${place}: it is truncated`)
      : error;
  }
  return { tensors, metadata, skipped };
}
