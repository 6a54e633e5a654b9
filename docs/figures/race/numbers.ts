import { adam, createModel, createTrainer, dense, gru, type Layer, lstm, lstm97, rnn } from "memcell";

/** Four cells learn to add the two marked numbers of a sequence of `lag` steps; the losses so far, after each ten updates. */
export function* compute({ lag, updates, rate, seed }: { lag: number; updates: number; rate: number; seed: number }) {
  const cells: Record<string, Layer> = {
    "rnn, tanh": rnn({ units: 16 }),
    "lstm of 1997": lstm97({ blocks: 8, cellsPerBlock: 2 }),
    lstm: lstm({ units: 16, forgetBias: 1 }),
    gru: gru({ units: 16 }),
  };
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 32 + 0.5;
  };
  // One mark in the first tenth, one in the first half: from there on there is noise alone.
  const sequence = () => {
    const first = Math.floor((random() * lag) / 10);
    const second = first + 1 + Math.floor(random() * (lag / 2 - first - 1));
    const inputs = new Float32Array(2 * lag);
    for (let t = 0; t < lag; t++) inputs[2 * t] = random();
    inputs[2 * first + 1] = inputs[2 * second + 1] = 1;
    return { inputs, targets: [inputs[2 * first]! + inputs[2 * second]!] };
  };

  const racers = Object.entries(cells).map(([name, cell]) => {
    const model = createModel({ input: { features: 2 }, layers: [cell, dense({ units: 1 })], output: "last", seed });
    const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: rate }), clipNorm: 1, seed });
    return { name, trainer, values: [] as number[] };
  });
  for (let update = 1; update <= updates; update += 10) {
    const batches = Array.from({ length: 10 }, () => Array.from({ length: 20 }, sequence));
    for (const { trainer, values } of racers) values.push(batches.reduce((sum, batch) => sum + trainer.step(batch), 0) / 10);
    yield racers.map(({ name, values }) => ({ name, values }));
  }
}
