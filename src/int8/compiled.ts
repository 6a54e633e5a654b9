/** The compiled kernels for int8 weights. Only this file knows their bytes. */

import { relaxed, wasm } from "../../build/int8Wasm.js";

/** The integers that activations are rounded to, anew at each step. */
export type Activations = "int16" | "int8";

const TEXTS = { int16: wasm, int8: relaxed };

const compiled = new Map<Activations, WebAssembly.Module>();

const bytesOf = (activations: Activations) => Uint8Array.from(TEXTS[activations], (character) => 122 - character.charCodeAt(0));

/** Whether the engine can run them: activations of 8 bits need relaxed SIMD. */
export const supports = (activations: Activations): boolean =>
  activations === "int16" || compiled.has(activations) || WebAssembly.validate(bytesOf(activations));

/** Compiles them once a process. */
export function compile(activations: Activations): WebAssembly.Module {
  try {
    const module = compiled.get(activations) ?? new WebAssembly.Module(bytesOf(activations));
    compiled.set(activations, module);
    return module;
  } catch (cause) {
    throw new Error("memcell/int8 compiles WebAssembly at run time, which is forbidden here", { cause });
  }
}
