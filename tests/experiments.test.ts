/** The tasks of the paper of 1997: what is drawn against their definitions, and the runner as a person runs it. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { SETTINGS, type Setting } from "../bench/evidence/settings.js";
import { RECENT, randomOf, taskAtEnd } from "../bench/evidence/task.js";
import * as adding from "../bench/evidence/tasks/adding.js";
import * as order from "../bench/evidence/tasks/order.js";
import * as reber from "../bench/evidence/tasks/reber.js";
import { build, type Result, runTrial } from "../bench/evidence/trial.js";
import { createTrainer, sgd } from "../src/index.js";

const root = new URL("..", import.meta.url).pathname;

/** Within four standard errors. */
const expectMean = (values: number[], mean: number) => {
  const measured = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - measured) ** 2, 0) / values.length;
  expect(Math.abs(measured - mean)).toBeLessThan(4 * Math.sqrt(variance / values.length));
};

describe("the embedded Reber grammar", () => {
  const random = randomOf(0, 7);
  const strings = Array.from({ length: 40_000 }, () => reber.drawReber(random));

  test("draws its strings, the shortest and the mean length as often as they ought to be", () => {
    // The inner grammar as a regular expression: from node 4, and the two ways from node 1.
    const four = "(?:XT*VP)*(?:S|XT*VV)";
    const inner = `B(?:TS*X${four}|PT*V(?:V|P${four}))E`;
    const grammar = new RegExp(`^B(?:T${inner}T|P${inner}P)E$`);
    expect(strings.filter((string) => !grammar.test(string))).toEqual([]);
    expect(Math.min(...strings.map(({ length }) => length))).toBe(9);
    for (const shortest of ["BTBTXSETE", "BTBPVVETE", "BPBTXSEPE", "BPBPVVEPE"])
      expectMean(
        strings.map((string) => Number(string === shortest)),
        1 / 16,
      );
    expectMean(
      strings.map(({ length }) => length),
      12,
    );
  });

  test("possible symbols are those that come after the same beginning", () => {
    const after = new Map<string, { symbols: Set<string>; count: number }>();
    for (const string of strings)
      for (let t = 1; t < string.length; t++) {
        const entry = after.get(string.slice(0, t)) ?? { symbols: new Set(), count: 0 };
        after.set(string.slice(0, t), { symbols: entry.symbols.add(string[t]!), count: entry.count + 1 });
      }
    for (const string of new Set(strings))
      reber.possible(string).forEach((symbols, t) => {
        const { symbols: seen, count } = after.get(string.slice(0, t + 1))!;
        // Of 40 that might be of two kinds, all being of one has a probability of 2e-12.
        if (count > 40) expect([...seen].sort()).toEqual([...symbols].sort());
      });
    for (const wrong of ["BTBTXSEPE", "BTBTXSET", "TBTXSETE", "BTBTXSETEE"]) expect(() => reber.possible(wrong)).toThrow(RangeError);
  });

  test("is one-hot, each target the symbol after; right if the possible symbols are the most active outputs", () => {
    const string = "BPBTXXVPSEPE";
    const { inputs, targets } = reber.encode(string);
    const read = (units: Float32Array) =>
      Array.from({ length: units.length / 7 }, (_, t) => reber.SYMBOLS[units.subarray(7 * t, 7 * t + 7).indexOf(1)]).join("");
    expect([read(inputs), read(targets)]).toEqual([string.slice(0, -1), string.slice(1)]);
    expect(inputs.reduce((a, b) => a + b) + targets.reduce((a, b) => a + b)).toBe(22);
    const ideal = Float32Array.from(
      reber.possible(string).flatMap((next) => Array.from(reber.SYMBOLS, (name) => (next.includes(name) ? 0.3 : 0.2))),
    );
    expect(reber.right(ideal, string)).toBe(true);
    expect(reber.right(targets, string)).toBe(false);
    // Every output by itself decides: a tie is wrong.
    for (const k of ideal.keys())
      expect(
        reber.right(
          Float32Array.from(ideal, (y, i) => (i === k ? 0.5 - y : y)),
          string,
        ),
      ).toBe(false);
    expect(reber.right(ideal.fill(0.2), string)).toBe(false);
  });

  test("sets have 256 strings, some 100 different ones to learn, none of which is in the test", () => {
    for (const trial of [0, 1, 2]) {
      const { training, test } = reber.drawSets(randomOf(trial, 0));
      expect([training.length, test.length]).toEqual([256, 256]);
      expect(new Set(training).size).toBeGreaterThan(80);
      expect(new Set(training).size).toBeLessThan(125);
      expect(test.some((string) => training.includes(string))).toBe(false);
    }
  });
});

describe("the adding problem", () => {
  const T = 100;
  const random = randomOf(1, 7);
  const drawn = Array.from({ length: 20_000 }, () => {
    const { inputs, targets } = adding.drawAdding(random, T);
    const pairs = Array.from({ length: inputs.length / 2 }, (_, t) => [inputs[2 * t]!, inputs[2 * t + 1]!] as const);
    return { pairs, target: targets[0]!, marked: [...pairs.keys()].filter((t) => pairs[t]![1] === 1) };
  });
  const whole = drawn.filter(({ marked }) => marked.length === 2);

  test("lengths, values, markers and targets are what they are said to be", () => {
    for (const { pairs, target, marked } of drawn) {
      expect(
        pairs.every(([value, marker], t) => Math.abs(value) <= 1 && marker === (marked.includes(t) ? 1 : t % (pairs.length - 1) ? 0 : -1)),
      ).toBe(true);
      expect(target).toBeCloseTo(0.5 + marked.reduce((sum, t) => sum + pairs[t]![0], 0) / 4, 6);
    }
    const lengths = drawn.map(({ pairs }) => pairs.length);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([T, T + T / 10]);
    expectMean(lengths, 105);
    expect(whole.every(({ marked }) => marked[0]! < 10)).toBe(true);
    const last = drawn.map(({ marked }) => marked.at(-1)!);
    expect([Math.min(...last), Math.max(...last)]).toEqual([1, T / 2 - 1]);
  });

  test("one in ten, and one in 49 of the others, has the first pair marked", () => {
    expectMean(
      drawn.map(({ marked }) => 2 - marked.length),
      0.1 + 0.9 / 49,
    );
  });

  test("always answering 0.5 has a squared error of 1/24 on two values, and is right in 15.4 %", () => {
    const errors = whole.map(({ target }) => Math.abs(target - 0.5));
    expectMean(
      errors.map((error) => error ** 2),
      1 / 24,
    );
    expectMean(
      errors.map((error) => Number(adding.right([error]))),
      0.16 - 0.16 ** 2 / 4,
    );
  });
});

describe("temporal order", () => {
  const random = randomOf(2, 7);
  const drawn = Array.from({ length: 20_000 }, () => {
    const { inputs, targets } = order.drawOrder(random);
    const text = Array.from({ length: inputs.length / 8 }, (_, t) => order.SYMBOLS[inputs.subarray(8 * t, 8 * t + 8).indexOf(1)]).join("");
    return { text, targets, units: inputs.reduce((a, b) => a + b) };
  });

  test("from E to B, two of X and Y at their places, the class one-hot", () => {
    for (const { text, targets, units } of drawn) {
      expect(text).toMatch(/^E[a-d]{8,18}[XY][a-d]{29,49}[XY][a-d]+B$/);
      expect(units).toBe(text.length);
      const found = [...text.matchAll(/[XY]/g)];
      expect([...targets]).toEqual(["XX", "XY", "YX", "YY"].map((name) => Number(name === found.join(""))));
    }
    const range = (values: number[]) => [Math.min(...values), Math.max(...values)];
    expect(range(drawn.map(({ text }) => text.length))).toEqual([100, 110]);
    expect(range(drawn.map(({ text }) => text.search(/[XY]/) + 1))).toEqual([10, 20]);
    expect(range(drawn.map(({ text }) => text.search(/[XY][a-d]+B/) + 1))).toEqual([50, 60]);
  });

  test.each([0, 1, 2, 3])("class %d is a quarter of them", (k) => {
    expectMean(
      drawn.map(({ targets }) => targets[k]!),
      0.25,
    );
  });

  test("right if every output is", () => {
    expect(order.right([0.29, 0.1, 0.2, 0.29])).toBe(true);
    expect(order.right([0, 0, 0, 0.31])).toBe(false);
  });
});

describe("a trial", () => {
  const draw = () => ({ inputs: new Float32Array(2), targets: Float32Array.of(0.5) });
  const task = (average = 0.01) => taskAtEnd({ features: 2, outputs: 1, draw, right: adding.right, average });
  /** How many sequences of these errors it takes. */
  const learnedAfter = (error: (n: number) => number, average?: number) => {
    const run = task(average).begin(0);
    for (let n = 1; n <= 3 * RECENT; n++) if (run.learned([error(n)], undefined as never)) return n;
    return Infinity;
  };

  test("stops when the last 2,000 were right and their average error is small enough", () => {
    expect(learnedAfter(() => 0)).toBe(RECENT);
    expect(learnedAfter((n) => (n === 100 ? 0.05 : 0))).toBe(RECENT + 100);
    expect(learnedAfter(() => 0.03)).toBe(Infinity);
    expect(learnedAfter(() => 0.03, 0.031)).toBe(RECENT);
    // 0.03 until 1,000, then nothing: the average of 2,000 is below 0.01 with 667 of them.
    expect(learnedAfter((n) => (n <= 1000 ? 0.03 : 0))).toBe(RECENT + 334);
  });

  const settingOf = (wanted: string) => SETTINGS.find(({ name }) => name === wanted)!;
  const run = (setting: Setting, trial: number, limit: number) => {
    const steps = runTrial(setting, trial, limit);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  };

  // Chosen for the path that it takes: one trial of 60 that learns within 10,000 sequences. docs/experiments-1997.md has how
  // often trials learn.
  test("learns the embedded Reber grammar, and has then no string of either set wrong", () => {
    const { sequences, ...result } = run(settingOf("reber-3x2-0.5"), 37, 10_000);
    expect(result).toMatchObject({ setting: "reber-3x2-0.5", trial: 37, solved: true, wrong: 0, tested: 256 });
    expect(sequences).toBeGreaterThan(1000);
  });

  test("is given up, or leaves the finite numbers", () => {
    expect(run(settingOf("order-6a"), 0, 50)).toMatchObject({ solved: false, sequences: 50, limit: 50 });
    const diverged = run({ ...settingOf("adding-100-linear"), rate: 1e4 }, 0, 1000);
    expect(diverged.solved).toBe(false);
    expect(diverged.sequences).toBeLessThan(1000);
  });

  test.each(SETTINGS)("$name has the paper's number of weights, its biases begin where the paper's do", (setting) => {
    const { blocks, size, init, biases, inputGateBias, outputGateBias, paper } = setting;
    const parameters = build(setting, 3).model.parameters();
    const gates = Array.from(parameters.bias_ih_l0!.data).slice(-2 * blocks);
    const expectBiases = (actual: number[], given?: number[]) => {
      if (given) expect(actual).toEqual(given);
      else for (const bias of actual) expect(Math.abs(bias)).toBeLessThan(init);
    };
    expectBiases(gates.slice(0, blocks), inputGateBias);
    expectBiases(gates.slice(blocks), outputGateBias);
    expect(parameters.bias_ih_l0!.data.length).toBe(2 * blocks + (biases === "all" ? blocks * size : 0));
    for (const [name, { data }] of Object.entries(parameters)) {
      if (name !== "bias_ih_l0") expect(Math.max(...data.map(Math.abs)), name).toBeLessThanOrEqual(Math.fround(init));
    }
    expect(() => build({ ...setting, paper: { ...paper, weights: 1 } }, 0)).toThrow(`expected 1 weights, got ${paper.weights}`);
  });

  test.each(["reber-3x2-0.5", "order-6a"])("%s learns along half the gradient of the sum of squares", (name) => {
    const setting = settingOf(name);
    const example = setting.task.begin(0).next();
    // So small a rate that updates within a sequence do not change the gradient, against a step of plain gradient descent.
    const rate = 1e-3;
    const { model, learn } = build({ ...setting, rate }, 1);
    const before = model.parameters();
    const trainer = createTrainer(model, {
      loss: "mse",
      optimizer: sgd({ learningRate: 1 }),
      gradient: "truncated-1997",
      window: Infinity,
    });
    const { gradients } = trainer.gradients([example]);
    learn(example);
    const after = model.parameters();
    let [dot, square] = [0, 0];
    for (const [key, { data }] of Object.entries(gradients)) {
      data.forEach((gradient, i) => {
        const expected = (-rate * gradient * example.targets.length) / 2;
        dot += (after[key]!.data[i]! - before[key]!.data[i]!) * expected;
        square += expected * expected;
      });
    }
    expect(dot / square).toBeCloseTo(1, 2);
  });
});

describe("the runner", () => {
  const folder = mkdtempSync(join(root, "build", "experiments-test-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const out = join(folder, "results.jsonl");
  const results = (): Result[] =>
    readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  /** `interrupt` sends Ctrl-C once the first trial has begun. */
  function experiments(flags: string[], interrupt = false): Promise<{ code: number | null; output: string }> {
    const child = spawn("node", ["--import", "tsx", "bench/evidence/main.ts", "--out", out, ...flags], { cwd: root });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        if (interrupt && output === "") setTimeout(() => child.kill("SIGINT"), 150);
        output += data;
      });
    }
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
  }

  test("writes a line for each trial, goes on from them, prints them beside the paper's; Ctrl-C loses no trial that is done", async () => {
    const quick = ["--only", "order,reber-4x1", "--trials", "2", "--limit", "30"];
    const first = await experiments(quick);
    expect(first.code, first.output).toBe(0);
    expect(results().map(({ setting, trial }) => [setting, trial])).toEqual(
      ["reber-4x1-0.1", "reber-4x1-0.5", "order-6a"].flatMap((name) => [0, 1].map((trial) => [name, trial])),
    );
    for (const figure of ["39,740", "31,390", "156"]) expect(first.output).toContain(figure);
    const before = results();
    expect((await experiments(quick)).code).toBe(0);
    expect(results()).toEqual(before);

    const stopped = await experiments(["--only", "adding-1000-linear", "--trials", "1"], true);
    expect(stopped.code, stopped.output).toBe(130);
    expect(stopped.output).toContain("The same command goes on from");
    expect(results()).toEqual(before);

    await experiments(["--only", "order", "--trials", "1", "--limit", "40"]);
    expect(results().slice(before.length)).toMatchObject([{ setting: "order-6a", trial: 0, limit: 40 }]);
    expect((await experiments(["--only", "adding-10"])).output).toContain('"--only" expected names, or what they begin with, of reber');
  });
});
