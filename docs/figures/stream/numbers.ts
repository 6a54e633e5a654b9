import { createModel, lstm, trace } from "memcell";

/** The mean size of a cell on a stream that does not end, with a forget gate and without. */
export function compute({ steps, drift, forget, seed }: { steps: number; drift: number; forget: number; seed: number }) {
  let state = seed;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
  const inputs = Float32Array.from({ length: steps }, () => noise() + drift);
  const cells = { "with a forget gate": lstm({ units: 16, forgetBias: forget }), "without one": lstm({ units: 16, forgetGate: false }) };
  return Object.entries(cells).map(([name, cell]) => {
    const model = createModel({ input: { features: 1 }, layers: [cell], seed });
    const { c, h } = trace(model, { inputs }).layers[0]!;
    const mean = (data: Float32Array, t: number) => {
      let sum = 0;
      for (let unit = 0; unit < 16; unit++) sum += Math.abs(data[t * 16 + unit]!);
      return sum / 16;
    };
    // From 2 on, tanh(c) is above 0.96 and tells hardly anything of c.
    const full = Array.from(c!.data.subarray(-16), Math.abs).filter((size) => size > 2).length;
    return { name, values: Array.from({ length: steps }, (_, t) => mean(c!.data, t)), hidden: mean(h!.data, steps - 1), full };
  });
}
