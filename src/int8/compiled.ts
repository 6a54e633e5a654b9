/** The compiled kernels for int8 weights. Only this file knows their bytes. */

import { wasm } from "../../build/int8Wasm.js";

let compiled: WebAssembly.Module | undefined;

/** Compiles them once a process. */
export function compile(): WebAssembly.Module {
  try {
    compiled ??= new WebAssembly.Module(Uint8Array.from(wasm, (character) => 122 - character.charCodeAt(0)));
  } catch (cause) {
    throw new Error("memcell/int8 compiles WebAssembly at run time, which is forbidden here", { cause });
  }
  return compiled;
}
