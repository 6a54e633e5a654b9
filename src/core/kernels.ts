/** The kernels at work on a memory. */

import type { instantiate } from "../../build/memcell.js";
import { fail } from "./check.js";
import { compile } from "./compiled.js";

/** The exports of assembly/index.ts, in an object of our own: `share` of engine.ts puts others in their place. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/**
 * A new instance with its own memory; or, of the variant "shared", with that `memory`. Where compiling is forbidden, `module` is
 * the compiled `memcell/memcell.wasm`.
 */
export function createKernels(module = compile(), memory?: WebAssembly.Memory): Kernels {
  if (!(module instanceof WebAssembly.Module)) fail(TypeError, "module", "a WebAssembly.Module", module);
  // What @assemblyscript/loader adds (strings, arrays, a wrapper for each export) is 2.1 kB that nothing here needs.
  const foreign = !memory && WebAssembly.Module.imports(module).length > 0;
  const exports = foreign ? {} : new WebAssembly.Instance(module, memory && { env: { memory } }).exports;
  // Its name in what is shipped has a fingerprint of the kernels: scripts/names.ts.
  if (typeof exports.recurrentForward !== "function") {
    throw new RangeError('"module" is not the memcell.wasm of this version: take memcell/memcell.wasm of the same package');
  }
  return { ...exports } as unknown as Kernels;
}
