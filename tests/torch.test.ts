/** PyTorch's files in, and out: memcell/torch. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { zip } from "../attacks/zips.js";
import {
  createModel,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  lstm97,
  type ModelConfig,
  readSafetensors,
  rnn,
  type Tensor,
  writeSafetensors,
} from "../src/index.js";
import { readZip } from "../src/interop/zip.js";
import { fromStateDict, toStateDict } from "../src/torch.js";
import { agree, type Case } from "./torch/agreement.js";

/** Made by torch/modules.py. */
const cases: Case[] = JSON.parse(readFileSync(new URL("vectors/torch.json", import.meta.url), "utf8"));
const fileOf = (given: Case) => new Uint8Array(Buffer.from(given.file, "base64"));
const saved = fileOf(cases.find(({ form }) => form.startsWith("state dict"))!);

test.each(cases.map((given, i) => [`${i}, ${given.form}`, given] as const))("a module of PyTorch, there and back: %s", (_, given) => {
  const { error, back } = agree(given);
  expect(error).toBeLessThan(1e-5);
  expect(Object.keys(readSafetensors(back).tensors).every((name) => given.modules.some((prefix) => name.startsWith(prefix)))).toBe(true);
});

const one = (...shape: number[]): Tensor => {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => Math.sin(i + length)) };
};
const file = (tensors: Record<string, Tensor>) => writeSafetensors({ tensors });

describe("without a configuration", () => {
  test.each<[string, Record<string, Tensor>, ModelConfig, string[]]>([
    [
      "a cell by itself, between two linear maps in nn.Sequential's order",
      {
        "net.10.weight": one(2, 5),
        "net.10.bias": one(2),
        "net.2.weight": one(3, 4),
        "net.2.bias": one(3),
        "rnn.weight_ih": one(20, 3),
        "rnn.weight_hh": one(20, 5),
      },
      { input: { features: 4 }, layers: [dense({ units: 3 }), lstm({ units: 5 }), dense({ units: 2 })] },
      ['output: "every"', "net.2.weight: no activation follows it", "net.10.weight: no activation follows it"],
    ],
    [
      "a table of vectors, by its name",
      { "decoder.weight": one(4, 4), "emb.weight": one(4, 4) },
      { input: { tokens: 4 }, layers: [embedding({ units: 4 }), dense({ units: 4, bias: false })] },
      ['output: "every"', "decoder.weight: no activation follows it", "the order is emb., decoder."],
    ],
    [
      "convolution, normalisation, and an unknown activation",
      {
        "a.weight": one(3, 2, 5),
        "a.bias": one(3),
        "b.weight": one(3),
        "b.bias": one(3),
        "c.weight_ih_l0": one(4, 3),
        "c.weight_hh_l0": one(4, 4),
      },
      { input: { features: 2 }, layers: [{ type: "conv1d", units: 3, kernel: 5 }, { type: "normalization" }, rnn({ units: 4 })] },
      [
        'output: "every"',
        "a.weight: the dilation is 1, all padding is in front",
        "b.weight: it is nn.LayerNorm",
        'c.weight: the activation is "tanh"',
      ],
    ],
  ])("%s", (_, tensors, expected, told) => {
    const { model, unknown } = fromStateDict(file(tensors));
    expect(model.config).toMatchObject(expected);
    expect(unknown).toEqual(told);
    const numbers = (all: Record<string, Tensor>) => Object.values(all).flatMap(({ data }) => (data.some(Boolean) ? [...data] : []));
    expect(numbers(model.parameters()).sort()).toEqual(numbers(tensors).sort());
  });

  test.each<[string, Record<string, Tensor>, string]>([
    [
      "attention",
      { "a.in_proj_weight": one(9, 3) },
      '"bytes" has tensors of no layer: a.in_proj_weight; give the configuration, and prefixes of its layers',
    ],
    [
      "shapes that do not follow",
      { "a.weight": one(2, 3), "b.weight": one(2, 3), "a.bias": one(2), "b.bias": one(2) },
      '"bytes" has no modules in a row: a.weight, a.bias',
    ],
    ["nothing", {}, '"bytes" has no modules in a row'],
    ["a stack of a thousand", Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}.weight`, one(1, 1)])), "(300 in all)"],
  ])("refused: %s", (_, tensors, message) => {
    expect(() => fromStateDict(file(tensors))).toThrow(message);
  });
});

test("tensors of other dtypes are skipped and named, also where one of them is missing", () => {
  const raw = file({ "fc.weight": one(1, 2), "fc.steps": one(1) });
  const text = new TextDecoder().decode(raw);
  const at = text.lastIndexOf('"F32"');
  raw.set(new TextEncoder().encode('"I32"'), at);
  const { skipped } = fromStateDict(raw);
  expect({ ...skipped }).toEqual({ "fc.steps": { dtype: "I32", shape: [1] } });
  raw.set(new TextEncoder().encode('"I32"'), text.indexOf('"F32"'));
  const config: ModelConfig = { input: { features: 2 }, layers: [dense({ units: 1 })] };
  expect(() => fromStateDict(raw, config)).toThrow(
    '"bytes" has no tensor "dense.weight" that can be read; skipped: fc.weight of dtype I32',
  );
});

describe("files that are refused", () => {
  const entries = Object.fromEntries([...readZip(saved)].map(([name, read]) => [name, read()]));
  const pickled = (text: string, more: object = {}) =>
    zip({ ...entries, "archive/data.pkl": Uint8Array.from(text, (c) => c.charCodeAt(0)), ...more });
  const own = new TextDecoder("latin1").decode(entries["archive/data.pkl"]);
  const cases: [string, Uint8Array, string][] = [
    [
      "code",
      pickled("\x80\x02cos\nsystem\n(X\x04\0\0\0listtR."),
      '"bytes" asks for os.system, which is no tensor or dictionary: save module.state_dict(); no code is run, at 2 of data.pkl',
    ],
    ["a whole module", pickled("\x80\x02ctorch.nn.modules.rnn\nLSTM\n)\x81."), "asks for torch.nn.modules.rnn.LSTM"],
    ["TorchScript", pickled("\x80\x02c__torch__.Net\nNet\n)\x81."), "asks for __torch__.Net.Net"],
    ["a pickle that is cut", pickled(own.slice(0, 300)), '"bytes" is truncated, at '],
    ["a text that goes past the end", pickled("\x80\x02X\xff\xff\xff\x7f"), '"bytes" is truncated, at 2 of data.pkl'],
    [
      "another protocol's code",
      pickled("\x80\x04\x95\0\0\0\0\0\0\0\0."),
      '"bytes" has a pickle that torch.save does not write, at 2 of data.pkl',
    ],
    ["a stack that is empty", pickled("\x80\x02R."), "torch.save does not write, at 2"],
    ["no mark", pickled("\x80\x02t."), "torch.save does not write, at 2"],
    ["a storage without a name", pickled("\x80\x02NQ."), "torch.save does not write, at 3"],
    ["five million lists", pickled(`\x80\x02${"]".repeat(5e6)}.`), "has too many objects for its length"],
    ["a number alone", pickled("\x80\x02K\x01."), '"bytes" expected module.state_dict(), or one in a dictionary as model, got ""'],
    [
      "storages cut short",
      zip({ ...entries, "archive/data/0": new Uint8Array(3) }),
      'expected the numbers of a contiguous tensor, got "3 bytes of 0"',
    ],
    ["no storages", zip({ "archive/data.pkl": entries["archive/data.pkl"]! }), "the numbers of a contiguous tensor"],
    ["a size beyond its storage", pickled(own.replace("K\x02K\x09\x86", "K\xffK\xff\x86")), "contiguous"],
    ["big endian", zip({ ...entries, "archive/byteorder": Uint8Array.from("big", (c) => c.charCodeAt(0)) }), "little endian"],
    ["another zip", zip({ "a.txt": new Uint8Array(3) }), '"bytes" expected a file of torch.save, little endian, got "another zip file"'],
    ["a compressed one", zip(entries, true), "a whole zip file, not compressed"],
    ["a zip that is cut", saved.slice(0, saved.length - 30), "a whole zip file, not compressed"],
    ["the first bytes of a zip", saved.slice(0, 10), "a whole zip file"],
    ["an old file", Uint8Array.of(0x80, 2, 0x8a, 10), '"bytes" expected a file of torch.save of PyTorch 1.6 or later'],
    ["nothing", new Uint8Array(0), '"bytes" is not a safetensors file'],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    const [before, start] = [process.memoryUsage().arrayBuffers, performance.now()];
    expect(() => fromStateDict(bytes)).toThrow(message);
    expect(() => fromStateDict(bytes)).toThrow(RangeError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * bytes.length + (1 << 20));
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("arguments of the wrong kind", () => {
    expect(() => fromStateDict("net.pt" as never)).toThrow('"bytes" expected a Uint8Array or an ArrayBuffer, got "net.pt"');
    expect(() => fromStateDict(saved, undefined, { prefix: 1 } as never)).toThrow('"settings.prefix" is not an option');
    expect(() => toStateDict({} as never)).toThrow('"model" expected a model');
    expect(() => toStateDict(fromStateDict(saved).model, { dtype: "int8" as never })).toThrow('"dtype" expected one of "float32"');
  });
});

describe("toStateDict", () => {
  const names = (layers: Layer[], options = {}) =>
    Object.keys(readSafetensors(toStateDict(createModel({ input: { tokens: 3 }, layers }), options)).tensors);

  test("names by prefixes; a tied layer has the table's weights", () => {
    const layers = [embedding({ units: 2 }), gru({ units: 2 }), gru({ units: 2 }), dense({ units: 3, tied: true })];
    const own = (suffix: string) => ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => `${name}_l${suffix}`);
    expect(names(layers, { prefix: "model." })).toEqual(
      ["embedding.weight", ...own("0"), ...own("1"), "dense.bias", "dense.weight"].map((name) => `model.${name}`),
    );
    expect(names(layers, { prefix: ["emb.", "rnn.", "rnn.", "out."] })).toEqual([
      "emb.weight",
      ...[...own("0"), ...own("1")].map((name) => `rnn.${name}`),
      "out.bias",
      "out.weight",
    ]);
    expect(names(layers, { prefix: ["emb.", "a.", "b.", "out."] })).toContain("b.weight_ih_l0");
    const { tensors } = readSafetensors(toStateDict(createModel({ input: { tokens: 3 }, layers })));
    expect(tensors["dense.weight"]).toEqual(tensors["embedding.weight"]);
  });

  test.each<[Layer, string]>([
    [lstm97({ blocks: 2 }), '"layers[0].type" is lstm97, which no module of PyTorch has'],
    [lstm({ units: 2, peepholes: true }), '"layers[0].peepholes" is true, which no module of PyTorch has'],
    [lstm({ units: 2, forgetGate: false }), '"layers[0].forgetGate" is false'],
    [lstm({ units: 2, outputActivation: "identity" }), '"layers[0].outputActivation" is identity'],
    [lstm({ units: 2, cellClip: 3 }), '"layers[0].cellClip" is 3'],
    [lstm({ units: 2, layerNorm: true }), '"layers[0].layerNorm" is true'],
    [lstm({ units: 2, direction: "reverse" }), '"layers[0].direction" is reverse'],
    [gru({ units: 2, gateActivation: "hardSigmoid" }), '"layers[0].gateActivation" is hardSigmoid'],
    [gru({ units: 2, reset: "before" }), '"layers[0].reset" is before'],
  ])("refused: %o", (layer, message) => {
    expect(() => names([layer])).toThrow(message);
  });

  test("refused: prefixes that do not tell tensors apart", () => {
    const model = createModel({ input: { features: 2 }, layers: [dense({ units: 2 }), dense({ units: 2 })] });
    expect(() => toStateDict(model, { prefix: ["a.", "a."] })).toThrow('"prefix" gives two tensors the name "a.weight"');
    expect(() => toStateDict(model, { prefix: ["a."] })).toThrow('"prefixes" expected 2, one for each of dense, dense_1');
  });

  test("what training alone knows is no obstacle", () => {
    expect(
      names([lstm({ units: 2, forgetBias: 1, zoneout: 0.1, inputActivation: "tanh", outputGate: true, cellClip: Infinity })]),
    ).toHaveLength(4);
    expect(names([rnn({ units: 2, activation: "relu", bidirectional: "sum" }), dense({ units: 1, activation: "logistic" })])).toHaveLength(
      10,
    );
  });
});
