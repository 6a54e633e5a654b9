/** The kernels for int8 weights where the runtime itself has compiled them: those that run in all of them. */

import type { Activations } from "./compiled.js";
import module from "./int8.wasm";

export const supports = (activations: Activations): boolean => activations === "int16";

export const compile = (): WebAssembly.Module => module;
