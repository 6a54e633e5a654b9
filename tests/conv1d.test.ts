/** Convolutions whose past crosses windows and steps; their outputs and gradients against the oracle are in gradients.test.ts. */

import { expect, test } from "vitest";
import { conv1d, createModel, createOnlineLearner, createTrainer, dense, gru, type Layer, loadModel, lstm, sgd } from "../src/index.js";
import { asTensors, randomParameters } from "./helpers/cases.js";
import { Oracle } from "./helpers/oracle.js";

/** Looks back further than the windows in which whole sequences run. */
const layers: Layer[] = [
  conv1d({ units: 5, kernel: 3, dilation: 40 }),
  lstm({ units: 6 }),
  conv1d({ units: 3, kernel: 4, dilation: 3 }),
  dense({ units: 2 }),
];
const config = { input: { features: 3 }, layers, output: "every" as const };
const model = createModel(config);
const parameters = randomParameters(model.parameters());
model.setParameters(asTensors(parameters));
const sequences = [150, 1, 200, 64, 65, 7, 131, 90, 20].map((length, i) => ({
  inputs: Float32Array.from({ length: 3 * length }, (_, n) => Math.sin((n + 1) * (i + 1) * 0.37)),
}));

test("windows carry it: whole sequences of any length are the oracle's", () => {
  const outputs = model.predict(sequences);
  const oracle = new Oracle(config, parameters);
  sequences.forEach(({ inputs }, i) => {
    const steps = Array.from({ length: inputs.length / 3 }, (_, t) => Array.from(inputs.subarray(3 * t, 3 * t + 3)));
    const expected = oracle.run(steps, oracle.initialStates()).outputs.flat();
    outputs[i]!.forEach((y, n) => expect(y).toBeCloseTo(expected[n]!, 4));
  });
});

test("a stream, streams side by side, and one that goes on from a state give what whole sequences give", () => {
  const [whole] = model.predict([sequences[0]!]);
  const step = (t: number) => sequences[0]!.inputs.subarray(3 * t, 3 * t + 3);
  const stream = model.stream();
  const streams = model.streams({ capacity: 4 });
  const ids = [streams.open(), streams.open()];
  for (let t = 0; t < 150; t++) {
    const y = stream.step(step(t));
    const both = streams.step(ids, Float32Array.of(...step(t), ...step((t + 1) % 150)));
    y.forEach((value, k) => {
      expect(value).toBeCloseTo(whole![2 * t + k]!, 5);
      expect(both[k]).toBeCloseTo(value, 5);
    });
    if (t !== 100) continue;
    const state = structuredClone(stream.state());
    expect(Object.keys(state)).toEqual(["x", "h_l0", "c_l0", "x_1"]);
    expect(state.x).toHaveLength(80 * 3);
    const [a, b] = [model.stream().restore(state).step(step(101)), stream.step(step(101))];
    expect(a).toEqual(b);
    streams.restore(ids[0]!, stream.restore(state).state());
  }
});

test("a step of training carries it from one piece of a sequence to the next", () => {
  const outputs = (pieces: number[]) => {
    const small = createModel({
      input: { features: 1 },
      layers: [conv1d({ units: 4, kernel: 2, dilation: 5 }), gru({ units: 3 })],
      seed: 3,
    });
    const trainer = createTrainer(small, { loss: "mse", optimizer: sgd({ learningRate: 1e-9 }), window: 7 });
    const series = Array.from({ length: 24 }, (_, t) => Math.cos(t));
    let at = 0;
    const losses = pieces.map((length, i) => {
      const piece = { inputs: series.slice(at, at + length), targets: series.slice(at, at + length).flatMap((x) => [x, -x, 2 * x]) };
      at += length;
      return length * trainer.step([piece], { carry: i > 0 });
    });
    return losses.reduce((sum, loss) => sum + loss, 0) / 24;
  };
  expect(outputs([3, 9, 1, 11])).toBeCloseTo(outputs([24]), 5);
});

test("it is saved, and loaded, with PyTorch's shapes", () => {
  const shapes = Object.entries(model.parameters()).map(([name, { shape }]) => [name, shape] as const);
  expect(shapes.slice(0, 2)).toEqual([
    ["conv1d.weight", [5, 3, 3]],
    ["conv1d.bias", [5]],
  ]);
  expect(shapes.map(([name]) => name)).toContain("conv1d_1.weight");
  expect(loadModel(model.save()).predict(sequences)).toEqual(model.predict(sequences));
});

test.each([
  [{ units: 4 } as never, '"layers[0].kernel" expected an integer from 1 to 4096, got undefined'],
  [{ units: 4, kernel: 0 }, '"layers[0].kernel" expected an integer from 1 to 4096, got 0'],
  [{ units: 4, kernel: 2, dilation: 0.5 }, '"layers[0].dilation" expected an integer from 1 to 4096, got 0.5'],
  [{ units: 4, kernel: 3, dilation: 4000 }, '"layers[0].dilation" expected to look back 4096 steps at most, got 8000'],
])("refuses %o", (options, message) => {
  expect(() => createModel({ input: { features: 2 }, layers: [conv1d(options)] })).toThrow(message);
});

test("tokens need an embedding below", () => {
  expect(() => createModel({ input: { tokens: 9 }, layers: [conv1d({ units: 2, kernel: 2 })] })).toThrow(
    '"layers[0]" expected one of rnn, gru, lstm, lstm97, embedding, which take tokens, got "conv1d"',
  );
});

test("an online learner, whose gradient would miss what it looked back to, refuses it above the first layer", () => {
  const learner = (kernel: number) => {
    const layers = [lstm({ units: 3 }), conv1d({ units: 1, kernel })];
    return createOnlineLearner(createModel({ input: { features: 1 }, layers }), { loss: "mse", optimizer: sgd({ learningRate: 0.1 }) });
  };
  expect(() => learner(2)).toThrow(/^an online learner needs a model whose first layer is recurrent.* got layers\[1\]$/);
  expect(learner(1).step(0.5, 0.25)).toHaveLength(1);
});
