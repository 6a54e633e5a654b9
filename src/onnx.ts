/** Models to ONNX: `memcell/onnx`. A bundle of its own, so that pages that need it not do not load it. */

import { boolean, complete, integerIn, type Model } from "./interop/core.js";
import { graphOf, type OnnxOptions } from "./onnx/model.js";

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
