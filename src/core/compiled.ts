/** The compiled kernels in all variants, and with or without those that learn. Only this file knows their bytes. */

import { traps, variants, wasm } from "../../build/wasm.js";

/** The code of the kernels that learn. Only what learns imports it, so that a bundle without a trainer leaves it out. */
export { learning } from "../../build/wasm.js";

/** "relaxed" uses relaxed SIMD. "shared" runs on a memory given from outside, which several threads use. */
export type Variant = keyof typeof variants;

const compiled = new Map<string, WebAssembly.Module>();
let code = "";

/** Whether the kernels compiled from now on can learn. In those that cannot, the passes back and the updates trap. */
export const whole = (): boolean => code !== "";

/** Gives all kernels compiled from now on the code that learns. */
export function complete(learning: string): void {
  if (!whole()) compiled.clear();
  code = learning;
}

/**
 * The kernels' bytes. In place of each function that learns the text has a gap, which gets its code from `learning`, or traps. Then the
 * spans of bytes in which the variants differ are put in. A character is 122 minus its byte, so "z" is 0.
 */
function bytesOf(names: Variant[]): Uint8Array<ArrayBuffer> {
  let [text, kept, taken] = ["", 0, 0];
  for (const [more, missing] of traps) {
    text += wasm.slice(kept, (kept += more)) + code.slice(taken, (taken += missing)).padEnd(missing, "z");
  }
  const plain = text + wasm.slice(kept);
  let from = 0;
  text = "";
  for (const [at, removed, own] of names.flatMap((name) => variants[name]).sort(([a], [b]) => a - b)) {
    text += plain.slice(from, at) + own;
    from = at + removed;
  }
  text += plain.slice(from);
  const bytes = new Uint8Array(text.length);
  // A loop takes 0.6 ms. Uint8Array.from goes through an iterator and takes 3 ms.
  for (let i = 0; i < bytes.length; i++) bytes[i] = 122 - text.charCodeAt(i);
  return bytes;
}

/**
 * Whether the engine can run a variant well. Relaxed SIMD also needs a compiler that keeps the tile's 12 sums in registers, as engines
 * with Math.f16round (2025) do. V8 of Node 22 spills them and would need twice as long as with the plain tile.
 */
export function supports(name: Variant): boolean {
  if (name === "relaxed" && !("f16round" in Math)) return false;
  return compiled.has(name) || globalThis.WebAssembly?.validate(bytesOf([name]));
}

/** Compiles each combination of variants once a process. */
export function compile(...names: Variant[]): WebAssembly.Module {
  const key = names.join();
  try {
    const module = compiled.get(key) ?? new WebAssembly.Module(bytesOf(names));
    compiled.set(key, module);
    return module;
  } catch (cause) {
    const able = typeof WebAssembly === "object" && WebAssembly.validate(bytesOf(names));
    throw new Error(
      able
        ? "memcell may not compile WebAssembly here: a content security policy must allow it by script-src 'wasm-unsafe-eval'; where nothing can, pass the compiled memcell/memcell.wasm as \"module\""
        : "memcell needs WebAssembly with SIMD, which this engine does not have (Chrome 91, Firefox 89 and Safari 16.4 do), or its file is not read as UTF-8: <meta charset=utf-8>",
      { cause },
    );
  }
}
