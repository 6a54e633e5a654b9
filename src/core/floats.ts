/** Numbers in two bytes and back: IEEE 754's binary16 (five bits of exponent, ten of fraction), and bfloat16, the upper half of an f32. */

const view = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(4));

function bitsOf(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

export function half(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const special = fraction === 0 ? Infinity : NaN;
  const size = exponent === 0 ? fraction / 2 ** 24 : exponent === 31 ? special : ((1024 + fraction) * (1 << exponent)) / 2 ** 25;
  return bits >> 15 ? -size : size;
}

export function bfloat(bits: number): number {
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/** The nearest half's bits; of two as near, the even one. From 65520 on that is infinity. */
export function toHalf(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(value)) return 0x7e00;
  const exponent = Math.max(((bits >>> 23) & 255) - 127, -14);
  // Adding and subtracting 2^52 rounds to an integer, halves to even. It may carry into the exponent, which is right.
  const fraction = Math.abs(Math.fround(value)) * 2 ** (10 - exponent) + 2 ** 52 - 2 ** 52;
  return sign | Math.min(0x7c00, exponent > 15 ? 0x7c00 : ((exponent + 14) << 10) + fraction);
}

/** The nearest bfloat16's bits; of two as near, the even one. */
export function toBfloat(value: number): number {
  const bits = bitsOf(value);
  return Number.isNaN(value) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
