/** Weights, reductions and metrics through the public names; the losses' numbers are those of cases.ts. */

import { describe, expect, test } from "vitest";
import type { Loss, Metric, Report } from "../src/index.js";
import {
  adam,
  binaryCrossEntropy,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  huber,
  lstm,
  mae,
  mse,
  quantile,
  resumeTrainer,
} from "../src/index.js";
import { asSequences, type Case, examples, relativeError } from "./helpers/cases.js";

const entry: Case = {
  name: "",
  model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 3 })], output: "every" },
  loss: "mse",
  weighted: true,
  lengths: [12, 3, 25, 8, 17, 5, 9],
};
const sequences = asSequences(examples(entry));
const options = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), window: 6, batch: 3, seed: 5 } as const;
const fresh = () => createTrainer(createModel({ ...entry.model, seed: 2 }), options);

describe("weights", () => {
  test("a weight of 2 is a target given twice, and one of 0 is none: the mean is over the sum of weights", () => {
    const { inputs, targets } = sequences[0] as { inputs: number[][]; targets: number[][] };
    const [one, two] = [
      { inputs: inputs.slice(0, 4), targets: targets.slice(0, 4) },
      { inputs: inputs.slice(4), targets: targets.slice(4) },
    ];
    const [ones, twos] = [new Array(4).fill(1), new Array(8).fill(2)];
    const weighted = fresh().gradients([
      { ...one, weights: ones },
      { ...two, weights: twos },
      { ...one, weights: [0, 0, 0, 0] },
    ]);
    const repeated = fresh().gradients([one, two, two]);
    expect(relativeError([weighted.loss], [repeated.loss])).toBeLessThan(1e-6);
    for (const [name, { data }] of Object.entries(weighted.gradients))
      expect(relativeError(data, repeated.gradients[name]!.data), name).toBeLessThan(1e-5);
    // The reports of fit and evaluation add up over windows in the same way.
    const windows = fresh().model.evaluate(
      [
        { ...one, weights: ones },
        { ...two, weights: twos },
      ],
      { loss: "mse" },
    );
    expect(relativeError([windows.loss], [repeated.loss])).toBeLessThan(1e-6);
  });

  const LOSSES: Extract<Loss, { missing?: unknown }>[] = [
    ...(["mse", "mae", "huber", "binaryCrossEntropy", "gaussianNLL"] as const).map((type) => ({ type })),
    quantile({ quantiles: [0.2, 0.5] }),
  ];
  test.each(LOSSES.map((loss) => [loss.type, loss] as const))("%s: what is not there changes nothing, said in any way", (type, loss) => {
    const per = type === "gaussianNLL" || type === "quantile" ? 3 : 6;
    const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 6 })], seed: 2 });
    const trained = (given: (typeof LOSSES)[number]) => createTrainer(model, { ...options, loss: given });
    const [batch] = [examples({ ...entry, lengths: [5, 3, 7, 4] })];
    const gone = (row: number, n: number, k: number) => n === 1 || (row + 2 * n + 3 * k) % 4 === 0;
    const made = (there: (row: number, n: number, k: number) => number) =>
      batch.map(({ inputs }, row) => ({
        inputs: inputs as number[][],
        targets: inputs.map((_, n) => Array.from({ length: per }, (_, k) => there(row, n, k))),
      }));
    const goal = (row: number, n: number, k: number) => ((row + n + k) % 5) / 5;
    const weights = (row: number, { length }: ArrayLike<unknown>) =>
      Array.from({ length }, (_, n) => Array.from({ length: per }, (_, k) => (gone(row, n, k) ? 0 : 1)));
    const weighted = made(goal).map((one, row) => ({ ...one, weights: weights(row, one.inputs) }));
    const expected = trained(loss).gradients(weighted);
    expect(expected.loss).toBeGreaterThan(-Infinity);
    for (const value of [NaN, Infinity, 1e300, -7]) {
      const holes = made((row, n, k) => (gone(row, n, k) ? value : goal(row, n, k)));
      expect(trained(loss).gradients(holes.map((one, row) => ({ ...one, weights: weights(row, one.inputs) })))).toEqual(expected);
      const flat = holes.map((one, row) => ({ ...one, targets: one.targets.flat(), weights: weights(row, one.inputs).flat() }));
      expect(trained(loss).gradients(flat)).toEqual(expected);
      if (Number.isNaN(value)) expect(trained({ ...loss, missing: "ignore" }).gradients(holes)).toEqual(expected);
    }
    // Of some horizons at some steps, as the mean over what is there; metrics as well.
    const [one] = [made((row, n, k) => (gone(row, n, k) ? NaN : goal(row, n, k)))];
    const metrics = per === 6 ? [type === "binaryCrossEntropy" ? ("accuracy" as const) : ("rmse" as const)] : [];
    const scores = model.evaluate(one, { loss: { ...loss, missing: "ignore" }, metrics });
    expect(relativeError([scores.loss], [expected.loss])).toBeLessThan(1e-5);
    expect(scores).toEqual(model.evaluate(weighted, { loss, metrics }));
    expect(() => trained(loss).gradients(one)).toThrow("expected a");
  });

  test("a step of weight 0 may have anything for a target, also NaN; one without any target that is there does not learn", () => {
    const { inputs, targets } = sequences[1] as { inputs: number[][]; targets: number[][] };
    const weights = [1, 0, 2];
    const holes = targets.map((row, n) => (n === 1 ? [NaN, -Infinity, 1e300] : row));
    expect(fresh().gradients([{ inputs, targets: holes, weights }])).toEqual(fresh().gradients([{ inputs, targets, weights }]));
    const trainer = createTrainer(createModel({ ...entry.model, seed: 2 }), { ...options, loss: mse({ missing: "ignore" }) });
    expect(trainer.step([{ inputs, targets: targets.map(() => [NaN, NaN, NaN]) }])).toBeNaN();
    expect(trainer.updates).toBe(0);
    // A window with gaps, and one without: nothing is left of the former.
    expect(trainer.gradients([{ inputs, targets: [[1, NaN, 2], ...targets.slice(1)] }]).loss).toBeGreaterThan(0);
    expect(trainer.gradients([{ inputs, targets }])).toEqual(fresh().gradients([{ inputs, targets }]));
  });

  test("an interrupted epoch goes on bit for bit from sums that are no integers", async () => {
    const whole: Report[] = [];
    for await (const report of fresh().fit(sequences, { epochs: 2, every: 2 })) whole.push(report);
    const trainer = fresh();
    const parts: Report[] = [];
    for await (const report of trainer.fit(sequences, { every: 2 })) if (parts.push(report) === 2) break;
    for await (const report of resumeTrainer(trainer.save()).fit(sequences, { epochs: 2, every: 2 })) parts.push(report);
    expect(parts).toEqual(whole);
  });
});

test("a trainer that goes on has the loss that it was saved with, numbers and all", () => {
  const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 2 }), dense({ units: 4 })] });
  for (const loss of [
    crossEntropy({ classWeights: Float32Array.of(0.1, 2, 0, 1), labelSmoothing: 0.1, reduction: "sum" }),
    quantile({ quantiles: [0.1, 0.9] }),
  ]) {
    const trainer = createTrainer(model, { loss, optimizer: adam() });
    expect(resumeTrainer(trainer.save()).options).toEqual(trainer.options);
    expect(trainer.options.loss).toMatchObject({ ...loss, ...("classWeights" in loss && { classWeights: [Math.fround(0.1), 2, 0, 1] }) });
  }
});

describe("metrics", () => {
  /** From the outputs alone: what each step adds to the metric's mean, and how much it counts. */
  type Step = (y: number[], target: number | number[], loss: Loss) => { value: number; count: number };
  const classWeight = (loss: Loss, target: number) => ("classWeights" in loss && loss.classWeights ? loss.classWeights[target]! : 1);
  const ofClass =
    (value: (y: number[], target: number) => number): Step =>
    (y, target, loss) => {
      const count = target === -100 ? 0 : classWeight(loss, target as number);
      return { value: count === 0 ? 0 : count * value(y, target as number), count };
    };
  const ofOutputs =
    (value: (y: number, goal: number) => number): Step =>
    (y, target) => ({ value: y.reduce((sum, out, k) => sum + value(out, (target as number[])[k]!), 0), count: y.length });
  const nats = ofClass((y, target) => Math.log(y.reduce((sum, out) => sum + Math.exp(out), 0)) - y[target]!);

  const weighted = crossEntropy({ classWeights: [0.5, 2, 1.5], labelSmoothing: 0.2 });
  const rows: [Metric, Loss, Step, (mean: number) => number][] = [
    ["accuracy", crossEntropy(), ofClass((y, target) => Number(y.indexOf(Math.max(...y)) === target)), (mean) => mean],
    ["accuracy", weighted, ofClass((y, target) => Number(y.indexOf(Math.max(...y)) === target)), (mean) => mean],
    ["accuracy", binaryCrossEntropy(), ofOutputs((y, goal) => Number(y >= 0 === goal >= 0.5)), (mean) => mean],
    ["perplexity", crossEntropy(), nats, Math.exp],
    ["bitsPerCharacter", weighted, nats, (mean) => mean / Math.log(2)],
    ["mae", mse(), ofOutputs((y, goal) => Math.abs(y - goal)), (mean) => mean],
    ["mae", huber(), ofOutputs((y, goal) => Math.abs(y - goal)), (mean) => mean],
    ["rmse", mae(), ofOutputs((y, goal) => (y - goal) ** 2), Math.sqrt],
  ];
  describe.each([
    [3, "every"],
    [9, "every"],
    [9, "last"],
  ] as const)("%d rows, output %s", (count, output) => {
    const lengths = [130, 3, 25, 8, 17, 5, 9, 1, 12].slice(0, count);
    test.each(rows.map((row) => [row[0], row[1].type, row] as const))("%s with %s", (metric, _, [, loss, step, of]) => {
      const one: Case = { ...entry, model: { ...entry.model, output }, loss, lengths };
      const model = createModel({ ...one.model, seed: 3 });
      const batch = examples(one);
      const costs = model.predict(asSequences(batch)).flatMap((y, row) =>
        batch[row]!.targets.map((target, n) => {
          const { value, count } = step([...y.subarray(3 * n, 3 * n + 3)], target, loss);
          const weight = batch[row]!.weights![n] as number;
          return { value: value * weight, count: count * weight };
        }),
      );
      const expected = of(costs.reduce((sum, { value }) => sum + value, 0) / costs.reduce((sum, { count }) => sum + count, 0));
      const scores = model.evaluate(asSequences(batch), { loss, metrics: [metric] });
      expect(relativeError([scores[metric]], [expected])).toBeLessThan(1e-5);
      expect(scores.loss).toBe(model.evaluate(asSequences(batch), { loss }).loss);
      expect(Object.keys(scores)).toEqual(["loss", metric]);
    });
  });

  test("of equal logits the first is the answer, and a logit of 0 stands for yes", () => {
    const zeros = (loss: Loss["type"], targets: number[]) => {
      const model = createModel({ input: { features: 1 }, layers: [dense({ units: 2 })] });
      model.setParameters({
        "dense.weight": { shape: [2, 1], data: new Float32Array(2) },
        "dense.bias": { shape: [2], data: new Float32Array(2) },
      });
      return model.evaluate([{ inputs: [1, 2, 3, 4], targets }], { loss, metrics: ["accuracy"] }).accuracy;
    };
    expect(zeros("crossEntropy", [0, 1, 0, 0])).toBe(0.75);
    expect(zeros("binaryCrossEntropy", [1, 0.5, 0.4, 0, 0.6, 0.2, 0.1, 0])).toBe(3 / 8);
  });

  test("fit reports them for the validation data, each epoch", async () => {
    const trainer = fresh();
    const reports: Report[] = [];
    for await (const report of trainer.fit(sequences, { epochs: 2, every: 2, validation: sequences, metrics: ["rmse", "mae"] }))
      reports.push(report);
    const { loss, ...metrics } = trainer.evaluate(sequences, { metrics: ["rmse", "mae"] });
    expect(reports.at(-1)).toMatchObject({ validationLoss: loss, metrics });
    expect(metrics.rmse).toBeCloseTo(Math.sqrt(loss), 6);
    expect(reports.map((report) => "metrics" in report)).toEqual(reports.map(({ end }) => end));
  });
});
