/** Every function that makes plain data of options says at once, with the right call, that what it got are none. */

import { describe, expect, test } from "vitest";
import * as memcell from "../src/index.js";
import { lanes, scaler, windows } from "../src/index.js";
import * as parallel from "../src/parallel/trainer.js";
import * as worker from "../src/worker/trainer.js";

/** All that is exported but what does something: a factory that is added is tested as it is. */
const OTHERS =
  /^(create|load|resume|read|write)[A-Z]|^(categorical|customLoss|gradientFlow|lanes|lastWindow|scaler|textStream|trace|windows)$/;
const factories = Object.entries(memcell).filter(([name]) => !OTHERS.test(name)) as [string, (options?: unknown) => { type: string }][];

const WRONG: [value: unknown, call: string, got: string][] = [
  [64, "64", "64"],
  ["64", '"64"', '"64"'],
  [null, "null", "null"],
  [true, "true", "true"],
  [[0.1, 0.9], "…", "an array of 2"],
  [Float32Array.of(1), "…", "Float32Array of 1"],
];

/** Models and trainers that take the data as one of theirs. */
const { createModel, createTrainer, dense, mse, sgd } = memcell;
const input = { features: 2 };
const optimizer = sgd({ learningRate: 1 });
const places: ((data: never) => unknown)[] = [
  (layer) => createModel({ input, layers: [layer, dense({ units: 1 })] }),
  (layer) => createModel({ input: { tokens: 2 }, layers: [layer, dense({ units: 1 })] }),
  (column) => createModel({ input: { columns: { x: column } }, layers: [dense({ units: 1 })] }),
  (weights) => createModel({ input, layers: [dense({ units: 1, initial: { weights } })] }),
  (loss) => createTrainer(createModel({ input, layers: [dense({ units: 6 })] }), { loss, optimizer }),
  (optimizer) => createTrainer(createModel({ input, layers: [dense({ units: 1 })] }), { loss: mse(), optimizer }),
  (schedule) => createTrainer(createModel({ input, layers: [dense({ units: 1 })] }), { loss: mse(), optimizer, schedule }),
];
const fits = (data: unknown) =>
  places.some((place) => {
    try {
      return place(data as never);
    } catch {
      return false;
    }
  });

test("these are factories", () => {
  expect(factories.length).toBeGreaterThan(28);
});

describe.each(factories)("%s", (name, make) => {
  // What it takes when it is called right; a function that needs options has no default for them.
  const calls: [unknown, string, string][] = make.length > 0 ? [...WRONG, [undefined, "undefined", "undefined"]] : WRONG;
  test.each(calls)("of %s", (value, call, got) => {
    const attempt = () => make(value);
    expect(attempt).toThrow(TypeError);
    const [, expected] = attemptMessage(attempt).match(/^.*: "options" expected (.*), got .*$/)!;
    expect(attemptMessage(attempt)).toBe(`${name}(${call}): "options" expected ${expected}, got ${got}`);
    if (expected === "no options") return;
    // The call that it shows is right.
    const [, example] = expected!.match(/^an object such as (\{ .* \})$/)!;
    const data = make(new Function(`return ${example}`)());
    expect(Object.keys(data).length).toBeGreaterThan(1);
    expect(fits(data)).toBe(true);
  });

  test("options that it does not have are refused where they are used", () => {
    const data = make({ wrong: 1 });
    expect(data).toEqual({ wrong: 1, type: name });
    expect(fits(data)).toBe(false);
  });
});

function attemptMessage(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("a number in place of options", () => {
  const model = createModel({ input, layers: [dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer });
  const recurrent = createModel({ input: { tokens: 2 }, layers: [memcell.rnn({ units: 2 }), dense({ units: 2 })] });
  const sequences = [{ inputs: [[1, 2]], targets: [1] }];
  const bytes = trainer.save();
  test.each<[string, (wrong: never) => unknown]>([
    ["createModel", (wrong) => createModel(wrong)],
    ["createModel's environment", (wrong) => createModel(model.config, wrong)],
    ["loadModel", (wrong) => memcell.loadModel(bytes, wrong)],
    ["createTrainer", (wrong) => createTrainer(model, wrong)],
    ["createTrainer of memcell/parallel", (wrong) => parallel.createTrainer(model, wrong)],
    ["createTrainer of memcell/worker", (wrong) => worker.createTrainer(model, wrong)],
    ["createPredictor", (wrong) => parallel.createPredictor(model, wrong)],
    ["resumeTrainer of memcell/parallel", (wrong) => parallel.resumeTrainer(bytes, wrong)],
    ["resumeTrainer of memcell/worker", (wrong) => worker.resumeTrainer(bytes, wrong)],
    ["resumeOnlineLearner", (wrong) => memcell.resumeOnlineLearner(bytes, wrong)],
    ["resumeTrainer", (wrong) => memcell.resumeTrainer(bytes, wrong)],
    ["createOnlineLearner", (wrong) => memcell.createOnlineLearner(recurrent, wrong)],
    ["windows", (wrong) => windows([1, 2, 3], wrong)],
    ["lanes", (wrong) => lanes([1, 2, 3], 1, wrong)],
    ["scaler", (wrong) => scaler([1, 2, 3], wrong)],
    ["fit", (wrong) => trainer.fit(sequences, wrong)],
    ["step", (wrong) => trainer.step(sequences, wrong)],
    ["gradients", (wrong) => trainer.gradients(sequences, wrong)],
    ["evaluate", (wrong) => trainer.evaluate(sequences, wrong)],
    ["model.evaluate", (wrong) => model.evaluate(sequences, wrong)],
    ["gradientFlow", (wrong) => memcell.gradientFlow(recurrent, { inputs: [1], targets: [1, 0] }, wrong)],
    ["streams", (wrong) => model.streams(wrong)],
    ["generate", (wrong) => recurrent.generate([1], wrong)],
  ])("%s", (_, attempt) => {
    for (const wrong of [5, "5", [5], null]) {
      expect(() => attempt(wrong as never)).toThrow(TypeError);
      expect(() => attempt(wrong as never)).toThrow(/expected an object with \w+.*, got ("?5"?|an array of 1|null)$/);
    }
  });
});
