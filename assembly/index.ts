// The kernels' interface, file by file. Pointers are in bytes, sizes are counts; all data is f32 unless noted.

export { activationBackward, activationForward } from "./activation";
export { blocksBackward, blocksForward } from "./blocks";
export { gruBeforeReset, gruBeforeResetBackward, gruBeforeUpdate, gruBeforeUpdateBackward } from "./cells/gruBefore";
export { lstm97Traces } from "./cells/lstm97";
export { lstmTraces } from "./cells/lstmTraces";
export { lstmOutputBackward, lstmOutputForward } from "./cells/lstmVariant";
export { ctcLoss } from "./ctc";
export { denseForward } from "./dense";
export { embeddingBackward, embeddingForward, scatterRows, tie } from "./embedding";
export { gaussians, logarithms, orthonormalRows } from "./initialize";
export { elementwiseLoss, gaussianLoss } from "./loss";
export { matmul, product, transposeWeights } from "./matmul";
export { accuracy } from "./metric";
export { normalizeBackward, normalizeForward } from "./normalization";
export { boundRows, foldRows, ownWeights, rowNorms, traces } from "./online";
export { adam, clipValues, rootOfSquares, sgd, squaredNorm } from "./optimizer";
export { pickBackward, pickForward, weighBackward, weighForward } from "./pooling";
export { dropout, uniforms } from "./random";
export { peepholeGradient, recurrentBackward, recurrentBias, recurrentCarry, recurrentForward, takeGates } from "./recurrent";
export { softmax, softmaxCrossEntropy } from "./softmax";
export { blend, fillGaps, lerp, moveRows, multiply, zoneoutBackward, zoneoutForward } from "./vectors";
export { weightGradient, weightGradientScratch } from "./weightGradient";
