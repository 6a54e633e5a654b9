/** The same works with weights of four bytes and of one, through the public API: a head of one output on an LSTM of H units. */

import { createModel, dense, lstm, type Model } from "../src/index.js";
import { quantize } from "../src/int8.js";
import { numbers } from "../tests/helpers/cases.js";
import { spread, type Times, type Work } from "./measure.js";

interface Pair {
  name: string;
  /** The least ratio that was hoped for. */
  goal: number;
  /** In single precision, and with int8 weights. */
  works: [Work, Work];
}

function pair(name: string, goal: number, [I, H]: [number, number], work: (model: Model) => () => void): Pair {
  const model = createModel({ input: { features: I }, layers: [lstm({ units: H }), dense({ units: 1 })], seed: 1 });
  return {
    name,
    goal,
    works: [
      { name: `${name} f32`, run: work(model) },
      { name: `${name} int8`, run: work(quantize(model)) },
    ],
  };
}

function streaming(goal: number, [I, H]: [number, number]): Pair {
  const next = numbers(3);
  const inputs = Array.from({ length: 16 }, () => Float32Array.from({ length: I }, next));
  const out = new Float32Array(1);
  return pair(`streaming (${I}, ${H})`, goal, [I, H], (model) => {
    const stream = model.stream();
    return () => {
      for (let i = 0; i < 256; i++) stream.step(inputs[i & 15] as Float32Array, out);
    };
  });
}

function predict(goal: number, [I, H, B, T]: [number, number, number, number]): Pair {
  const next = numbers(1);
  const sequences = Array.from({ length: B }, () => ({ inputs: Float32Array.from({ length: T * I }, next) }));
  return pair(`predict (${[I, H, B, T].join(", ")})`, goal, [I, H], (model) => () => model.predict(sequences));
}

function live(goal: number, [I, H]: [number, number], count: number): Pair {
  const inputs = Float32Array.from({ length: count * I }, numbers(5));
  const out = new Float32Array(count);
  return pair(`${count.toLocaleString("en")} live streams (${I}, ${H})`, goal, [I, H], (model) => {
    const streams = model.streams({ capacity: count });
    const ids = Array.from({ length: count }, () => streams.open());
    return () => streams.step(ids, inputs, out);
  });
}

export const int8Pairs = (): Pair[] => [
  streaming(1.5, [64, 128]),
  streaming(1.8, [128, 256]),
  streaming(1.8, [256, 512]),
  predict(1.5, [32, 64, 32, 50]),
  predict(1.6, [64, 128, 32, 50]),
  predict(1.7, [128, 256, 32, 50]),
  live(1.6, [64, 128], 1000),
];

/** The rows of the table: how many times as fast, in the same rounds. */
export const int8Rows = (pairs: Pair[], times: Times) =>
  pairs.map(({ name, goal, works }) => {
    const [before, after] = works.map((work) => times.get(work.name)) as [number[], number[]];
    return { work: name, ratio: spread(before.map((ms, round) => ms / (after[round] as number))), goal };
  });
