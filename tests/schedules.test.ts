/** The rate of each update: PyTorch's schedulers, and that it is the one that is used. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Report, Schedule } from "../src/index.js";
import { createModel, createTrainer, dense, plateau, sgd } from "../src/index.js";
import { checkSchedule, factorAfter, see } from "../src/training/schedules.js";
import { relativeError } from "./helpers/cases.js";

/** Made by vectors/schedules.py, for a learning rate of 0.3. */
const vectors: { schedule: Schedule; rates: number[]; losses?: number[] }[] = JSON.parse(
  readFileSync(new URL("vectors/schedules.json", import.meta.url), "utf8"),
);
const titled = (losses: boolean) =>
  vectors.filter((vector) => Boolean(vector.losses) === losses).map((vector) => [JSON.stringify(vector.schedule), vector] as const);

/** A model of which each update takes the rate to the bias: the outputs stay below the targets, at which the slope is -1. */
const climbing = (schedule: Schedule, learningRate = 0.3) => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  model.setParameters({ "dense.bias": { shape: [1], data: Float32Array.of(0) } });
  const trainer = createTrainer(model, { loss: "mae", optimizer: sgd({ learningRate }), schedule, batch: 1 });
  return { trainer, height: () => model.parameters()["dense.bias"]!.data[0]! };
};
const far = { inputs: [0], targets: [1e6] };
const collect = async (reports: AsyncIterable<Report>) => {
  const all: Report[] = [];
  for await (const report of reports) all.push(report);
  return all;
};

test.each(titled(false))("PyTorch: %s", async (_, { schedule, rates }) => {
  const { trainer, height } = climbing(schedule);
  let sum = 0;
  const reported: number[] = [];
  for await (const { learningRate } of trainer.fit(new Array(rates.length).fill(far), { every: 1 })) {
    reported.push(learningRate);
    sum += rates[reported.length - 1]!;
    expect(relativeError([height()], [sum])).toBeLessThan(1e-5);
  }
  expect(reported.length).toBe(rates.length);
  reported.forEach((rate, n) => expect(Math.abs(rate - rates[n]!), `update ${n}`).toBeLessThan(1e-14));
});

describe("plateau", () => {
  test.each(titled(true))("PyTorch: %s", (_, { schedule, rates, losses }) => {
    const checked = checkSchedule("schedule", schedule);
    let seen = { factor: 1, loss: null as number | null, epochs: 0 };
    losses!.forEach((loss, n) => {
      expect(relativeError([0.3 * factorAfter(checked, n, seen)], [rates[n]!]), `epoch ${n}`).toBeLessThan(1e-13);
      seen = see(checked, seen, loss);
    });
  });

  test("looks at the validation loss where there is one", async () => {
    const rates = async (validation: boolean) => {
      const { trainer } = climbing(plateau({ factor: 0.5, patience: 1, threshold: 0 }));
      // What climbs comes nearer to the one and leaves the other.
      const settings = validation ? { validation: [{ inputs: [0], targets: [-1e6] }] } : {};
      return (await collect(trainer.fit([{ inputs: [0], targets: [1000] }], { epochs: 7, ...settings }))).map((r) => r.learningRate);
    };
    expect(await rates(false)).toEqual(new Array(7).fill(0.3));
    expect(await rates(true)).toEqual([0.3, 0.3, 0.3, 0.15, 0.15, 0.075, 0.075]);
  });
});

test("beyond its updates the cosine stays at its minimum; constants of no warmup are 1 from the first update", () => {
  const none = { factor: 1, loss: null, epochs: 0 };
  const cosine = checkSchedule("schedule", { type: "cosine", updates: 20, minimum: 0.25, warmup: 5 });
  expect([0, 4, 5, 25, 26, 1e9].map((n) => factorAfter(cosine, n, none))).toEqual([0.2, 1, 1, 0.25, 0.25, 0.25]);
  expect(factorAfter(checkSchedule("schedule", undefined), 0, none)).toBe(1);
  const halving = checkSchedule("schedule", { type: "exponential", decay: 1e-30, every: 100_000 });
  expect(relativeError([factorAfter(halving, 50_000, none)], [1e-15])).toBeLessThan(1e-9);
});
