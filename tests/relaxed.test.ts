/** The kernels for relaxed SIMD against the oracle; where the engine has none, the plain ones. */

import { execFileSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import { createModel, createTrainer, dense, loadModel, lstm, resumeTrainer, rnn, sgd } from "../src/index.js";
import { errorOf, STEADY } from "./helpers/agreement.js";
import { RELAXED } from "./helpers/relaxed.js";

const config = { input: { features: 3 }, layers: [lstm({ units: 9 }), dense({ units: 2 })], seed: 5 };

test.each(STEADY.map((entry) => [entry.name, entry] as const))("%s: the same as the oracle", (_, entry) => {
  expect(createModel(entry.model, RELAXED).engine).toEqual({ kernels: "relaxed" });
  expect(errorOf(entry, RELAXED)).toBeLessThan(1e-5);
});

test.each([4, 8, 12, 16, 20, 24, 28])("%d rows, in tiles of six and of four: the same as the oracle", (units) => {
  const layers = [lstm({ units }), rnn({ units }), dense({ units })];
  const lengths = Array.from({ length: 9 }, (_, i) => 1 + (i % 3));
  const model = { input: { features: units }, layers, output: "every" as const };
  expect(errorOf({ name: "rows", model, loss: "mse", lengths }, RELAXED)).toBeLessThan(1e-5);
});

test("it is asked for where a model is made or loaded, is not saved, and is not the default", () => {
  const model = createModel(config, RELAXED);
  expect(createModel(config).engine).toEqual({ kernels: "plain" });
  expect(model.save()).toEqual(createModel(config).save());
  expect(loadModel(model.save(), RELAXED).engine.kernels).toBe("relaxed");
  expect(loadModel(model.save()).engine.kernels).toBe("plain");
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 0.1 }) });
  expect(resumeTrainer(trainer.save(), RELAXED).model.engine.kernels).toBe("relaxed");
});

test("where the engine refuses it, the plain kernels run, to the bit", async () => {
  vi.resetModules();
  const fresh = await import("../src/index.js");
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  const model = fresh.createModel(config, RELAXED);
  validate.mockRestore();
  expect(model.engine).toEqual({ kernels: "plain" });
  const inputs = [{ inputs: [1, 2, 3, -1, 0.5, 2] }];
  expect([...model.predict(inputs)[0]!]).toEqual([...createModel(config).predict(inputs)[0]!]);
});

test("nor do they run where they are slow: where the compiler is not of those that keep the larger tile in registers", async () => {
  vi.resetModules();
  const { createModel } = await import("../src/index.js");
  const f16round = Object.getOwnPropertyDescriptor(Math, "f16round")!;
  Reflect.deleteProperty(Math, "f16round");
  expect(createModel(config, RELAXED).engine).toEqual({ kernels: "plain" });
  Object.defineProperty(Math, "f16round", f16round);
  expect(createModel(config, RELAXED).engine).toEqual({ kernels: "relaxed" });
});

test.runIf(process.version.startsWith("v20."))("Node 20 without its flag is such an engine", () => {
  const code = `import { createModel, lstm } from "memcell";
console.log(createModel({ input: { features: 1 }, layers: [lstm({ units: 2 })] }, { kernels: "relaxed" }).engine.kernels);`;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" })).toBe("plain\n");
});

test("what is refused", () => {
  expect(() => createModel(config, { kernels: "fast" as never })).toThrow('"kernels" expected one of "plain", "relaxed"');
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  expect(() => createModel(config, { module, kernels: "relaxed" })).toThrow('"kernels" expected "plain" together with a module');
});
