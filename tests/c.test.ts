/** Models as C: compiled by GCC and Clang, for x86-64 and, under emulation, for arm64, with the bits of `stream.step`. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { toC } from "../src/c.js";
import {
  activation,
  conv1d,
  createModel,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  lstm,
  lstm97,
  type Model,
  type ModelConfig,
  normalization,
  pooling,
  rnn,
} from "../src/index.js";
import { quantize } from "../src/int8.js";
import { asTensors, f32s, numbers, randomParameters } from "./helpers/cases.js";

const folder = mkdtempSync(join(new URL("..", import.meta.url).pathname, "build", "c-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (command: string, args: string[], input?: Uint8Array) =>
  execFileSync(command, args, { cwd: folder, maxBuffer: 1 << 28, stdio: ["pipe", "pipe", "pipe"], ...(input && { input }) });

const FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"];
/** [the machine, the compiler, its flags, what runs the program]. */
const TARGETS: [string, string, string[], string[]][] = [
  ["x86-64", "gcc", [], []],
  ["x86-64", "clang", [], []],
  ["arm64", "aarch64-linux-gnu-gcc", ["-static"], ["qemu-aarch64"]],
  ["arm64", "clang", ["--target=aarch64-linux-gnu", "-static"], ["qemu-aarch64"]],
];
const BUILDS = TARGETS.flatMap(([machine, compiler, flags, runner]) =>
  ["-O0", "-O2"].map((level) => [`${compiler} ${level} for ${machine}`, compiler, [...FLAGS, ...flags, level], runner] as const),
);

/** Models of every kind of layer and option that C has, at sizes on both sides of the kernels' tiles. */
function drawn(seed: number): Model<unknown> {
  const next = numbers(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const of = <T>(choices: readonly T[]): T => choices[below(choices.length)]!;
  const chance = (share: number) => next() < 2 * share - 1;
  const size = () => (chance(0.2) ? 25 + below(50) : 1 + below(13));
  const some = (options: object) => Object.fromEntries(Object.entries(options).filter(() => chance(0.25)));
  const squash = () => of(["identity", "logistic", "tanh", "relu", "[-1,1]", "[-2,2]"] as const);
  const bounded = () => of(["logistic", "tanh", "[-1,1]", "[-2,2]"] as const);
  const tokens = chance(0.3) ? 2 + below(20) : 0;
  const features = 1 + below(9);
  const layers: Layer[] = [];
  let width = features;
  if (tokens && chance(0.5)) layers.push(embedding({ units: (width = size()) }));
  for (let count = 1 + below(3); count > 0; count--) {
    const hidden = tokens > 0 && layers.length === 0;
    const residual = hidden ? undefined : of([undefined, undefined, "sum", "concat"] as const);
    const units = residual === "sum" ? width : size();
    const gates = chance(0.3) ? { gateActivation: "hardSigmoid" as const, alpha: of([0.2, 1 / 6, 0.3]) } : {};
    const around = { ...(residual && { residual }), ...some({ recurrentDropout: 0.3 }) };
    const kind = of(["rnn", "gru", "lstm", "lstm", "lstm97"] as const);
    if (kind === "rnn") layers.push(rnn({ units, ...around, ...some({ activation: "relu" }) }));
    else if (kind === "gru") {
      layers.push(gru({ units, ...around, ...gates, reset: of(["after", "before"]), ...some({ inputActivation: squash() }) }));
    } else if (kind === "lstm97") {
      const cellsPerBlock = of([1, 2, 3].filter((cells) => units % cells === 0));
      const recurrence = of(["cells+gates", "cells", "none"] as const);
      const { recurrentDropout: _, ...rest } = around as { recurrentDropout?: number };
      layers.push(
        lstm97({
          blocks: units / cellsPerBlock,
          cellsPerBlock,
          ...(recurrence === "none" ? rest : around),
          recurrence,
          outputGate: chance(0.7),
          bias: of(["all", "gates", "none"]),
          g: of(["[-2,2]", "tanh"]),
          ...some({ f: "logistic", h: bounded() }),
        }),
      );
    } else {
      layers.push(
        lstm({
          ...(chance(0.3) ? { units: size(), projection: units } : { units }),
          ...around,
          ...gates,
          ...some({ peepholes: true, cellClip: 0.7, inputActivation: bounded(), outputActivation: squash() }),
          ...(chance(0.2) ? { coupled: true } : some({ inputGate: false, outputGate: false })),
        }),
      );
    }
    width = units + (residual === "concat" ? width : 0);
    if (chance(0.2)) layers.push(dropout({ rate: 0.3 }));
    if (chance(0.2)) layers.push(activation({ kind: of(["relu", "logistic", "hardSigmoid", "[-2,2]"]) }));
    if (count === 1 && chance(0.2)) layers.push(pooling({ kind: "last" }));
    if (chance(0.2)) layers.push(dense({ units: (width = size()), activation: squash(), bias: chance(0.5) }));
  }
  const outputs = size();
  layers.push(dense({ units: outputs }));
  const table = layers[0] as { type: string; units: number };
  if (table.type === "embedding" && chance(0.6)) layers.push(dense({ units: table.units }), dense({ units: tokens, tied: true }));
  const last = (layers.at(-1) as { units: number }).units;
  const scale = (count: number) => ({ mean: f32s(count, next, 3), deviation: f32s(count, next).map((value) => Math.abs(value) + 0.1) });
  const heads = chance(0.2)
    ? { "a price": dense({ units: size() }), trend: dense({ units: size(), activation: squash(), bias: chance(0.5) }) }
    : undefined;
  const targets = heads ? { "a price": scale(heads["a price"].units) } : scale(last);
  const config: ModelConfig = {
    input: tokens ? { tokens } : { features },
    layers,
    seed,
    ...(!layers.some(({ type }) => type === "pooling") && { output: of(["every", "last"]) }),
    ...(chance(0.3) && { scaler: { ...(!tokens && { inputs: scale(features) }), targets } }),
    ...(heads && { heads }),
  };
  return createModel(config);
}

/** The outputs of one head, or of several one after the other. */
const arrays = (outputs: unknown) => (outputs instanceof Float32Array ? [outputs] : Object.values(outputs as Record<string, Float32Array>));

/** The inputs of a thousand steps as bytes, and the outputs of the stream. */
function streamed(model: Model<unknown>, steps: number, seed: number) {
  const next = numbers(seed);
  const { input } = model.config;
  const stream = model.stream();
  const [inputs, outputs]: [ArrayBufferView[], Float32Array[]] = [[], []];
  for (let t = 0; t < steps; t++) {
    if ("tokens" in input) {
      const token = Math.floor(((next() + 1) / 2) * input.tokens);
      inputs.push(Int32Array.of(token));
      outputs.push(...arrays(stream.step(token)));
    } else {
      const x = Float32Array.from(f32s((input as { features: number }).features, next, 2));
      inputs.push(x);
      outputs.push(...arrays(stream.step(x)));
    }
  }
  const bytes = (parts: ArrayBufferView[]) => Buffer.concat(parts.map((part) => new Uint8Array(part.buffer)));
  return { inputs: bytes(inputs), outputs: bytes(outputs) };
}

/** A program that reads the inputs of each model in turn and writes its outputs. */
function program(models: readonly Model<unknown>[], steps: number): string {
  models.forEach((model, i) => writeFileSync(join(folder, `m${i}.h`), toC(model, { name: `m${i}` })));
  const one = (_: Model<unknown>, i: number) => `  {
    static m${i}_state state;
    float out[M${i}_OUTPUTS];
#ifdef M${i}_TOKENS
    int in;
#define IN &in
#else
    float in[M${i}_INPUTS];
#define IN in
#endif
    m${i}_step(&state, ${"columns" in models[i]!.config.input ? "" : "tokens" in models[i]!.config.input ? "0" : "(float[999]){0}"}, out);
    m${i}_reset(&state);
    for (t = 0; t < ${steps}; t++) {
      if (fread(IN, sizeof in, 1, stdin) != 1) return 1;
      m${i}_step(&state, in, out);
      fwrite(out, sizeof out, 1, stdout);
    }
#undef IN
  }`;
  const name = "all.c";
  const includes = models.map((_, i) => `#include "m${i}.h"`).join("\n");
  writeFileSync(
    join(folder, name),
    `#include <stdio.h>\n${includes}\nint main(void) {\n  int t;\n${models.map(one).join("\n")}\n  return 0;\n}\n`,
  );
  return name;
}

/** Elsewhere than in CI a machine may lack them; there .ci/run installs them. */
const able =
  process.env.CI !== undefined ||
  ["gcc", "clang", "aarch64-linux-gnu-gcc", "qemu-aarch64"].every((command) => spawnSync(command, ["--version"]).status === 0);

describe.skipIf(!able)("50 random models, and 25 of int8 weights, 1,000 steps each", () => {
  const steps = 1000;
  const models = Array.from({ length: 75 }, (_, i) => (i < 50 ? drawn(i + 1) : quantize(drawn(i + 1))));
  const runs = models.map((model, i) => streamed(model, steps, i + 100));
  const source = program(models, steps);
  test.each(BUILDS)(
    "%s: the stream's outputs, to the bit",
    (name, compiler, flags, runner) => {
      const file = name.replace(/\W+/g, "-");
      run(compiler, [...flags, "-o", file, source]);
      const [command, ...args] = [...runner, join(folder, file)];
      const got = run(command!, args, Buffer.concat(runs.map(({ inputs }) => inputs)));
      let at = 0;
      for (const [i, { outputs }] of runs.entries()) {
        const own = got.subarray(at, (at += outputs.length));
        expect(own.equals(outputs), `model ${i}: ${JSON.stringify(models[i]!.config.layers)}`).toBe(true);
      }
      expect(got).toHaveLength(at);
    },
    120_000,
  );
});

test.skipIf(!able)("with large weights, at the ends of the activations, too", () => {
  const models = [
    createModel({ input: { features: 2 }, layers: [lstm({ units: 9 }), rnn({ units: 40 }), dense({ units: 3 })] }),
    createModel({ input: { tokens: 5 }, layers: [gru({ units: 7 }), lstm97({ blocks: 3 })] }),
    // Activations of 16 bits would overflow the sums of integers here.
    createModel({ input: { features: 700 }, layers: [gru({ units: 4 }), dense({ units: 2 })] }),
  ];
  models.forEach((model, n) => {
    const parameters = randomParameters(model.parameters());
    for (const { data } of Object.values(parameters))
      data.forEach((value, i) => (data[i] = n === 2 ? Math.sign(value) : Math.fround(20 * value)));
    model.setParameters(asTensors(parameters));
  });
  models.push(...models.map((model) => quantize(model)));
  const runs = models.map((model) => streamed(model, 300, 9));
  run("gcc", [...FLAGS, "-O2", "-o", "large", program(models, 300)]);
  const got = run(join(folder, "large"), [], Buffer.concat(runs.map(({ inputs }) => inputs)));
  expect(got.equals(Buffer.concat(runs.map(({ outputs }) => outputs)))).toBe(true);
});

test.skipIf(!able).each(TARGETS)(
  "%s, %s: an LSTM of 32 units takes its weights and at most 6 kB, and asks for nothing",
  (_, compiler, flags) => {
    const code = `#include "small.h"
memcell_state state;
void begin(void) { memcell_reset(&state); }
void step(const float *x, float *y) { memcell_step(&state, x, y); }
`;
    writeFileSync(join(folder, "small.c"), code);
    const model = createModel({ input: { features: 3 }, layers: [lstm({ units: 32 }), dense({ units: 1 })] });
    // Numbers of matrices, each with a row's scale, and of vectors.
    const [numbers, rows, biases] = [128 * 35 + 32, 129, 129];
    for (const [own, weights] of [
      [model, 4 * (numbers + biases)],
      [quantize(model), numbers + 4 * (rows + biases)],
    ] as const) {
      writeFileSync(join(folder, "small.h"), toC(own));
      run(compiler, [...FLAGS, ...flags.filter((flag) => flag !== "-static"), "-O2", "-ffreestanding", "-c", "-o", "small.o", "small.c"]);
      const size = run("size", ["-A", "small.o"]).toString();
      const bytes = [...size.matchAll(/^\.(?:text|rodata|data|eh_frame)\S*\s+(\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
      expect(bytes).toBeGreaterThan(weights);
      expect(bytes).toBeLessThan(weights + 6 * 1024);
      const missing = run("nm", ["-u", "small.o"]).toString().match(/\w+$/gm) ?? [];
      expect(missing.filter((name) => !["memset", "memcpy"].includes(name))).toEqual([]);
    }
  },
);

const layers = [lstm({ units: 20 }), gru({ units: 9 }), dense({ units: 4 })];
const plain = createModel({ input: { features: 3 }, layers, seed: 3 });
test.skipIf(!able).each([
  ["float32", plain, 1e-6],
  ["int8", quantize(plain), 1e-5],
] as const)("it is C++ as well, and without the flag outputs of %s weights are within %d", (_, model, bound) => {
  const { inputs, outputs } = streamed(model, 200, 4);
  const source = program([model], 200);
  const code = '#include "m0.h"\nm0_state s;\nvoid step(const float *x, float *y) { m0_reset(&s); m0_step(&s, x, y); }\n';
  writeFileSync(join(folder, "m0.cpp"), code);
  run("clang++", ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "m0.cpp"]);
  run("aarch64-linux-gnu-gcc", ["-O3", "-static", "-o", "fused", source]);
  const got = run("qemu-aarch64", [join(folder, "fused")], inputs);
  const floats = (bytes: Uint8Array) => new Float32Array(Uint8Array.from(bytes).buffer);
  const expected = floats(outputs);
  floats(got).forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(bound));
});

describe("what C cannot have is refused with its place", () => {
  const of = (...layers: Layer[]) => createModel({ input: { features: 2 }, layers: [rnn({ units: 2 }), ...layers] });
  test.each<[string, () => string, string]>([
    [
      "a convolution",
      () => toC(of(conv1d({ units: 2, kernel: 2 }))),
      '"layers[1].type" expected one of rnn, gru, lstm, lstm97, embedding, dense, activation, dropout, pooling, for C, got "conv1d"',
    ],
    ["normalization", () => toC(of(normalization())), '"layers[1].type" expected one of'],
    [
      "two directions",
      () => toC(of(lstm({ units: 2, bidirectional: "sum" }))),
      '"layers[1].bidirectional" expected none, for C, got "sum"',
    ],
    ["reverse", () => toC(of(gru({ units: 2, direction: "reverse" }))), '"layers[1].direction" expected "forward", for C, got "reverse"'],
    ["zoneout", () => toC(of(lstm97({ blocks: 2, zoneout: 0.1 }))), '"layers[1].zoneout" expected none, for C, got 0.1'],
    ["layerNorm", () => toC(of(lstm({ units: 2, layerNorm: true }))), '"layers[1].layerNorm" expected none, for C, got true'],
    [
      "full gate recurrence",
      () => toC(of(lstm({ units: 2, fullGateRecurrence: true }))),
      '"layers[1].fullGateRecurrence" expected none, for C, got true',
    ],
    ["a convolution of int8", () => toC(quantize(of(conv1d({ units: 2, kernel: 2 })))), '"layers[1].type" expected one of'],
    ["no name", () => toC(of(), { name: "2nd" }), '"name" expected a name in C, got "2nd"'],
    ["an option unknown", () => toC(of(), { prefix: "m" } as never), '"prefix" is not an option; the options are name'],
    ["no model", () => toC({} as never), '"model" expected a model, got an object'],
  ])("%s", (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

test.skipIf(!able)("the example of docs/c.md compiles, and does what it says", () => {
  const page = readFileSync(new URL("../docs/c.md", import.meta.url), "utf8");
  const [, code] = page.match(/```c\n([\s\S]*?)```/)!;
  const model = createModel({ input: { features: 3 }, layers: [lstm({ units: 32 }), dense({ units: 1 })], seed: 1 });
  writeFileSync(join(folder, "model.h"), toC(model));
  writeFileSync(join(folder, "sensor.c"), code!);
  const [, flags] = page.match(/`gcc ([^`]*) sensor\.c`/)!;
  run("gcc", ["-Wall", "-Wextra", "-Werror", ...flags!.split(" "), "-Dread_sensor=sensor", "-c", "-o", "sensor.o", "sensor.c"]);
  writeFileSync(
    join(folder, "main.c"),
    `#include <stdio.h>
int t;
void sensor(float x[3]) { for (int i = 0; i < 3; i++) x[i] = 0.25f * (float)(t + i); }
void alarm_if(float value) { printf("%.9g\\n", value); }
void setup(void); void loop(void);
int main(void) { setup(); for (t = 0; t < 5; t++) loop(); return 0; }
`,
  );
  run("gcc", ["-o", "sensor", "main.c", "sensor.o"]);
  const stream = model.stream();
  const expected = Array.from({ length: 5 }, (_, t) => stream.step([0, 1, 2].map((i) => 0.25 * (t + i)))[0]);
  expect(
    run(join(folder, "sensor"), [])
      .toString()
      .trim()
      .split("\n")
      .map((text) => Math.fround(Number(text))),
  ).toEqual(expected);
});
