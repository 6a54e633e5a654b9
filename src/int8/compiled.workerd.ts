/** The kernels for int8 weights where the runtime itself has compiled them. */

import module from "./int8.wasm";

export const compile = (): WebAssembly.Module => module;
