/** The kernels at work on a memory. */

import type { instantiate } from "../build/memcell.js";
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
  const { exports } = new WebAssembly.Instance(module, memory && { env: { memory } });
  if (typeof exports.recurrentForward !== "function") {
    throw new RangeError('"module" is not the memcell.wasm of this version');
  }
  return { ...exports } as unknown as Kernels;
}
