/** The table of a model: its lines, its counts beside PyTorch's, and what console.log shows. */

import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import {
  categorical,
  conv1d,
  createModel,
  dense,
  dropout,
  embedding,
  gru,
  loadModel,
  lstm,
  type ModelConfig,
  normalization,
  numeric,
  pooling,
  rnn,
} from "memcell";
import { expect, test } from "vitest";
import { CASES } from "./helpers/cases.js";

/** Named by the modules of PyTorch whose counts, `sum(p.numel() for p in module.parameters())`, are the total. */
const MODELS: [modules: string, config: ModelConfig, total: number, table: string][] = [
  [
    "LSTM(3, 64), Linear(64, 1)",
    { input: { features: 3 }, layers: [lstm({ units: 64 }), dropout({ rate: 0.2 }), dense({ units: 1 })] },
    17_729,
    `
layer      kind      output   parameters   bytes  multiplications a step
input      features  [T, 3]            0       0                       0
layers[0]  lstm      [T, 64]      17,664  70,656                  17,152
layers[1]  dropout   [T, 64]           0       0                       0
layers[2]  dense     [T, 1]           65     260                      64
total                             17,729  70,916                  17,216`,
  ],
  [
    "LSTM(5, 32, num_layers=2, bidirectional=True), Linear(64, 3)",
    {
      input: { features: 5 },
      layers: [lstm({ units: 32, bidirectional: "concat" }), lstm({ units: 32, bidirectional: "concat" }), dense({ units: 3 })],
      output: "last",
    },
    35_267,
    `
layer      kind      output   parameters    bytes  multiplications a step
input      features  [T, 5]            0        0                       0
layers[0]  lstm      [T, 64]       9,984   39,936                   9,472
layers[1]  lstm      [T, 64]      25,088  100,352                  24,576
output     pooling   [64]              0        0                       0
layers[2]  dense     [3]             195      780                     192
total                             35,267  141,068                  34,240`,
  ],
  [
    "Embedding(96, 16), GRU(16, 128), Linear(128, 96)",
    { input: { tokens: 96 }, layers: [embedding({ units: 16 }), gru({ units: 128 }), dense({ units: 96 })] },
    69_984,
    `
layer      kind       output    parameters    bytes  multiplications a step
input      96 tokens  [T, 1]             0        0                       0
layers[0]  embedding  [T, 16]        1,536    6,144                       0
layers[1]  gru        [T, 128]      56,064  224,256                  55,296
layers[2]  dense      [T, 96]       12,384   49,536                  12,288
total                               69,984  279,936                  67,584`,
  ],
  [
    "Embedding(96, 16), RNN(16, 16), Linear(16, 96) with the embedding's weight",
    { input: { tokens: 96 }, layers: [embedding({ units: 16 }), rnn({ units: 16 }), dense({ units: 96, tied: true })] },
    2_176,
    `
layer      kind       output   parameters  bytes  multiplications a step
input      96 tokens  [T, 1]            0      0                       0
layers[0]  embedding  [T, 16]       1,536  6,144                       0
layers[1]  rnn        [T, 16]         544  2,176                     512
layers[2]  dense      [T, 96]          96    384                   1,536
total                               2,176  8,704                   2,048`,
  ],
  [
    "LSTM(500, 8) on one-hot rows, gathered",
    { input: { tokens: 500 }, layers: [lstm({ units: 8 })] },
    16_320,
    `
layer      kind        output  parameters   bytes  multiplications a step
input      500 tokens  [T, 1]           0       0                       0
layers[0]  lstm        [T, 8]      16,320  65,280                     256
total                              16,320  65,280                     256`,
  ],
  [
    "Conv1d(2, 24, 5), LayerNorm(24), RNN(24, 10)",
    { input: { features: 2 }, layers: [conv1d({ units: 24, kernel: 5 }), normalization(), rnn({ units: 10 })] },
    672,
    `
layer      kind           output   parameters  bytes  multiplications a step
input      features       [T, 2]            0      0                       0
layers[0]  conv1d         [T, 24]         264  1,056                     240
layers[1]  normalization  [T, 24]          48    192                       0
layers[2]  rnn            [T, 10]         360  1,440                     340
total                                     672  2,688                     580`,
  ],
  [
    "Embedding(3, 2), GRU(11, 24, bidirectional=True), Linear(48, 8), Linear(8, 1, bias=False), Linear(48, 3)",
    {
      input: {
        columns: {
          temperature: numeric({ missing: "last" }),
          weather: categorical(["sun", "rain", "snow"], { units: 2 }),
          weekday: categorical(7),
        },
      },
      layers: [gru({ units: 24, bidirectional: "concat" }), pooling({ kind: "attention", units: 8 }), dense({ units: 3 })],
    },
    5_881,
    `
layer      kind     output   parameters   bytes  multiplications a step
input      columns  [T, 11]           6      24                       0
layers[0]  gru      [T, 48]       5,328  21,312                   4,032
layers[1]  pooling  [48]            400   1,600                     392
layers[2]  dense    [3]             147     588                     144
total                             5,881  23,524                   4,568`,
  ],
  [
    "LSTM(4, 50, proj_size=20)",
    { input: { features: 4 }, layers: [lstm({ units: 50, projection: 20 })] },
    6_200,
    `
layer      kind      output   parameters   bytes  multiplications a step
input      features  [T, 4]            0       0                       0
layers[0]  lstm      [T, 20]       6,200  24,800                   5,800
total                              6,200  24,800                   5,800`,
  ],
];

test.each(MODELS)("%s", (_, config, total, text) => {
  const table = text.trim();
  const model = createModel(config);
  expect(model.summary()).toBe(table);
  expect(table.match(/^total +([\d,]+)/m)![1]!.replaceAll(",", "")).toBe(String(total));
  // What console.log shows, in Deno and Bun as well.
  expect(inspect(model)).toBe(table);
  expect(loadModel(model.save()).summary()).toBe(table);
  expect(Object.keys(model)).toEqual([]);
});

test("every case counts the numbers of its parameters", () => {
  for (const { name, model: config } of CASES) {
    const model = createModel(config);
    const sizes = Object.values(model.parameters()).map(({ data }) => data.length);
    const lines = model.summary().split("\n");
    const parameters = lines.map((line) => line.split(/ {2,}/).map((cell) => Number(cell.replaceAll(",", ""))));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(parameters.at(-1)!.slice(1, 3), name).toEqual([total, 4 * total]);
    const inserted = config.output === "last" && !config.layers.some(({ type }) => type === "pooling");
    expect(lines.length, name).toBe(config.layers.length + 3 + Number(inserted));
  }
});

test("PyTorch's vectors: as many parameters as its modules have", () => {
  const vectors: {
    name: string;
    input: ModelConfig["input"];
    layers: ModelConfig["layers"];
    parameters: Record<string, { data: number[] }>;
  }[] = JSON.parse(readFileSync(new URL("vectors/pytorch.json", import.meta.url), "utf8"));
  for (const { name, input, layers, parameters } of vectors) {
    const count = Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);
    expect(createModel({ input, layers }).summary(), name).toContain(`  ${count.toLocaleString("en-US")}  `);
  }
});
