// The interface of the kernels for int8 weights: a wasm of its own, on the memory of the others. Pointers are in bytes, sizes are counts.

export { pack, packBytes } from "./pack";
export { product, scratchBytes } from "./product";
