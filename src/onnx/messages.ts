/**
 * Reads messages in protobuf's wire format, by their schemas. All that is made of a file is counted, so that a small one makes little;
 * bytes stay views of the file.
 */

import { clip, fail } from "../interop/core.js";

/** Integers, floats, a text, bytes as they are, or a message. Lists of numbers may be packed. */
type Kind = "number" | "float" | "text" | "bytes" | (() => Schema);
/** The name and kind of each field by its number; names that end with "*" are lists. */
export type Schema = Record<number, readonly [name: string, kind: Kind]>;
// biome-ignore lint/suspicious/noExplicitAny: what a message has, its schema says
export type Message = Record<string, any>;

/** Subgraphs within each other: each is three messages deep. */
const DEEPEST = 64;
const decoder = /* @__PURE__ */ new TextDecoder();

export class Reader {
  readonly #view: DataView;
  #at = 0;

  /** @param left bytes that may be taken for what is read */
  constructor(
    readonly file: Uint8Array,
    readonly left: number,
  ) {
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  #refuse(at: number, expected: string): never {
    return fail(RangeError, `bytes[${at}]`, `${expected}, as in an ONNX file`, this.file);
  }

  /** Counts what is taken for what the file says. @throws RangeError if it is too much */
  spend(bytes: number, what = "the file has"): void {
    (this as { left: number }).left -= bytes;
    if (!(this.left >= 0)) throw new RangeError(`"bytes" is too small a file for what ${clip(what)}: more than twice its size`);
  }

  #varint(end: number): number {
    const start = this.#at;
    for (let bits = 0n, value = 0n; ; bits += 7n) {
      const byte = this.file[this.#at] as number;
      if (this.#at >= end || bits > 63n) this.#refuse(start, "an integer of at most 10 bytes");
      this.#at++;
      value |= BigInt(byte & 127) << bits;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
  }

  read(schema: Schema, from = 0, to = this.file.length, depth = 0): Message {
    if (depth > DEEPEST) this.#refuse(from, `at most ${DEEPEST} messages in each other`);
    this.spend(64);
    const message: Message = {};
    for (const [name, kind] of Object.values(schema)) {
      if (name.endsWith("*")) message[name.slice(0, -1)] = [];
      else if (kind === "text") message[name] = "";
    }
    for (this.#at = from; this.#at < to; ) {
      const start = this.#at;
      const key = this.#varint(to);
      const [name, kind] = schema[Math.floor(key / 8)] ?? ["", ""];
      const wire = key % 8;
      const value = wire === 0 ? this.#varint(to) : 0;
      const size = wire === 2 ? this.#varint(to) : wire === 5 ? 4 : wire === 1 ? 8 : 0;
      const at = this.#at;
      const end = at + size;
      if (!(size >= 0 && end <= to)) this.#refuse(start, "a field that ends within its message");
      const numbers = kind === "number" || kind === "float";
      const right = wire === 2 || (kind === "number" ? wire === 0 : kind === "float" && wire === 5);
      if ((kind && !right) || ![0, 1, 2, 5].includes(wire)) this.#refuse(start, `field ${Math.floor(key / 8)} of another kind`);
      const put = (value: unknown) => {
        this.spend(16);
        const list = message[name.slice(0, -1)];
        if (name.endsWith("*")) list.push(value);
        else message[name] = value;
      };
      if (numbers && wire !== 2) put(wire === 0 ? value : this.#view.getFloat32(at, true));
      else if (kind === "number") while (this.#at < end) put(this.#varint(end));
      else if (kind === "float") for (let i = at; i + 4 <= end; i += 4) put(this.#view.getFloat32(i, true));
      else if (kind === "text" || kind === "bytes") {
        const bytes = this.file.subarray(at, end);
        if (kind === "text") this.spend(2 * size);
        put(kind === "text" ? decoder.decode(bytes) : bytes);
      } else if (kind) put(this.read((kind as () => Schema)(), at, end, depth + 1));
      this.#at = end;
    }
    return message;
  }
}
