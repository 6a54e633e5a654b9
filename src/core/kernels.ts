/** Starts the kernels on a memory. */

import type { instantiate } from "../../build/memcell.js";
import { fail } from "./check.js";
import { compile } from "./compiled.js";

/** The exports of assembly/index.ts, in an object of our own, so that `share` and `learn` of engine.ts can replace them. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/**
 * A new instance with its own memory, or for the variant "shared" with the given `memory`. Where compiling is forbidden, pass the
 * compiled `memcell/memcell.wasm` as `module`.
 */
export function createKernels(module = compile(), memory?: WebAssembly.Memory): Kernels {
  if (!(module instanceof WebAssembly.Module)) fail(TypeError, "module", "a WebAssembly.Module", module);
  // Done without @assemblyscript/loader: its strings, arrays and wrappers would add 2.1 kB, none of it needed here.
  const foreign = !memory && WebAssembly.Module.imports(module).length > 0;
  const exports = foreign ? {} : new WebAssembly.Instance(module, memory && { env: { memory } }).exports;
  // In the shipped package this export's name has a fingerprint of the kernels: see scripts/names.ts.
  if (typeof exports.recurrentForward !== "function") {
    throw new RangeError('"module" is not the memcell.wasm of this version: take memcell/memcell.wasm of the same package');
  }
  return { ...exports } as unknown as Kernels;
}
