/** The kernels in two parts: a program that only runs models need not have those that learn. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The exports that only learning calls: passes back, masks of dropout, updates, traces. */
const LEARNING =
  /Backward|Gradient|^(dropout|adam|clipValues|lerp|rootOfSquares|sgd|boundRows|foldRows|lstm97Traces|lstmTraces|ownWeights|rowNorms|traces)$/;

/** The functions by index: their names, where the wasm has them, and which of them only learning needs. */
export function functionsOf(wasm: Buffer): { names: string[]; learning: Set<number> } {
  const script = fileURLToPath(new URL("learning.mjs", import.meta.url));
  const { names, only } = JSON.parse(execFileSync(process.execPath, [script, LEARNING.source], { input: wasm, encoding: "utf8" }));
  return { names, learning: new Set(only) };
}

/** The bytes of a function's code. */
export interface Body {
  at: number;
  length: number;
}

const CODE = 10;
/** A body that is not worth the two numbers that say where it is. */
const SMALL = 100;

/**
 * Where the code of some functions lies, after its size and before its end: bytes 0 there are a function without variables that traps.
 */
export function bodiesOf(wasm: Buffer, functions: Set<number>, small = SMALL): Body[] {
  let at = 8;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = wasm[at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const [section, size] = [wasm[at++], number()];
    if (section === CODE) break;
    at += size;
  }
  const bodies: Body[] = [];
  const count = number();
  for (let i = 0; i < count; i++) {
    const size = number();
    if (functions.has(i) && size > small) bodies.push({ at, length: size - 1 });
    at += size;
  }
  return bodies;
}
