/** The state of sequences: what recurrent layers, convolutions and gaps carry from step to step. */

import { clip, fail, isObject, numbers } from "../core/check.js";
import type { Memory } from "../core/memory.js";
import type { Carried } from "../layers/stage.js";

/** The recurrent state of one layer: `h` and `c` are [batch][units], row-major. */
export type State = Record<string, Float32Array>;

/** One of the states of a model: its name, and how many numbers it has. */
export interface StateShape {
  name: string;
  units: number;
}

/** @throws TypeError, RangeError if a state is missing, unknown, of another length or not finite */
export function checkState(path: string, state: unknown, shapes: readonly StateShape[], batch = 1): State {
  if (!isObject(state)) fail(TypeError, path, "what state() returned", state);
  const given = new Map(Object.entries(state));
  const checked: State = {};
  for (const { name, units } of shapes) {
    checked[name] = Float32Array.from(numbers(`${path}.${name}`, given.get(name), batch * units));
    given.delete(name);
  }
  for (const name of given.keys()) throw new RangeError(`"${path}.${clip(name)}" is not a state of this model`);
  return checked;
}

/** Copies between the state of one sequence, from `from` on in `data`, and its rows, from `at` on among the floats of the memory. */
export function copyUnits(
  { f32 }: Memory,
  { units, row = (unit) => unit }: Carried,
  at: number,
  width: number,
  data: Float32Array,
  from: number,
  write: boolean,
): void {
  // An overflow has also left NaN in the padding to a multiple of four, so clear it.
  for (let u = 0; write && u < units; u++) {
    for (let r = row(u) & ~3, end = r + 4; r < end; r++) f32[at + r * width] = 0;
  }
  for (let u = 0; u < units; u++) {
    const number = at + row(u) * width;
    if (write) f32[number] = data[from + u] as number;
    else data[from + u] = f32[number] as number;
  }
}
