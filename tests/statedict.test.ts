/** Weights of PyTorch's modules, under the names that these give them. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createModel, dense, loadModel, lstm, type ModelConfig, readSafetensors, type Tensor, writeSafetensors } from "../src/index.js";
import { toStateDict } from "../src/torch.js";

interface Module {
  name: string;
  config: ModelConfig;
  prefixes: string[] | null;
  tensors: Record<string, { shape: number[]; data: number[] }>;
  inputs: number[];
  outputs: number[];
}
/** Made by vectors/modules.py. */
const modules: Module[] = JSON.parse(readFileSync(new URL("vectors/modules.json", import.meta.url), "utf8"));
const asTensors = (given: Module["tensors"]): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(given).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]));
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => Math.abs(x - (b[i] as number))).reduce((most, x) => Math.max(most, x), 0);

test.each(modules.map((module) => [module.name, module] as const))("a module of PyTorch: %s", (_, module) => {
  const { config, prefixes, inputs, outputs } = module;
  const tensors = asTensors(module.tensors);
  const given = prefixes ? { prefixes } : {};
  const loaded = loadModel(writeSafetensors({ tensors }), { config, ...given });
  expect(difference(loaded.predict([{ inputs }])[0]!, outputs)).toBeLessThan(2e-6);
  const model = createModel(config);
  const { set, zeroed, kept, unused } = model.setParameters(tensors, given);
  expect([kept, unused]).toEqual([[], []]);
  expect(set.length).toBe(Object.keys(tensors).length);
  expect([...set, ...zeroed].sort()).toEqual(Object.keys(model.parameters()).sort());
  for (const name of zeroed) expect(model.parameters()[name]!.data.every((value) => value === 0)).toBe(true);
  expect(model.parameters()).toEqual(loaded.parameters());
});

describe("names", () => {
  const config = { input: { features: 3 }, layers: [lstm({ units: 4 }), dense({ units: 2 })] } satisfies ModelConfig;
  const model = () => createModel(config);
  const tensors = asTensors(modules[0]!.tensors);
  const one = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) });

  test("a layer whose weights come without biases has none, one of which a part comes keeps the rest", () => {
    const weights = { weight_ih_l0: one(16, 3), weight_hh_l0: one(16, 4) };
    expect(model().setParameters(weights)).toEqual({
      set: ["weight_ih_l0", "weight_hh_l0"],
      zeroed: ["bias_ih_l0", "bias_hh_l0"],
      kept: ["dense.weight", "dense.bias"],
      unused: [],
    });
    expect(model().setParameters({ weight_hh_l0: one(16, 4), "dense.bias": one(2) })).toMatchObject({
      set: ["weight_hh_l0", "dense.bias"],
      zeroed: [],
      kept: ["weight_ih_l0", "bias_ih_l0", "bias_hh_l0", "dense.weight"],
    });
    expect(model().setParameters({ "fc.weight": one(2, 4) })).toMatchObject({ set: ["dense.weight"], zeroed: ["dense.bias"] });
  });

  test("with prefixes other tensors are left alone, and told", () => {
    const more = { ...tensors, "other.weight": one(2, 4), step: one() };
    expect(model().setParameters(more, { prefixes: ["rnn.", "fc."] })).toMatchObject({ kept: [], unused: ["other.weight", "step"] });
  });

  test("a head for other classes is left out, by strict: false or a prefix of null; the rest is set", () => {
    const head = { ...tensors, "fc.weight": one(3, 4) };
    const kept = ["dense.weight", "dense.bias"];
    expect(model().setParameters(head, { strict: false })).toMatchObject({ kept, zeroed: [], unused: ["fc.weight", "fc.bias"] });
    const given = { strict: false, prefixes: ["rnn.", "fc."] };
    expect(model().setParameters(head, given)).toMatchObject({ kept, zeroed: [], unused: ["fc.weight", "fc.bias"] });
    expect(model().setParameters(head, { prefixes: ["rnn.", null] })).toMatchObject({ kept, unused: ["fc.weight", "fc.bias"] });
    expect(model().setParameters(head, { strict: false, prefixes: ["rnn.", "head."] }).kept).toEqual(kept);
    // Of memcell's own names, beside a layer that this model does not have.
    const other = { ...model().parameters(), "dense_1.weight": one(2, 4), "dense_1.bias": one(2) };
    expect(model().setParameters(other, { strict: false })).toMatchObject({ kept: [], unused: ["dense_1.weight", "dense_1.bias"] });
    const small = { "dense.weight": one(3, 4), "dense.bias": one(2) };
    expect(model().setParameters(small, { strict: false })).toMatchObject({ set: [], zeroed: [], unused: Object.keys(small) });
  });

  test.each<[string, () => unknown, string]>([
    [
      "two that a layer could be",
      () => model().setParameters({ ...tensors, "other.weight": one(2, 4) }),
      '"parameters" has several that "dense" could be, "fc.", "other.": say which with prefixes',
    ],
    [
      "a layer that the model does not have",
      () => model().setParameters({ ...tensors, "rnn.weight_ih_l1": one(16, 4) }),
      '"parameters.rnn.weight_ih_l1" is no parameter of this model, which has weight_ih_l0',
    ],
    [
      "the same under a prefix that was given",
      () => model().setParameters({ ...tensors, "rnn.weight_ih_l1": one(16, 4) }, { prefixes: ["rnn.", "fc."] }),
      '"parameters.rnn.weight_ih_l1" is no parameter of this model',
    ],
    ["no such prefix", () => model().setParameters(tensors, { prefixes: ["rnn.", "head."] }), '"parameters" has no tensor "head.weight"'],
    [
      "too few prefixes",
      () => model().setParameters(tensors, { prefixes: ["rnn."] }),
      '"prefixes" expected 2, one for each of l0, dense, got an array of 1',
    ],
    [
      "a prefix that is none",
      () => model().setParameters(tensors, { prefixes: ["rnn.", 5 as never] }),
      '"prefixes[1]" expected a prefix such as "rnn.", got 5',
    ],
    [
      "another shape",
      () => model().setParameters({ ...tensors, "fc.weight": one(3, 4) }, { prefixes: ["rnn.", "fc."] }),
      '"parameters.fc.weight.shape" expected [2,4], got [3,4] for dense.weight; strict: false of setParameters leaves it out',
    ],
    [
      "another shape that is to be found",
      () => model().setParameters({ ...tensors, "fc.weight": one(3, 4) }),
      '"parameters.fc.weight.shape" expected [2,4], got [3,4] for dense.weight; strict: false of setParameters leaves it out',
    ],
    ["strict that is neither", () => model().setParameters(tensors, { strict: 0 as never }), '"strict" expected true or false, got 0'],
    [
      "a prefix of null for a file to be written",
      () => toStateDict(model(), { prefix: ["rnn.", null as never] }),
      '"prefixes[1]" expected a prefix such as "rnn.", got null',
    ],
  ])("refused: %s", (_, set, message) => {
    expect(set).toThrow(message);
  });
});

describe("metadata of the user's own", () => {
  const config = {
    input: { features: 1 },
    layers: [dense({ units: 1 })],
    metadata: { labels: "down,flat,up", "": "é" },
  } satisfies ModelConfig;

  test("goes with the model, and stands beside memcell's in the file", () => {
    const loaded = loadModel(createModel(config).save());
    expect({ ...loaded.config.metadata }).toEqual(config.metadata);
    const { tensors, metadata } = readSafetensors(loaded.save());
    expect(metadata.labels).toBe("down,flat,up");
    // Added by another program, it stays as well.
    const again = loadModel(loadModel(writeSafetensors({ tensors, metadata: { ...metadata, more: "1" } })).save());
    expect({ ...again.config.metadata }).toEqual({ ...config.metadata, more: "1" });
  });

  test.each<[string, unknown, typeof TypeError | typeof RangeError, string]>([
    ["text", "labels", TypeError, '"metadata" expected strings by name, got "labels"'],
    ["numbers", { classes: 3 }, TypeError, '"metadata.classes" expected a string, got 3'],
    ["memcell's own name", { memcell: "{}" }, RangeError, '"metadata.memcell" is the name that memcell keeps for itself'],
    ["too much", { text: "x".repeat(10_000_001) }, RangeError, '"metadata" expected at most 10000000 characters in all, got 10000005'],
  ])("refused: %s", (_, metadata, kind, message) => {
    const create = () => createModel({ ...config, metadata: metadata as never });
    expect(create).toThrow(message);
    expect(create).toThrow(kind);
  });

  test.each<[string, unknown, string]>([
    [
      "tensors without a name for them",
      createModel(config).parameters(),
      '"dense.weight" is not an option; the options are tensors, metadata',
    ],
    ["nothing", undefined, '"options" expected an object with tensors, metadata, skipped, got undefined'],
    ["a tensor that is none", { tensors: { a: 5 } }, '"tensors.a" expected a tensor, got 5'],
    [
      "a shape that is none",
      { tensors: { a: { shape: 2, data: new Float32Array(2) } } },
      '"tensors.a.shape" expected an array of sizes, got 2',
    ],
    ["metadata that are no strings", { tensors: {}, metadata: { a: 1 } }, '"metadata" expected strings by name, got an object'],
  ])("writeSafetensors refuses %s", (_, file, message) => {
    expect(() => writeSafetensors(file as never)).toThrow(message);
  });
});
