/** The loss `ctc` through the public names: it learns, in every kind of trainer, and refuses what no steps can spell. */

import { adam, createModel, createOnlineLearner, createTrainer, ctc, dense, lstm, resumeTrainer, type Sequence } from "memcell";
import { beamDecode, greedyDecode } from "memcell/ctc";
import { createTrainer as createParallel, createPredictor } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
import { describe, expect, test } from "vitest";
import { numbers, relativeError } from "./helpers/cases.js";
import { any, refuses } from "./helpers/refusals.js";

/**
 * Letters are strokes in the plane, drawn at a speed of the writer's own, with rests between them: five of them, each a path of three
 * pieces. A word is up to four letters, often the same twice.
 */
const STROKES = [
  [
    [1, 0],
    [0, 1],
    [-1, 0],
  ],
  [
    [0, 1],
    [1, 0],
    [0, -1],
  ],
  [
    [-1, 0],
    [0, -1],
    [1, 0],
  ],
  [
    [1, 1],
    [-1, 1],
    [0, -1],
  ],
  [
    [0, -1],
    [0, 1],
    [1, 1],
  ],
] as const;
const [LETTERS, BLANK] = [STROKES.length, STROKES.length];

function words(count: number, seed: number): (Sequence & { targets: number[] })[] {
  const next = numbers(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n);
  return Array.from({ length: count }, () => {
    const targets = Array.from({ length: 1 + below(4) }, () => below(LETTERS));
    const inputs: number[][] = [];
    const rest = () => {
      for (let t = below(3); t >= 0; t--) inputs.push([0.2 * next(), 0.2 * next()]);
    };
    rest();
    for (const letter of targets) {
      for (const [x, y] of STROKES[letter]!) for (let t = below(3); t >= 0; t--) inputs.push([x + 0.2 * next(), y + 0.2 * next()]);
      rest();
    }
    return { inputs, targets };
  });
}

const config = {
  input: { features: 2 },
  layers: [lstm({ units: 24, bidirectional: "concat" }), dense({ units: LETTERS + 1 })],
  seed: 3,
} as const;
const options = { loss: ctc({ blank: BLANK }), optimizer: adam({ learningRate: 0.01 }), batch: 16, clipNorm: 1, seed: 2 } as const;
const small = words(23, 5);

test("it learns to read letters that are written at any speed", async () => {
  const model = createModel({ ...config, layers: [...config.layers] });
  const [train, unseen] = [words(240, 1), words(60, 2)];
  const { validationLoss } = await createTrainer(model, options).fit(train, { epochs: 15, validation: unseen });
  const outputs = model.predict(unseen);
  const right = (read: (y: Float32Array) => number[]) =>
    outputs.filter((y, i) => read(y).join() === unseen[i]!.targets.join()).length / unseen.length;
  expect(validationLoss).toBeLessThan(0.5);
  expect(right((y) => greedyDecode(y, { classes: LETTERS + 1, blank: BLANK }).labels)).toBeGreaterThan(0.9);
  expect(right((y) => beamDecode(y, { classes: LETTERS + 1, blank: BLANK })[0].labels)).toBeGreaterThan(0.9);
  // What the decoder says of the labels is what the loss says.
  const losses = unseen.map((one) => model.evaluate([one], { loss: options.loss }).loss);
  outputs.forEach((y, i) => {
    const found = beamDecode(y, { classes: LETTERS + 1, blank: BLANK, width: 50 }).find(
      ({ labels }) => labels.join() === unseen[i]!.targets.join(),
    );
    expect(Math.abs(found!.logProbability + losses[i]!)).toBeLessThan(1e-3 * Math.max(1, losses[i]!));
  });
  expect(losses.reduce((sum, loss) => sum + loss) / 60).toBeCloseTo(model.evaluate(unseen, { loss: options.loss }).loss, 5);
});

describe("every kind of trainer", () => {
  const make = (more: object = {}) => createTrainer(createModel({ ...config, layers: [...config.layers] }), { ...options, ...more });

  test("the window is the whole sequence; the loss of a batch is that of its sequences", () => {
    expect(make().options).toMatchObject({ window: Infinity, stride: Infinity, loss: { type: "ctc", blank: BLANK, reduction: "mean" } });
    const each = small.map((one) => make().gradients([one]));
    const all = make().gradients(small);
    expect(relativeError([all.loss], [each.reduce((sum, { loss }) => sum + loss, 0) / small.length])).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(all.gradients)) {
      const mean = data.map((_, i) => each.reduce((sum, { gradients }) => sum + gradients[name]!.data[i]!, 0) / small.length);
      expect(relativeError(data, mean), name).toBeLessThan(1e-4);
    }
    // A weight of 2 is a sequence given twice, and one of 0 is none, whatever its labels.
    const [one, two] = small as Sequence[] as [Sequence, Sequence];
    const weighted = make().gradients([
      { ...one, weights: 2 },
      { ...two, weights: [1] },
      { ...two, targets: [99], weights: 0 },
    ]);
    expect(relativeError([weighted.loss], [make().gradients([one, one, two]).loss])).toBeLessThan(1e-6);
    expect(make({ loss: ctc({ blank: BLANK, reduction: "sum" }) }).gradients([one, two]).loss).toBeCloseTo(
      make().gradients([one, two]).loss,
      5,
    );
    // Longer targets come later: the scratch grows.
    const trainer = make();
    trainer.step([{ ...one, targets: [] }]);
    expect(trainer.gradients([one])).toEqual(trainer.gradients([one]));
  });

  test("two windows are one update of both; an interrupted fit goes on bit for bit", async () => {
    const [first, second] = [small.slice(0, 8), small.slice(8, 16)];
    const [two, one] = [make({ accumulate: 2 }), make()];
    two.step(first);
    two.step(second);
    one.step([...first, ...second]);
    for (const [name, { data }] of Object.entries(two.model.parameters())) {
      expect(relativeError(data, one.model.parameters()[name]!.data), name).toBeLessThan(1e-4);
    }
    const whole = make({ batch: 4 });
    await whole.fit(small, { epochs: 2 });
    const parted = make({ batch: 4 });
    for await (const _ of parted.fit(small, { every: 2 })) break;
    const resumed = resumeTrainer(parted.save());
    await resumed.fit(small, { epochs: 2 });
    expect(resumed.save()).toEqual(whole.save());
  });

  test("on several threads, and in a worker", async () => {
    const here = make();
    const expected = here.gradients(small);
    const parallel = createParallel(createModel({ ...config, layers: [...config.layers] }), { ...options, threads: 2 });
    const { loss, gradients } = await parallel.gradients(small);
    expect(relativeError([loss], [expected.loss])).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(gradients))
      expect(relativeError(data, expected.gradients[name]!.data), name).toBeLessThan(1e-4);
    const scores = await createPredictor(here.model, { threads: 2 }).evaluate(small, { loss: options.loss });
    expect(relativeError([scores.loss], [here.evaluate(small).loss])).toBeLessThan(1e-5);
    await here.fit(small);
    const worker = createWorker(createModel({ ...config, layers: [...config.layers] }), options);
    await worker.fit(small);
    expect(worker.model.save()).toEqual(here.model.save());
    await parallel.fit(small);
    parallel.close();
    worker.close();
  });

  const [one] = small as Sequence[] as [Sequence];
  const short = {
    inputs: [
      [1, 0],
      [0, 1],
    ],
    targets: [1],
  };
  const trainer = make();
  refuses([
    [
      "more labels than steps",
      RangeError,
      '"sequences[1].targets" expected labels that 2 steps can spell (these need 3), got an array of 3',
      () => trainer.step([one, { ...short, targets: [1, 2, 3] }]),
    ],
    [
      "two equal ones without room for a blank",
      RangeError,
      '"sequences[0].targets" expected labels that 2 steps can spell (these need 2 and 1 of blanks between equal ones), got an array of 2',
      () => trainer.step([{ ...short, targets: [1, 1] }]),
    ],
    [
      "the blank as a label",
      RangeError,
      '"sequences[0].targets[0]" expected a label other than 5, the blank, got 5',
      () => trainer.step([{ ...short, targets: [5] }]),
    ],
    [
      "a label that is none",
      RangeError,
      '"sequences[0].targets[1]" expected an integer from 0 to 5, got 6',
      () => trainer.step([{ ...short, targets: [0, 6] }]),
    ],
    [
      "no targets",
      TypeError,
      '"sequences[0].targets" expected an array or a typed array of labels, got undefined',
      () => trainer.step([{ inputs: [[1, 2]] }]),
    ],
    [
      "a weight for each step",
      RangeError,
      '"sequences[0].weights" expected 1 numbers, got an array of 2',
      () => trainer.step([{ ...short, weights: [1, 2] }]),
    ],
    [
      "a window",
      RangeError,
      '"window" expected Infinity, as the loss is ctc, which needs whole sequences, got 64',
      () => createTrainer(createModel({ input: { features: 2 }, layers: [lstm({ units: 2 })] }), { ...options, loss: "ctc", window: 64 }),
    ],
    [
      "a stride",
      RangeError,
      '"stride" expected Infinity, as the loss is ctc, which needs whole sequences, got 2',
      () => createTrainer(createModel({ input: { features: 2 }, layers: [lstm({ units: 2 })] }), { ...options, loss: "ctc", stride: 2 }),
    ],
    [
      "one output",
      RangeError,
      '"loss" expected a model with at least two outputs for ctc',
      () => createTrainer(createModel({ input: { features: 2 }, layers: [lstm({ units: 1 })] }), { ...options, loss: "ctc" }),
    ],
    [
      "the output of the last step",
      RangeError,
      '"loss" expected a model with output "every" for ctc',
      () =>
        createTrainer(createModel({ input: { features: 2 }, layers: [lstm({ units: 3 })], output: "last" }), { ...options, loss: "ctc" }),
    ],
    [
      "a blank that is no output",
      RangeError,
      '"loss.blank" expected an integer from 0 to 5, got 6',
      () => make({ loss: ctc({ blank: 6 }) }),
    ],
    [
      "an online learner",
      RangeError,
      '"loss" expected a loss of single steps, for an online learner, got "ctc"',
      () => createOnlineLearner(createModel({ input: { features: 2 }, layers: [lstm({ units: 2 })] }), { loss: "ctc", optimizer: adam() }),
    ],
    [
      "a metric",
      RangeError,
      '"loss" expected one of crossEntropy, binaryCrossEntropy for accuracy, got "ctc"',
      () => trainer.evaluate([one], { metrics: ["accuracy"] }),
    ],
    ["what is no object", TypeError, 'ctc(3): "options" expected an object such as { blank: 0 }, got 3', () => ctc(any(3))],
  ]);
});
