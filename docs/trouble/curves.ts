/** What goes wrong, learned by the library itself: the curves of docs/trouble.md. */

import { readFileSync } from "node:fs";
import {
  adam,
  createModel,
  createTrainer,
  dense,
  gru,
  type Layer,
  lstm,
  type ModelConfig,
  normal,
  rnn,
  type Sequence,
  scaler,
  sgd,
  type TrainerOptions,
} from "../../src/index.js";
import type { Picture } from "./draw.ts";

interface Run {
  config: Omit<ModelConfig, "seed">;
  options: Omit<TrainerOptions, "seed">;
  data: Sequence[];
  epochs: number;
  validation?: Sequence[];
}

/** The losses of a run; it ends where an update would not be finite. */
async function losses({ config, options, data, epochs, validation }: Run) {
  const trainer = createTrainer(createModel({ ...config, seed: 1 } as ModelConfig), { ...options, seed: 1 } as TrainerOptions);
  const [train, held]: [number[], number[]] = [[], []];
  try {
    for await (const { loss, validationLoss } of trainer.fit(data, { epochs, ...(validation && { validation }) })) {
      train.push(loss);
      if (validationLoss !== undefined) held.push(validationLoss);
    }
  } catch (error) {
    if (!/no longer finite/.test(String(error))) throw error;
  }
  return { train, held };
}

const count = (values: readonly number[]) => values.map((_, i) => i + 1);
const curve = (name: string, y: number[]) => ({ name, x: count(y), y });

/** The training losses of a run for each case. */
async function compared<T>(cases: Record<string, T>, run: (value: T) => ReturnType<typeof losses>) {
  const curves = [];
  for (const [name, value] of Object.entries(cases)) curves.push(curve(name, (await run(value)).train));
  return curves;
}

/** Highest temperatures of Seattle, day by day, in °C. */
const [, ...lines] = readFileSync(new URL("../node_modules/vega-datasets/data/seattle-weather.csv", import.meta.url), "utf8")
  .trim()
  .split("\n");
const heat = Float32Array.from(lines, (line) => Number(line.split(",")[2]));
const nextDay = (values: Float32Array, from: number, length: number) => ({
  inputs: values.subarray(from, from + length),
  targets: values.subarray(from + 1, from + length + 1),
});
const pieces = (values: Float32Array, count: number) => Array.from({ length: count }, (_, i) => nextDay(values, i * 90, 90));
const scale = scaler(heat);
const standardised = heat.map((value) => (value - scale.mean[0]!) / scale.deviation[0]!);

/** Which of two symbols came first, after `lag` steps of noise. */
const recall = (lag: number, count: number): Sequence[] =>
  Array.from({ length: count }, (_, i) => ({
    inputs: Float32Array.from({ length: lag }, (_, t) => (t === 0 ? (i % 2) * 2 - 1 : 0.2 * Math.sin(i * 12.9898 + t * 78.233))),
    targets: [i % 2],
  }));

const layers = (units: number, layer: Layer): Layer[] => [layer, dense({ units })];

export const pictures: Record<string, () => Promise<Picture>> = {
  async rate() {
    const run = (learningRate: number) =>
      losses({
        config: { input: { features: 1 }, layers: layers(1, lstm({ units: 16 })) },
        options: { loss: "mse", optimizer: adam({ learningRate }), batch: 8 },
        data: pieces(standardised, 12),
        epochs: 60,
      });
    const curves = await compared({ "2: too high": 2, "0.01: right": 0.01, "0.0002: too low": 0.0002 }, run);
    return { title: "Three learning rates", x: "epoch", y: "loss", log: true, curves };
  },

  async scale() {
    const run = async (scaled: boolean) => {
      const { train } = await losses({
        config: {
          input: { features: 1 },
          layers: layers(1, lstm({ units: 16 })),
          ...(scaled && { scaler: { inputs: scale, targets: scale } }),
        },
        options: { loss: "mse", optimizer: adam({ learningRate: 0.01 }), batch: 8 },
        data: pieces(heat, 12),
        epochs: 60,
      });
      return train.map((loss) => Math.sqrt(loss) * (scaled ? scale.deviation[0]! : 1));
    };
    const [raw, scaled] = [await run(false), await run(true)];
    return {
      title: "Temperatures in °C, with and without a scaler",
      x: "epoch",
      y: "error, °C",
      curves: [curve("as they are", raw), curve("with a scaler", scaled)],
    };
  },

  async exploding() {
    const run = (clipNorm?: number) =>
      losses({
        config: {
          input: { features: 1 },
          layers: layers(1, rnn({ units: 32, activation: "relu", initial: { recurrent: normal({ deviation: 0.2 }) } })),
        },
        options: { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), batch: 4, window: 90, ...(clipNorm && { clipNorm }) },
        data: pieces(standardised, 12),
        epochs: 30,
      });
    const curves = await compared({ "without clipNorm": undefined, "clipNorm: 0.5": 0.5 }, run);
    return { title: "A ReLU network over 90 steps", x: "epoch", y: "loss", curves };
  },

  async forget() {
    const run = (layer: Layer) =>
      losses({
        config: { input: { features: 1 }, layers: layers(2, layer), output: "last" },
        options: { loss: "crossEntropy", optimizer: adam({ learningRate: 0.005 }), batch: 20, clipNorm: 1 },
        data: recall(150, 200),
        epochs: 40,
      });
    const cases = {
      "by default": lstm({ units: 16 }),
      "forgetBias: 3": lstm({ units: 16, forgetBias: 3 }),
      "chrono: 150": lstm({ units: 16, chrono: 150 }),
    };
    const curves = await compared(cases, run);
    return { title: "The first of 150 steps decides", x: "epoch", y: "loss", curves };
  },

  async window() {
    const run = (window: number) =>
      losses({
        config: { input: { features: 1 }, layers: layers(2, lstm({ units: 16, forgetBias: 2 })), output: "last" },
        options: { loss: "crossEntropy", optimizer: adam({ learningRate: 0.005 }), batch: 20, clipNorm: 1, window },
        data: recall(60, 200),
        epochs: 60,
      });
    const curves = await compared({ "window: 20": 20, "window: 60": 60 }, run);
    return { title: "The first of 60 steps decides", x: "epoch", y: "loss", curves };
  },

  async overfitting() {
    const { train, held } = await losses({
      config: { input: { features: 1 }, layers: layers(1, gru({ units: 64 })) },
      options: { loss: "mse", optimizer: adam({ learningRate: 0.01 }), batch: 4, clipNorm: 1 },
      data: pieces(standardised, 4),
      validation: pieces(standardised.subarray(730), 8),
      epochs: 100,
    });
    return { title: "One year of days, 64 units", x: "epoch", y: "loss", curves: [curve("learned from", train), curve("held out", held)] };
  },
};
