/** Sequences: every wrong kind (TypeError) and value (RangeError) is refused with its place, and changes nothing. */

import { describe, expect, test } from "vitest";
import { adam, createModel, createTrainer, crossEntropy, sgd } from "../../src/index.js";
import { any, features, refuses, tokens, trained } from "../helpers/refusals.js";

describe("sequences", () => {
  const model = createModel(features);
  const trainer = createTrainer(model, { ...trained, optimizer: sgd({ learningRate: 0.1 }) });
  const good = {
    inputs: [
      [1, 2],
      [3, 4],
    ],
    targets: [
      [5, 6],
      [7, 8],
    ],
  };
  const bad: [string, typeof TypeError | typeof RangeError, string, unknown][] = [
    ["nothing", TypeError, '"sequences" expected sequences: an array or an iterable of { inputs, targets }, got undefined', undefined],
    ["a typed array", TypeError, '"sequences" expected sequences', new Float32Array(3)],
    ["no sequence", RangeError, '"sequences" expected at least one sequence, got an array of 0', []],
    [
      "a sequence that is none",
      TypeError,
      '"sequences[1]" expected an object with inputs, targets, weights, state, got null',
      [good, null],
    ],
    [
      "an array for a sequence",
      TypeError,
      '"sequences[0]" expected an object with inputs, targets, weights, state, got an array of 2',
      [[1, 2]],
    ],
    [
      "an unknown key",
      RangeError,
      '"sequences[0].target" is not an option; the options are inputs, targets, weights',
      [{ ...good, target: 1 }],
    ],
    ["no inputs", TypeError, '"sequences[0].inputs" expected an array or a typed array, got undefined', [{ targets: good.targets }]],
    ["no targets", TypeError, '"sequences[0].targets" expected an array or a typed array, got undefined', [{ inputs: good.inputs }]],
    ["an empty sequence", RangeError, '"sequences[0].inputs" expected at least one step, got an array of 0', [{ inputs: [], targets: [] }]],
    [
      "NaN in the inputs",
      RangeError,
      '"sequences[1].inputs, step 1, feature 0" expected a finite number, got NaN',
      [
        good,
        {
          ...good,
          inputs: [
            [1, 2],
            [NaN, 4],
          ],
        },
      ],
    ],
    [
      "NaN in flat inputs",
      RangeError,
      '"sequences[0].inputs, step 1, feature 1" expected a finite number, got NaN',
      [{ ...good, inputs: Float32Array.of(1, 2, 3, NaN) }],
    ],
    [
      "infinity, once it is f32",
      RangeError,
      '"sequences[0].inputs, step 0, feature 1" expected a number between -3.4e38 and 3.4e38, got 1e+39',
      [{ ...good, inputs: [1, 1e39, 3, 4] }],
    ],
    [
      "text in the inputs",
      TypeError,
      '"sequences[0].inputs, step 0, feature 1" expected a number, got "2"',
      [
        {
          ...good,
          inputs: [
            [1, "2"],
            [3, 4],
          ],
        },
      ],
    ],
    [
      "a hole in the inputs",
      TypeError,
      '"sequences[0].inputs, step 1" expected 2 numbers, got undefined',
      [{ ...good, inputs: [[1, 2], undefined] }],
    ],
    [
      "big integers",
      TypeError,
      '"sequences[0].inputs, step 0, feature 0" expected a number, got 1n',
      [{ ...good, inputs: BigInt64Array.of(1n, 2n) }],
    ],
    [
      "three features for two",
      RangeError,
      '"sequences[0].inputs, step 1" expected 2 numbers, got an array of 3',
      [
        {
          ...good,
          inputs: [
            [1, 2],
            [3, 4, 5],
          ],
        },
      ],
    ],
    [
      "flat inputs that do not divide",
      RangeError,
      '"sequences[0].inputs" expected a multiple of 2 numbers (2 for each step), got an array of 3',
      [{ ...good, inputs: [1, 2, 3] }],
    ],
    [
      "targets for another length",
      RangeError,
      '"sequences[0].targets" expected 4 numbers (2 steps of 2), got an array of 1',
      [{ ...good, targets: [[1, 2]] }],
    ],
    [
      "weights for another length",
      RangeError,
      '"sequences[0].weights" expected 2 numbers (2 steps of 1), got 1',
      [{ ...good, weights: 1 }],
    ],
    [
      "a weight below 0",
      RangeError,
      '"sequences[0].weights, step 1" expected a number of at least 0, got -1',
      [{ ...good, weights: [0, -1] }],
    ],
    [
      "a weight infinite",
      RangeError,
      '"sequences[0].weights, step 0" expected a finite number, got Infinity',
      [{ ...good, weights: [Infinity, 1] }],
    ],
    ["a weight as text", TypeError, '"sequences[0].weights, step 1" expected a number, got "1"', [{ ...good, weights: [1, "1"] }]],
    [
      "a target NaN at a step that counts",
      RangeError,
      '"sequences[0].targets, step 0, number 1" expected a finite number, got NaN',
      [{ ...good, targets: [1, NaN, 2, 3], weights: [1, 0] }],
    ],
    [
      "text at a step of weight 0",
      TypeError,
      '"sequences[0].targets, step 1, number 0" expected a number, got "2"',
      [{ ...good, targets: [1, 2, "2", 3], weights: [1, 0] }],
    ],
    [
      "a weight of a number below 0",
      RangeError,
      '"sequences[0].weights, step 1, number 1" expected a number of at least 0, got -1',
      [{ ...good, weights: [1, 1, 1, -1] }],
    ],
    [
      "weights of rows of another length",
      RangeError,
      '"sequences[0].weights, step 0" expected 2 numbers, got an array of 1',
      [{ ...good, weights: [[1], [1]] }],
    ],
    [
      "a target NaN",
      RangeError,
      '"sequences[0].targets, step 0, number 1" expected a finite number, got NaN',
      [
        {
          ...good,
          targets: [
            [1, NaN],
            [1, 2],
          ],
        },
      ],
    ],
  ];
  test.each(bad)("%s", async (_, kind, message, sequences) => {
    const before = trainer.save();
    const forPredict = !(/targets|weight/.test(message) && !message.includes("{")) && !message.includes("at least one sequence");
    for (const attempt of [
      () => trainer.step(any(sequences)),
      () => trainer.gradients(any(sequences)),
      () => trainer.fit(any(sequences)),
      () => trainer.fit([good], { validation: any(sequences ?? null) }),
      () => trainer.evaluate(any(sequences)),
      ...(forPredict ? [() => model.predict(any(sequences))] : []),
    ]) {
      expect(attempt).toThrow(kind);
    }
    expect(() => trainer.step(any(sequences))).toThrow(message);
    expect(trainer.save()).toEqual(before);
  });

  const words = createTrainer(createModel(tokens), { loss: crossEntropy({ ignoreIndex: 99 }), optimizer: adam() });
  const classify = createTrainer(createModel({ ...features, output: "last" }), { loss: "crossEntropy", optimizer: adam() });
  refuses([
    [
      "a token too large",
      RangeError,
      '"sequences[0].inputs, step 2" expected an integer from 0 to 4, got 5',
      () => words.step([{ inputs: [0, 4, 5], targets: [0, 0, 0] }]),
    ],
    [
      "a token below 0",
      RangeError,
      '"sequences[0].inputs, step 0" expected an integer from 0 to 4, got -1',
      () => words.step([{ inputs: Int8Array.of(-1), targets: [0] }]),
    ],
    [
      "half a token",
      RangeError,
      '"sequences[0].inputs, step 0" expected an integer from 0 to 4, got 0.5',
      () => words.step([{ inputs: [0.5], targets: [0] }]),
    ],
    [
      "a class too large",
      RangeError,
      '"sequences[0].targets, step 0" expected an integer from 0 to 4 (or 99), got 5',
      () => words.step([{ inputs: [1], targets: [5] }]),
    ],
    [
      "classes for too few steps",
      RangeError,
      '"sequences[0].targets" expected 2 class indices from 0 to 4, got an array of 1',
      () => words.step([{ inputs: [1, 2], targets: [5] }]),
    ],
    [
      "one-hot rows, a step each",
      RangeError,
      '"sequences[0].targets, step 0" expected a class index from 0 to 4 (of a one-hot row the index of its 1), got an array of 5',
      () => words.step([{ inputs: [1], targets: [[0, 0, 1, 0, 0]] }]),
    ],
    [
      "one-hot rows, flat",
      RangeError,
      '"sequences[0].targets" expected 2 class indices from 0 to 4 (of a one-hot row the index of its 1), got Uint8Array of 10',
      () => words.step([{ inputs: [1, 2], targets: Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0) }]),
    ],
    [
      "probabilities, a step each",
      RangeError,
      '"sequences[0].targets, step 0" expected a class index from 0 to 4, got an array of 5',
      () => words.step([{ inputs: [1], targets: [[0.1, 0.2, 0.3, 0.2, 0.2]] }]),
    ],
    [
      "too many targets for the last step",
      RangeError,
      '"sequences[0].targets" expected 1 class index from 0 to 1 (of a one-hot row the index of its 1), got an array of 2',
      () =>
        classify.step([
          {
            inputs: [
              [1, 2],
              [3, 4],
            ],
            targets: [1, 0],
          },
        ]),
    ],
    [
      "carry without a step before",
      RangeError,
      '"sequences" expected a step before, whose state to carry, got 1 rows',
      () => words.gradients([{ inputs: [1], targets: [1] }], { carry: true }),
    ],
    [
      "carry of another kind",
      TypeError,
      '"options.carry" expected true or false, got 1',
      () => words.step([{ inputs: [1], targets: [1] }], { carry: any(1) }),
    ],
    [
      "carry of another kind for a row",
      TypeError,
      '"options.carry[0]" expected true or false, got "yes"',
      () => words.step([{ inputs: [1], targets: [1] }], { carry: any(["yes"]) }),
    ],
    [
      "carry for other rows",
      RangeError,
      '"options.carry" expected 1 of true or false, one a row, got an array of 2',
      () => words.gradients([{ inputs: [1], targets: [1] }], { carry: [true, false] }),
    ],
    [
      "carry of one row without a step before",
      RangeError,
      '"sequences" expected a step before, whose state to carry, got 2 rows',
      () => words.step(new Array(2).fill({ inputs: [1], targets: [1] }), { carry: [false, true] }),
    ],
  ]);

  test("in an iterable: what came before has been learned, the parameters are whole", async () => {
    const model = createModel(features);
    const run = createTrainer(model, { ...trained, batch: 1 });
    const reports = run.fit({
      *[Symbol.iterator]() {
        yield good;
        yield { ...good, inputs: [1, 2, 3, Infinity] };
      },
    });
    await expect(reports.next()).rejects.toThrow('"sequences[1].inputs, step 1, feature 1" expected a finite number, got Infinity');
    expect(run.updates).toBe(1);
    expect(Object.values(model.parameters()).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});
