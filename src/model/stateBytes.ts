/**
 * A state as bytes, for stores and messages. Little endian: "MCS" and the version, 1; u32, a hash of the types of the model's layers and
 * of its states' names and sizes; u32, a hash of the bytes of the numbers; the numbers as f32, in the order of the layers.
 */

import { bytes as checkBytes, fail } from "../core/check.js";
import type { Engine } from "./engine.js";
import type { State } from "./state.js";

const HEADER = 12;
/** "MCS", 1. */
const MAGIC = 0x0153434d;

/** FNV-1a. Each step is a bijection of the value so far, so one byte that differs is always seen. */
function hash(bytes: ArrayLike<number>): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) value = Math.imul(value ^ (bytes[i] as number), 0x01000193);
  return value >>> 0;
}

function kindOf({ config, layout }: Engine): number {
  const names = [...config.layers.map(({ type }) => type), ...layout.states.map(({ name, units }) => name + units)];
  return hash(Array.from(String(names), (letter) => letter.charCodeAt(0)));
}

/** Like all of WebAssembly's memory, typed arrays are little endian wherever memcell runs. */
const wordsOf = ({ buffer }: Uint8Array<ArrayBuffer>) => new Uint32Array(buffer, 0, HEADER / 4);

export function stateToBytes(engine: Engine, state: State): Uint8Array<ArrayBuffer> {
  const numbers = engine.layout.states.flatMap(({ name }) => Array.from(state[name] as Float32Array));
  const result = new Uint8Array(HEADER + 4 * numbers.length);
  new Float32Array(result.buffer, HEADER).set(numbers);
  wordsOf(result).set([MAGIC, kindOf(engine), hash(result.subarray(HEADER))]);
  return result;
}

/** @throws TypeError, RangeError; whether the numbers are finite is for `checkState` */
export function stateFromBytes(engine: Engine, value: unknown): State {
  const given = checkBytes("bytes", value);
  const refuse = (expected: string) => fail(RangeError, "bytes", expected, value);
  const { states } = engine.layout;
  const length = HEADER + 4 * states.reduce((sum, { units }) => sum + units, 0);
  const bytes = Uint8Array.from(given.subarray(0, length));
  const [magic, kind, sum] = bytes.length < HEADER ? [] : wordsOf(bytes);
  if (magic !== MAGIC) refuse("a state of stateBytes(), version 1");
  if (kind !== kindOf(engine)) refuse("the state of a model with these layers");
  if (given.length !== length) refuse(`${length} bytes`);
  if (sum !== hash(bytes.subarray(HEADER))) refuse("a state that is not damaged");
  let at = HEADER;
  return Object.fromEntries(states.map(({ name, units }) => [name, new Float32Array(bytes.buffer, (at += 4 * units) - 4 * units, units)]));
}
