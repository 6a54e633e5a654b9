/** Models from ONNX and back: `memcell/onnx`. A bundle of its own, so that pages that need it not do not load it. */

import { boolean, complete, integerIn, type Model } from "./interop/core.js";
import { type FromOnnxOptions, modelOfOnnx } from "./onnx/in.js";
import { graphOf, type OnnxOptions } from "./onnx/model.js";

export type { FromOnnxOptions } from "./onnx/in.js";
export type { OnnxOptions } from "./onnx/model.js";

/**
 * The model as an ONNX file, of IR version 7, for ONNX Runtime and whatever else reads ONNX. Its input is `inputs` [T, B, features] (of
 * columns [T, B, columns], categories as their index and gaps as NaN), or `tokens` [T, B] int64; its output is `outputs` [T, B, units],
 * or [B, units] where a model has one for each sequence, in the targets' units; with heads one for each, by its name. T steps and B
 * sequences are free. Dropout, recurrent dropout and initial values are left out.
 * @param onnxOptions `states`: also states go in and out; `lengths`: the sequences of a batch may have fewer steps than T; `opset`
 * @throws TypeError if it is no model; RangeError with the option of a layer that ONNX does not have
 * @example writeFileSync("model.onnx", toOnnx(model, { states: true }));
 */
export function toOnnx(model: Model<unknown>, onnxOptions: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  return graphOf(model, complete("options", onnxOptions, { states: boolean, lengths: boolean, opset: integerIn(14, 21) }) as OnnxOptions);
}

/**
 * Makes a model of an ONNX file, as PyTorch, tf2onnx and Keras write them. The graph is followed from an input to an output, node by node;
 * steps and sequences may lie in any order, and outputs of each step come in the order of the features.
 * @param onnxOptions `given`: values of inputs that a model of memcell does not have; `from`, `to`, `shape`: a part of the graph
 * @returns the model, and `unknown`: what the graph does not tell, and what is left to you, such as softmax. Several outputs, each of a
 * dense layer of the same signal, are its heads
 * @throws TypeError, RangeError with the node that memcell has no layer for, or the place in the file where it is damaged
 * @example const { model, unknown } = fromOnnx(readFileSync("model.onnx"), { given: { sr: 16000 } });
 */
export function fromOnnx<O = Float32Array>(
  bytes: Uint8Array | ArrayBuffer,
  onnxOptions: FromOnnxOptions = {},
): { model: Model<O>; unknown: string[] } {
  return modelOfOnnx(bytes, onnxOptions);
}
