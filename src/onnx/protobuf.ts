/** The wire format of protobuf (protobuf.dev/programming-guides/encoding). */

/** A message, in pieces. */
export type Bytes = Uint8Array<ArrayBuffer>[];

export const lengthOf = (pieces: Bytes): number => pieces.reduce((sum, { length }) => sum + length, 0);

function varint(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  bytes.push(Number(left));
  return Uint8Array.from(bytes);
}

/** A field of a message: an integer, a text, or a message or bytes of its own. */
export function field(number: number, value: number | string | Bytes): Bytes {
  if (typeof value === "number") return [varint(number * 8), varint(value)];
  const pieces = typeof value === "string" ? [new TextEncoder().encode(value)] : value;
  return [varint(number * 8 + 2), varint(lengthOf(pieces)), ...pieces];
}

/** A field with a single float. */
export const float = (number: number, value: number): Bytes => [varint(number * 8 + 5), littleEndian(Float32Array.of(value))];

export type Numbers = Int8Array | Float32Array | Float64Array | BigInt64Array;

/** The bytes of numbers, as they are in files. */
export function littleEndian(numbers: Numbers): Uint8Array<ArrayBuffer> {
  const { BYTES_PER_ELEMENT: size, length } = numbers;
  const view = new DataView(new ArrayBuffer(size * length));
  numbers.forEach((value, i) => {
    if (typeof value === "bigint") view.setBigInt64(i * size, value, true);
    else if (size === 1) view.setInt8(i, value);
    else if (size === 8) view.setFloat64(i * size, value, true);
    else view.setFloat32(i * size, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** One array out of the pieces. */
export function joined(pieces: Bytes): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
