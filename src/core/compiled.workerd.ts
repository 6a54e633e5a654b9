/** The kernels where compiling at run time is forbidden: the runtime itself has compiled this module from memcell.wasm. */

import module from "./memcell.wasm";

/** There are no variants, as they would have to be compiled. */
export type Variant = never;

export const supports = (): boolean => false;

export const compile = (): WebAssembly.Module => module;

export const learning = "";
/** The module has all kernels. */
export const whole = (): boolean => true;

export const complete = (): void => {};
