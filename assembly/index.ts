// The ABI, in the order in which data flows through it. Pointers are bytes, sizes are counts; all data is f32 unless said.

export { denseForward, inputGradient } from "./dense";
export { dropout } from "./dropout";
export { embeddingBackward, embeddingForward } from "./embedding";
export { gaussians, logarithms, orthonormalRows } from "./initialize";
export { elementwiseLoss, softmax, softmaxCrossEntropy } from "./loss";
export { transposeWeights, weightGradient, weightGradientScratch } from "./matmul";
export { adam, clipValues, rootOfSquares, sgd, squaredNorm } from "./optimizer";
export { recurrentBackward, recurrentBias, recurrentCarry, recurrentForward } from "./recurrent";
