/** The online learner with a scaler that runs along. */

import { describe, expect, test } from "vitest";
import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  gaussianNLL,
  gru,
  loadModel,
  mse,
  type OnlineOptions,
  quantile,
  readSafetensors,
  resumeOnlineLearner,
  type Scale,
  writeSafetensors,
} from "../../src/index.js";
import type { Model } from "../../src/model/model.js";
import { numbers, still } from "../helpers/online.js";

describe("a running scaler", () => {
  const make = (input: { features: number } | { tokens: number }, options: Partial<OnlineOptions> = {}, units = 1) =>
    createOnlineLearner(createModel({ input, layers: [gru({ units: 4 }), dense({ units })], seed: 3 }), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.01 }),
      scaler: "running",
      ...options,
    });

  test("has mean and deviation of all that came, and the model works with them", () => {
    const learner = make({ features: 2 });
    const inputs = Array.from({ length: 50 }, (_, t) => [1e6 + Math.sin(t * t), 7]);
    const targets = inputs.map((_, t) => 5e4 + 300 * Math.cos(t * t));
    expect(learner.model.config.scaler).toEqual({ inputs: { mean: [0, 0], deviation: [1, 1] }, targets: { mean: [0], deviation: [1] } });
    inputs.forEach((x, t) => learner.step(x, targets[t]));
    const expected = (list: number[]) => {
      const mean = list.reduce((a, b) => a + b) / list.length;
      return [mean, Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length)];
    };
    const close = (scale: { mean: number[]; deviation: number[] }, k: number, list: number[]) => {
      const [mean, deviation] = expected(list);
      expect(scale.mean[k]).toBeCloseTo(mean!, 6);
      expect(scale.deviation[k]).toBeCloseTo(deviation!, 6);
    };
    const scaler = learner.model.config.scaler as { inputs: Scale; targets: Scale };
    close(
      scaler.inputs!,
      0,
      inputs.map(([x]) => x!),
    );
    expect([scaler.inputs!.mean[1], scaler.inputs!.deviation[1]]).toEqual([7, 1]);
    close(scaler.targets!, 0, targets);
    const saved = loadModel(learner.save());
    expect(saved.config.scaler).toEqual(scaler);
    const next = ({ model }: { model: Model }) => model.stream().restore(learner.state()).step(inputs[0]!);
    expect(next({ model: saved })).toEqual(next(learner));
  });

  test("each step's own numbers are among them: its inputs before it, its target after its outputs", () => {
    const running = make({ features: 1 }, still);
    const plain = createOnlineLearner(createModel({ input: { features: 1 }, layers: [gru({ units: 4 }), dense({ units: 1 })], seed: 3 }), {
      loss: "mse",
      ...still,
    });
    // Of 10, of 10 and 14 (mean 12, deviation 2); of targets none, of 100 alone, then of 100 and 104.
    const first = plain.step(0, 0);
    expect(running.step(10, 100)).toEqual(first);
    expect(running.loss).toBe(plain.loss);
    const [y] = plain.step(1, 1);
    expect(running.step(14, 104)[0]).toBe(Math.fround(y! + 100));
    expect(running.loss).toBe(plain.loss);
  });

  test("raw units near 1,000: better than the value before, where raw numbers are not", () => {
    const errors = (options: Partial<OnlineOptions>) => {
      const learner = createOnlineLearner(
        createModel({ input: { features: 1 }, layers: [gru({ units: 8 }), dense({ units: 1 })], seed: 1 }),
        {
          loss: "mse",
          optimizer: adam({ learningRate: 0.003 }),
          ...options,
        },
      );
      const uniform = numbers(5);
      const [AR, out] = [[1.2, -0.6], new Float32Array(1)];
      let [before, now, ours, persistent] = [0, 0, 0, 0];
      for (let t = 0; t < 12_000; t++) {
        const next = AR[0]! * now + AR[1]! * before + uniform();
        learner.step(1000 + now, 1000 + next, out);
        if (t >= 9_000) {
          ours += (out[0]! - 1000 - next) ** 2;
          persistent += (now - next) ** 2;
        }
        [before, now] = [now, next];
      }
      return ours / persistent;
    };
    expect(errors({ scaler: "running" })).toBeLessThan(0.8);
    expect(errors({})).toBeGreaterThan(1);
  });

  test("scales targets alone over tokens, inputs alone where targets are classes", () => {
    const tokens = make({ tokens: 3 });
    tokens.step(1, 1000);
    expect(tokens.model.config.scaler).toEqual({ targets: { mean: [1000], deviation: [1] } });
    const classes = make({ features: 1 }, { loss: "crossEntropy" }, 3);
    classes.step(1000, 2);
    expect(classes.model.config.scaler).toEqual({ inputs: { mean: [1000], deviation: [1] } });
    const resumed = resumeOnlineLearner(tokens.save());
    expect(resumed.step(2, 1010)).toEqual(tokens.step(2, 1010));
    expect(resumed.save()).toEqual(tokens.save());
  });

  test.each<[string, OnlineOptions["loss"], number]>([
    ["quantile", quantile({ quantiles: [0.1, 0.5, 0.9] }), 6],
    ["gaussianNLL", gaussianNLL(), 4],
    ["mse, targets missing", mse({ missing: "ignore" }), 2],
  ])("%s: outputs are in the targets' units", (_, loss, units) => {
    const learner = make({ features: 1 }, { loss }, units);
    for (let t = 0; t < 300; t++) learner.step(t % 2, [1000 + 10 * Math.sin(t), "missing" in (loss as object) && t % 3 ? NaN : 5000]);
    const scaler = learner.model.config.scaler as { inputs: Scale; targets: Scale };
    expect(scaler.targets!.mean[0]).toBeCloseTo(1000, 0);
    expect(scaler.targets!.mean[1]).toBe(5000);
    const outputs = learner.step(0);
    const of = units / 2;
    const first = (_ === "gaussianNLL" ? outputs.subarray(0, 2) : outputs.filter((_, k) => k % of === 0)) as Float32Array;
    expect(Math.abs(first[0]! - 1000)).toBeLessThan(60);
    expect(Math.abs(first[1]! - 5000)).toBeLessThan(10);
    const resumed = resumeOnlineLearner(learner.save());
    expect(resumed.step(1, [1, 2])).toEqual(learner.step(1, [1, 2]));
    expect(resumed.save()).toEqual(learner.save());
  });

  test("what it does not go with is refused", () => {
    expect(() => make({ tokens: 3 }, { loss: "crossEntropy" }, 3)).toThrow('"scaler" expected features as input, or a loss whose targets');
    expect(() => make({ features: 1 }, { scaler: "Running" as never })).toThrow('"scaler" expected one of "running", got "Running"');
    const layers = [gru({ units: 2 }), dense({ units: 1 })];
    const model = createModel({ input: { features: 1 }, layers, scaler: { inputs: { mean: [1], deviation: [2] } } });
    expect(() => createOnlineLearner(model, { loss: "mse", ...still, scaler: "running" })).toThrow("a model without a scaler of its own");
    expect(createOnlineLearner(model, { loss: "mse", ...still }).options).not.toHaveProperty("scaler");
  });

  test("a step that is refused leaves it where it was", () => {
    const learner = make({ features: 1 });
    const set = (value: number) => learner.model.setParameters({ "dense.bias": { shape: [1], data: Float32Array.of(value) } });
    for (let t = 0; t < 5; t++) learner.step(t, t);
    const before = learner.model.config.scaler;
    set(3e38);
    expect(() => learner.step(70, 80)).toThrow(/no longer finite/);
    expect(learner.model.config.scaler).toEqual(before);
    set(0);
    learner.step(70);
    expect(learner.model.config.scaler.inputs?.mean).toEqual([80 / 6]);
  });

  test.each([
    ["counts", [-1]],
    ["counts", [0.5]],
    ["mean", [1, 2]],
    ["squares", [-1]],
    ["squares", ["1"]],
  ])("a file whose %s are %j is refused", (name, value) => {
    const learner = make({ features: 1 });
    learner.step(1, 2);
    const { tensors, metadata } = readSafetensors(learner.save());
    const memcell = JSON.parse(metadata.memcell!);
    memcell.counters.online.inputs[name] = value;
    const bytes = writeSafetensors({ tensors, metadata: { memcell: JSON.stringify(memcell) } });
    expect(() => resumeOnlineLearner(bytes)).toThrow(`"counters.online.inputs.${name}`);
  });
});
