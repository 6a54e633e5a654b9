/**
 * A state as bytes, for stores and messages. Little endian: "MCS" and the version, 1; u32, a hash of the types of the model's layers and
 * of its states' names and sizes; u32, a hash of the numbers; the numbers as f32, in the order of the layers.
 */

import { bytes as checkBytes, fail } from "../core/check.js";
import type { Engine } from "./engine.js";
import type { State } from "./state.js";

/** Words before the numbers. */
const HEADER = 3;
/** "MCS", 1. */
const MAGIC = 0x0153434d;

/** FNV-1a, by words. Each step is a bijection of the value so far, so one word that differs is always seen. */
function hash(words: Uint32Array): number {
  let value = 0x811c9dc5;
  for (const word of words) value = Math.imul(value ^ word, 0x01000193);
  return value >>> 0;
}

const kinds = /* @__PURE__ */ new WeakMap<object, number>();

function kindOf({ config, layout }: Engine): number {
  const names = () => String([...config.layers.map(({ type }) => type), ...layout.states().map(({ name, units }) => name + units)]);
  const kind = kinds.get(layout) ?? hash(Uint32Array.from(names(), (letter) => letter.charCodeAt(0)));
  kinds.set(layout, kind);
  return kind;
}

const lengthOf = ({ layout }: Engine) => layout.states().reduce((sum, { units }) => sum + units, HEADER);

/** Like all of WebAssembly's memory, typed arrays are little endian wherever memcell runs. */
export function stateToBytes(engine: Engine, state: State): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(lengthOf(engine));
  const numbers = new Float32Array(words.buffer);
  let at = HEADER;
  for (const { name, units } of engine.layout.states()) numbers.set(state[name] as Float32Array, (at += units) - units);
  words.set([MAGIC, kindOf(engine), hash(words.subarray(HEADER))]);
  return new Uint8Array(words.buffer);
}

/** @throws TypeError, RangeError; whether the numbers are finite is for `checkState` */
export function stateFromBytes(engine: Engine, value: unknown): State {
  const given = checkBytes("bytes", value);
  const refuse = (expected: string) => fail(RangeError, "bytes", expected, value);
  const words = new Uint32Array(lengthOf(engine));
  new Uint8Array(words.buffer).set(given.subarray(0, words.byteLength));
  if (words[0] !== MAGIC) refuse("a state of stateBytes(), version 1");
  if (words[1] !== kindOf(engine)) refuse("the state of a model with these layers");
  if (given.length !== words.byteLength) refuse(`${words.byteLength} bytes`);
  if (words[2] !== hash(words.subarray(HEADER))) refuse("a state that is not damaged");
  let at = 4 * HEADER;
  return Object.fromEntries(
    engine.layout.states().map(({ name, units }) => [name, new Float32Array(words.buffer, (at += 4 * units) - 4 * units, units)]),
  );
}
