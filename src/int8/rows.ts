/** A matrix as integers from -127 to 127 and a scale for each row: w = q scale. The scale is that of the row's largest weight. */

import { fail, product, type Tensor } from "../internal.js";
import type { Activations } from "./compiled.js";

const LARGEST = 127;

/** A matrix's integers, row by row. */
export type Integers = Int8Array<ArrayBuffer>;

const LIMITS = { int16: 32767, int8: 63 };

/** The largest integer for an activation, given the largest sum of |q| of a row: |sum of q x| stays below 2^31. */
export const limitOf = (sum: number, activations: Activations = "int16"): number =>
  Math.min(LIMITS[activations], Math.floor((2 ** 31 - 1) / Math.max(1, sum)));

/** The bounds of scales, within which no weight overflows or is subnormal. A row of smaller weights becomes zeros. */
const [LEAST, MOST] = [Math.fround(1e-30), 1e36];

/** Whether it is a matrix: vectors (biases, peepholes, gains) keep their 32 bits. */
export const isMatrix = ({ shape }: { shape: readonly number[] }): boolean => shape.length > 1;

/** The name in a file of a matrix's scales [rows]. */
export const scalesOf = (name: string): string => `${name}_scale`;

/** Numbers of a row. */
const columnsOf = ({ shape: [, ...others] }: Pick<Tensor, "shape">): number => product(others);

/** @throws RangeError if a weight is not finite, or larger than any in use */
export function scaleRows(name: string, tensor: Tensor): Float32Array {
  const columns = columnsOf(tensor);
  return Float32Array.from({ length: tensor.shape[0] as number }, (_, row) => {
    let most = 0;
    for (const weight of tensor.data.subarray(row * columns, (row + 1) * columns)) {
      if (!(Math.abs(weight) <= LARGEST * MOST)) fail(RangeError, `model.${name}`, `finite weights in row ${row}`, weight);
      most = Math.max(most, Math.abs(weight));
    }
    return Math.max(most / LARGEST, LEAST);
  });
}

/** The integers. */
export function roundRows(tensor: Tensor, scales: Float32Array): Integers {
  const columns = columnsOf(tensor);
  return Int8Array.from(tensor.data, (weight, i) => Math.round(weight / (scales[Math.floor(i / columns)] as number)));
}

/** The weights that these integers stand for; or, for 1 each, the scale of each weight. */
export function weightsOf({ shape }: Pick<Tensor, "shape">, integers: ArrayLike<number>, scales: Float32Array): Tensor {
  const columns = columnsOf({ shape });
  return { shape, data: Float32Array.from(integers, (q, i) => q * (scales[Math.floor(i / columns)] as number)) };
}

/** @throws RangeError if the numbers of a file are not such integers, or not such scales */
export function checkRows(name: string, integers: Float32Array, scales: Float32Array): void {
  const wrong = integers.findIndex((q) => !(Number.isInteger(q) && Math.abs(q) <= LARGEST));
  if (wrong >= 0) fail(RangeError, `tensors.${name}.data[${wrong}]`, `an integer from -${LARGEST} to ${LARGEST}`, integers[wrong]);
  const bad = scales.findIndex((scale) => !(scale >= LEAST && scale <= MOST));
  if (bad >= 0) fail(RangeError, `tensors.${scalesOf(name)}.data[${bad}]`, `a scale from ${LEAST} to ${MOST}`, scales[bad]);
}
