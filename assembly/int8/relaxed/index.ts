// The kernels for int8 weights and activations, where the engine has relaxed SIMD: the same interface as that of ../index.ts.

export { product, scratchBytes } from "../product";
export { pack, packBytes } from "./pack";
// Not called from outside: functions that are exported are not inlined into others, where their sums would spill (V8 11 and 12).
export { columns, panel } from "./tile";
