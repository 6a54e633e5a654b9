/**
 * Entries of a zip file that is not compressed, as PyTorch and Keras write them (PKWARE's APPNOTE). Views of the file; nothing is
 * copied.
 */

import { fail } from "./core.js";

/** The beginning of every zip file. */
export const isZip = (file: Uint8Array) => file[0] === 0x50 && file[1] === 0x4b && file[2] === 3;

const END = 22;
const ENTRY = 46;
const LOCAL = 30;

/** The content of an entry, read when it is asked for. @throws RangeError if it is compressed, or goes past the end of the file */
export type Entries = Map<string, () => Uint8Array>;

/** @throws RangeError if the file is truncated */
export function readZip(file: Uint8Array): Entries {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const entries: Entries = new Map();
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const check = (good: boolean, at: number) => good || fail(RangeError, `bytes[${at}]`, "a whole zip file, not compressed", file);
  /** Whether `bytes` are there from `at` on, with the signature of a kind of record. */
  const is = (at: number, bytes: number, kind: number) =>
    check(at >= 0 && at + bytes <= file.length && u32(at) === 0x4b50 + kind * 65536, at);
  let end = file.length - END;
  // A comment of at most 65,535 bytes may follow.
  for (const least = Math.max(0, end - 65535); end > least && u32(end) !== 0x06054b50; ) end--;
  is(end, END, 0x0605);
  let at = u32(end + 16);
  for (let left = u16(end + 10); left > 0; left--) {
    is(at, ENTRY, 0x0201);
    const own = at;
    const name = new TextDecoder().decode(file.subarray(at + ENTRY, (at += ENTRY + u16(at + 28))));
    at += u16(own + 30) + u16(own + 32);
    entries.set(name, () => {
      const [size, local] = [u32(own + 24), u32(own + 42)];
      is(local, LOCAL, 0x0403);
      const from = local + LOCAL + u16(local + 26) + u16(local + 28);
      check(u16(own + 10) === 0 && from + size <= file.length, from);
      return file.subarray(from, from + size);
    });
  }
  return entries;
}
