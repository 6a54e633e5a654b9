/** The outputs of int8 models, which are the same to the bit wherever memcell runs. */

import { conv1d, createModel, dense, gru, lstm, rnn } from "memcell";
import { type Activations, loadQuantized, quantize } from "memcell/int8";
import { sequences, sha256 } from "./bits.js";

/** Of one that was loaded again, for one sequence and for many. @throws RangeError for "int8" in an engine without relaxed SIMD */
export async function int8Bits(activations: Activations = "int16"): Promise<string> {
  const layers = [conv1d({ units: 6, kernel: 3 }), lstm({ units: 11 }), gru({ units: 9 }), rnn({ units: 7 }), dense({ units: 2 })];
  const model = loadQuantized(quantize(createModel({ input: { features: 3 }, layers, seed: 7 })).save(), { activations });
  const outputs = [...model.predict(sequences), ...model.predict(sequences.slice(0, 1))];
  return sha256(new Uint8Array(Float32Array.from(outputs.flatMap((y) => [...y])).buffer));
}
