/** The online learner when the truth comes later than the step. */

import { describe, expect, test } from "vitest";
import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  dropout,
  gru,
  type Layer,
  lstm,
  lstm97,
  type OnlineOptions,
  resumeOnlineLearner,
  type Scale,
} from "../../src/index.js";
import { still } from "../helpers/online.js";

describe("the truth comes later", () => {
  const layers: Record<string, Layer[]> = {
    "lstm97, dropout above": [lstm97({ blocks: 2, cellsPerBlock: 2 }), dropout({ rate: 0.3 }), dense({ units: 1 })],
    gru: [gru({ units: 3 }), dense({ units: 1 })],
  };
  const make = (layers: Layer[], options: Partial<OnlineOptions> = {}) =>
    createOnlineLearner(createModel({ input: { features: 2 }, layers, seed: 2 }), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.01 }),
      ...options,
    });
  const input = (t: number) => [1000 + Math.sin(t), Math.cos(t)];
  const target = (t: number) => 1000 + Math.sin(t - 2);

  describe.each(Object.entries(layers))("%s", (_, layers) => {
    test.each<Partial<OnlineOptions>>([{}, { accumulate: 2 }, { scaler: "running" }])(
      "step and learn have the bits of both at once: %o",
      (options) => {
        const [whole, parts] = [make(layers, options), make(layers, options)];
        for (let t = 0; t < 30; t++) {
          const taught = t % 4 < 3;
          const outputs = whole.step(input(t), taught ? target(t) : undefined);
          expect(parts.step(input(t))).toEqual(outputs);
          if (taught) expect(parts.learn(target(t))).toBe(whole.loss);
        }
        // A step that may yet be taught is saved as such, so the files differ until the next one.
        const end = (learner: typeof whole) => [learner.step(input(30), target(30)), learner.save()];
        expect(end(parts)).toEqual(end(whole));
      },
    );

    test.each([0, 1, 17])("a step saved after %i others is taught after it", (steps) => {
      const learner = make(layers, { scaler: "running" });
      for (let t = 0; t < steps; t++) learner.step(input(t), target(t));
      learner.step(input(steps));
      const bytes = learner.save();
      const resumed = resumeOnlineLearner(bytes);
      expect(resumed.save()).toEqual(bytes);
      expect(resumed.state()).toEqual(learner.state());
      const rest = (learner: ReturnType<typeof make>) => [
        learner.learn(target(steps)),
        ...Array.from({ length: 9 }, (_, i) => [...learner.step(input(steps + 1 + i), target(steps + 1 + i))]),
        learner.save(),
      ];
      expect(rest(resumed)).toEqual(rest(learner));
    });
  });

  test("without a step that waits for it, a target is refused", () => {
    const learner = make(layers.gru as Layer[]);
    const refused = () => expect(() => learner.learn(1)).toThrow("no step waits for its target");
    refused();
    learner.step([1, 2]);
    learner.learn(1);
    refused();
    learner.step([1, 2], 1);
    refused();
    learner.step([1, 2]);
    learner.reset();
    refused();
    learner.step([1, 2]);
    learner.restore(learner.state());
    refused();
    expect(learner.updates).toBe(2);
  });

  test("a wrong target changes nothing: the right one can follow", () => {
    const options = { scaler: "running" } as const;
    const [learner, other] = [make(layers.gru as Layer[], options), make(layers.gru as Layer[], options)];
    for (const one of [learner, other]) one.step(input(0), target(0));
    for (const one of [learner, other]) one.step(input(1));
    expect(() => learner.learn(NaN)).toThrow('"step.targets, step 0" expected a finite number, got NaN');
    expect(() => learner.learn([1, 2])).toThrow(RangeError);
    expect(() => learner.learn("1" as never)).toThrow(TypeError);
    expect(() => learner.step([1, NaN], 1)).toThrow('"step.inputs, step 0, feature 1" expected a finite number, got NaN');
    expect(() => learner.step([1, 2], Infinity)).toThrow(RangeError);
    expect(() => learner.restore({ h_l0: [1] })).toThrow(RangeError);
    expect(learner.save()).toEqual(other.save());
    expect(learner.learn(target(1))).toBe(other.learn(target(1)));
    expect(learner.save()).toEqual(other.save());
  });

  test("a target that the loss ignores teaches nothing", () => {
    const model = createModel({ input: { tokens: 3 }, layers: [lstm({ units: 2 }), dense({ units: 3 })] });
    const learner = createOnlineLearner(model, { loss: "crossEntropy", ...still });
    learner.step(1);
    expect(learner.learn(-100)).toBeNaN();
    expect(learner.updates).toBe(0);
    expect(() => learner.learn(1)).toThrow("no step waits");
  });

  test.each(Object.entries(layers))("%s: the state is that of the model's streams, there and back", (_, layers) => {
    const learner = make(
      layers.filter(({ type }) => type !== "dropout"),
      { ...still, scaler: "running" },
    );
    expect(learner.state()).toEqual(learner.model.stream().state());
    for (let t = 0; t < 9; t++) learner.step(input(t), target(t));
    const state = learner.state();
    const stream = learner.model.stream().restore(state);
    expect(stream.step(input(9))).not.toEqual(learner.model.stream().step(input(9)));
    const after = stream.step(input(10));
    const plain = make(
      layers.filter(({ type }) => type !== "dropout"),
      still,
    ).restore(state);
    const { inputs, targets } = learner.model.config.scaler as Record<"inputs" | "targets", Scale>;
    const scaled = (t: number) => input(t).map((value, k) => (value - inputs!.mean[k]!) / inputs!.deviation[k]!);
    plain.step(scaled(9));
    const [y] = plain.step(scaled(10));
    expect(after[0]).toBeCloseTo(y! * targets!.deviation[0]! + targets!.mean[0]!, 3);
    expect(plain.state()).toEqual(stream.state());
    // Traces begin at the state: the first gradient is that of one step.
    const first = (learner: ReturnType<typeof make>) => learner.step([0.5, 0.5], 1) && learner.gradients();
    expect(first(plain.restore(learner.model.stream().state()))).toEqual(first(plain.reset()));
  });
});
