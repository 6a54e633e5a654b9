/** The compiled kernels: the only place that brings WebAssembly up. */

import type { instantiate } from "../build/memcell.js";
import { wasm } from "../build/wasm.js";
import { fail } from "./check.js";

/** The exports of assembly/index.ts. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(Uint8Array.from(wasm, (byte) => byte.charCodeAt(0) - 64));
  } catch (cause) {
    throw new Error(
      "memcell needs WebAssembly with SIMD: this engine has none, or a content security policy without 'wasm-unsafe-eval' forbids it",
      { cause },
    );
  }
}

/**
 * A new instance with its own memory. The module is compiled once a process; where compiling is forbidden, `module` is the
 * compiled `memcell/memcell.wasm`.
 */
export function createKernels(module?: WebAssembly.Module): Kernels {
  if (module !== undefined && !(module instanceof WebAssembly.Module)) fail(TypeError, "module", "a WebAssembly.Module", module);
  const source = module ?? (compiled ??= compile());
  // What @assemblyscript/loader adds (strings, arrays, a wrapper for each export) is 2.1 kB that nothing here needs.
  const kernels = new WebAssembly.Instance(source).exports as unknown as Kernels;
  if (typeof kernels.recurrentForward !== "function") {
    throw new RangeError('"module" is not the memcell.wasm of this version');
  }
  return kernels;
}
