/** The kernels where compiling at run time is not allowed: the module that the runtime has compiled from memcell.wasm. */

import module from "./memcell.wasm";

/** None: they would have to be compiled. */
export type Variant = never;

export const supports = (): boolean => false;

export const compile = (): WebAssembly.Module => module;
