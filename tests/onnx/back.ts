/** A random model to ONNX and back. */

import { fromOnnx, type OnnxOptions, toOnnx } from "../../src/onnx.js";
import { type Drawn, drawInputs } from "./models.js";

type Outputs = Float32Array | Record<string, Float32Array>;
const bits = (outputs: readonly Outputs[]) =>
  outputs
    .flatMap((each) => (each instanceof Float32Array ? [each] : Object.values(each)))
    .map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString("hex"))
    .join();

/** Whether each of its files computes the same bits: alone, with states, with lengths. */
export function back(drawn: Drawn): boolean {
  const { model, streams } = drawn;
  const files: OnnxOptions[] = [{}, ...(streams ? [{ states: true }] : []), { lengths: true }];
  const sequences = Array.from({ length: 5 }, (_, i) => ({ inputs: drawInputs(drawn, 1 + i) }));
  const expected = bits(model.predict(sequences));
  return files.every((options) => bits(fromOnnx<Outputs>(toOnnx(model, options)).model.predict(sequences)) === expected);
}
