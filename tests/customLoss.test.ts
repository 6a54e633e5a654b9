/** Losses of the user's own. */

import { describe, expect, test } from "vitest";
import type { CustomFunction, Loss, Sequence } from "../src/index.js";
import {
  adam,
  createModel,
  createOnlineLearner,
  createTrainer,
  customLoss,
  dense,
  gaussianNLL,
  gru,
  lstm,
  mse,
  resumeOnlineLearner,
  resumeTrainer,
  sgd,
} from "../src/index.js";
import { createTrainer as createParallel, resumeTrainer as resumeParallel } from "../src/parallel/trainer.js";
import { createTrainer as createWorker } from "../src/worker/trainer.js";
import { numbers, relativeError } from "./helpers/cases.js";
import { any, refuses } from "./helpers/refusals.js";

const squares: CustomFunction = (outputs, targets, weights) => ({
  loss: outputs.reduce((sum, y, i) => sum + weights[i]! * (y - targets[i]!) ** 2, 0),
  gradient: outputs.map((y, i) => 2 * weights[i]! * (y - targets[i]!)),
});
/** Of one target for each step, by mean and logarithm of the variance. */
const gaussian: CustomFunction = (outputs, targets, weights) => {
  const gradient = new Float64Array(outputs.length);
  let loss = 0;
  targets.forEach((target, i) => {
    const [mean, s, w] = [outputs[2 * i]!, outputs[2 * i + 1]!, weights[i]!];
    const precision = Math.exp(-s);
    loss += 0.5 * w * (s + (target - mean) ** 2 * precision);
    gradient[2 * i] = w * (mean - target) * precision;
    gradient[2 * i + 1] = 0.5 * w * (1 - (target - mean) ** 2 * precision);
  });
  return { loss, gradient };
};

const config = { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 2 })], seed: 3 };
const draw = (per: number, missing = false): Sequence[] => {
  const next = numbers(9);
  return [7, 3, 12, 5, 1, 9, 4, 8].map((length, i) => ({
    inputs: Array.from({ length }, () => [next(), next()]),
    targets: Array.from({ length }, () => Array.from({ length: per }, () => (missing && next() > 0.6 ? NaN : next()))),
    ...(i % 2 === 0 && { weights: Array.from({ length }, () => Math.max(0, next() + 0.5)) }),
  }));
};
const options = { optimizer: adam({ learningRate: 0.01 }), window: 4, batch: 3, seed: 5 };
const make = (loss: Loss, more: object = {}) => createTrainer(createModel(config), { ...options, ...more, loss });

describe("a loss that memcell has as well comes to the same", () => {
  const PAIRS: [string, Loss, Loss, number][] = [
    ["squares", mse(), customLoss(squares), 2],
    ["squares, their sum", mse({ reduction: "sum" }), customLoss(squares, { reduction: "sum" }), 2],
    ["squares, some missing", mse({ missing: "ignore" }), customLoss(squares, { missing: "ignore" }), 2],
    ["normal distributions", gaussianNLL(), customLoss(gaussian, { targets: 1 }), 1],
  ];
  test.each(PAIRS)("%s", async (_, known, own, per) => {
    const sequences = draw(per, known.type === "mse" && known.missing === "ignore");
    for (const rows of [1, 3, 8]) {
      const [expected, found] = [known, own].map((loss) => make(loss).gradients(sequences.slice(0, rows)));
      expect(relativeError([found!.loss], [expected!.loss])).toBeLessThan(1e-6);
      for (const [name, { data }] of Object.entries(found!.gradients)) {
        expect(relativeError(data, expected!.gradients[name]!.data), name).toBeLessThan(1e-5);
      }
    }
    const [one, two] = [known, own].map((loss) => make(loss, { accumulate: 2, stride: 2 }));
    const reports = [
      await one!.fit(sequences, { epochs: 2, validation: sequences }),
      await two!.fit(sequences, { epochs: 2, validation: sequences }),
    ];
    expect(relativeError([reports[1]!.loss, reports[1]!.validationLoss], [reports[0]!.loss, reports[0]!.validationLoss])).toBeLessThan(
      1e-4,
    );
    expect(
      relativeError([two!.model.evaluate(sequences, { loss: own }).loss], [one!.model.evaluate(sequences, { loss: known }).loss]),
    ).toBeLessThan(1e-4);
  });

  test("in the user's units, where the model has a scaler of targets", () => {
    const scale = { mean: [1000], deviation: [20] };
    const sequences = draw(1).map((one) => ({ ...one, targets: (one.targets as number[][]).map(([y]) => 1000 + 20 * y!) }));
    const [known, own] = [gaussianNLL(), customLoss(gaussian, { targets: 1 })].map((loss) => {
      const model = createModel({ ...config, scaler: { targets: scale, outputs: "gaussianNLL" } });
      return createTrainer(model, { ...options, loss });
    });
    expect(relativeError([own!.gradients(sequences).loss], [known!.gradients(sequences).loss])).toBeLessThan(1e-6);
    const running = (loss: Loss) => {
      const model = createModel({ ...config, layers: [gru({ units: 3 }), dense({ units: 2 })] });
      const learner = createOnlineLearner(model, { loss, optimizer: sgd({ learningRate: 0.1 }), scaler: "running" });
      for (let t = 0; t < 20; t++) learner.step([Math.sin(t), 1], [1000 + 20 * Math.cos(t), 0.5 + t]);
      return learner;
    };
    expect(relativeError([running(customLoss(squares)).loss], [running(mse()).loss])).toBeLessThan(1e-4);
    expect(running(customLoss(squares)).model.config.scaler.targets).toEqual(running(mse()).model.config.scaler.targets);
  });

  test("online", () => {
    const online = (loss: Loss) =>
      createOnlineLearner(createModel({ ...config, layers: [gru({ units: 3 }), dense({ units: 2 })] }), {
        loss,
        optimizer: sgd({ learningRate: 0.1 }),
      });
    const [known, own] = [online(mse()), online(customLoss(squares))];
    for (let t = 0; t < 20; t++) for (const learner of [known, own]) learner.step([Math.sin(t), 1], [Math.cos(t), 0.5]);
    expect(relativeError([own.loss], [known.loss])).toBeLessThan(1e-4);
    const goesOn = resumeOnlineLearner(own.save(), { loss: customLoss(squares) });
    expect(goesOn.step([1, 2], [0, 0])).toEqual(own.step([1, 2], [0, 0]));
    expect(() => resumeOnlineLearner(own.save())).toThrow('"loss" expected the customLoss(f)');
  });
});

test("the function sees the steps that count, sequence by sequence", () => {
  const seen: number[][] = [];
  const loss = customLoss((outputs, targets, weights) => {
    seen.push([...targets], [...weights], [outputs.length]);
    return { loss: 0, gradient: new Array(outputs.length).fill(0) };
  });
  make(loss).step([
    {
      inputs: [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
      targets: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      weights: [1, 0, 0.5],
    },
    { inputs: [[0, 0]], targets: [[7, 8]] },
  ]);
  expect(seen).toEqual([[1, 2, 5, 6, 7, 8], [1, 1, 0.5, 0.5, 1, 1], [6]]);
});

test("a saved trainer goes on, bit for bit, with the function that it is given", async () => {
  const sequences = draw(2);
  const [whole, parted] = [make(customLoss(squares)), make(customLoss(squares))];
  await whole.fit(sequences, { epochs: 2 });
  for await (const _ of parted.fit(sequences, { every: 2 })) break;
  const resumed = resumeTrainer(parted.save(), { loss: customLoss(squares) });
  await resumed.fit(sequences, { epochs: 2 });
  expect(resumed.save()).toEqual(whole.save());
  expect(Object.isFrozen(squares)).toBe(false);
});

test("after an error of the function the trainer is as it was", () => {
  const [first] = draw(2);
  let bad = false;
  const trainer = make(customLoss((...args) => (bad ? { loss: NaN, gradient: [] } : squares(...args))));
  const other = make(customLoss(squares));
  trainer.step([first!]);
  other.step([first!]);
  bad = true;
  expect(() => trainer.step([first!], { carry: true })).toThrow('"customLoss.loss" expected a finite number, got NaN');
  bad = false;
  expect(trainer.step([first!], { carry: true })).toBe(other.step([first!], { carry: true }));
  expect(trainer.save()).toEqual(other.save());
});

describe("refused", () => {
  const sequences = draw(2);
  const result = (value: unknown) => () => make(customLoss(() => any(value))).step(sequences.slice(0, 1));
  const model = createModel(config);
  const own = { ...options, loss: customLoss(squares) };
  refuses([
    [
      "no function",
      TypeError,
      '"customLoss" expected a function (outputs, targets, weights) => ({ loss, gradient }), got "mse"',
      () => customLoss(any("mse")),
    ],
    ["its name alone", TypeError, '"loss.compute" expected a function', () => make(any("custom"))],
    [
      "options that are none",
      TypeError,
      'custom(3): "options" expected an object such as { targets: 1 }, got 3',
      () => customLoss(squares, any(3)),
    ],
    [
      "more targets than outputs",
      RangeError,
      '"loss.targets" expected an integer from 1 to 2, got 3',
      () => make(customLoss(squares, { targets: 3 })),
    ],
    ["no result", TypeError, '"customLoss" expected { loss, gradient } from its function, got undefined', result(undefined)],
    ["no loss", TypeError, '"customLoss.loss" expected a finite number, got undefined', result({ gradient: [] })],
    [
      "too short a gradient",
      RangeError,
      '"customLoss.gradient" expected 8 numbers, got an array of 3',
      result({ loss: 1, gradient: [1, 2, 3] }),
    ],
    [
      "NaN",
      RangeError,
      '"customLoss.gradient[1]" expected a finite number, got NaN',
      result({ loss: 1, gradient: [0, NaN, ...new Array(6).fill(0)] }),
    ],
    [
      "threads",
      RangeError,
      '"loss" expected no function, which other threads cannot have, got "custom"',
      () => createParallel(model, { ...own, threads: 2 }),
    ],
    ["a worker", RangeError, '"loss" expected no function', () => createWorker(model, own)],
    [
      "a file without its function",
      TypeError,
      '"loss" expected the customLoss(f) by which this was trained, as files hold no functions, got undefined',
      () => resumeTrainer(make(own.loss).save()),
    ],
    ["another loss", TypeError, '"loss" expected the customLoss(f)', () => resumeTrainer(make(own.loss).save(), { loss: any(mse()) })],
    [
      "such a file on threads",
      TypeError,
      '"loss" expected the customLoss(f) of resumeTrainer of memcell',
      () => resumeParallel(make(own.loss).save(), { threads: 2 }),
    ],
    [
      "a function for a file that needs none",
      RangeError,
      '"loss" expected none, as the file has the trainer\'s',
      () => resumeTrainer(make(mse()).save(), { loss: own.loss }),
    ],
  ]);
});
