import { createModel, dense, gradientFlow, lstm, lstm97, rnn } from "memcell";

/** The error of the last of `lag` steps, on its way back: its norm at each step, divided by that at the last one. */
export function compute({ lag, scale, forget, seed }: { lag: number; scale: number; forget: number; seed: number }) {
  const units = 24;
  const cells = {
    "rnn, tanh": rnn({ units }),
    "rnn, relu": rnn({ units, activation: "relu" }),
    "lstm of 1997": lstm97({ blocks: units, cellsPerBlock: 1 }),
    lstm: lstm({ units, forgetBias: forget }),
  };
  // A noise that every engine makes in the same way.
  let state = seed;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
  const inputs = Float32Array.from({ length: lag }, noise);
  const targets = Float32Array.from({ length: lag }, (_, t) => (t === lag - 1 ? 10 : 0));
  // Only the last step's error counts.
  const weights = Float32Array.from({ length: lag }, (_, t) => (t === lag - 1 ? 1 : 0));

  return Object.entries(cells).map(([name, cell]) => {
    const model = createModel({ input: { features: 1 }, layers: [cell, dense({ units: 1 })], seed });
    const parameters = model.parameters();
    const { shape, data } = parameters.weight_hh_l0!;
    model.setParameters({ ...parameters, weight_hh_l0: { shape, data: data.map((weight) => weight * scale) } });
    const [layer] = gradientFlow(model, { inputs, targets, weights }, { loss: "mse" }).layers;
    // Of the cell where there is one, else of the hidden state.
    const norms = layer!.c ?? layer!.h;
    const last = norms[lag - 1]!;
    return { name, values: Array.from(norms, (norm) => norm / last) };
  });
}
