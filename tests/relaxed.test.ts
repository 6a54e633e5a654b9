/** The kernels for relaxed SIMD against the oracle; where the engine has none, the plain ones. */

import { execFileSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import { createModel, createTrainer, dense, loadModel, lstm, resumeTrainer, sgd } from "../src/index.js";
import { errorOf, STEADY } from "./agreement.js";

const RELAXED = { kernels: "relaxed" } as const;
const config = { input: { features: 3 }, layers: [lstm({ units: 9 }), dense({ units: 2 })], seed: 5 };

test.each(STEADY.map((entry) => [entry.name, entry] as const))("%s: the same as the oracle", (_, entry) => {
  expect(createModel(entry.model, RELAXED).engine).toEqual({ kernels: "relaxed" });
  expect(errorOf(entry, RELAXED)).toBeLessThan(1e-5);
});

test("it is asked for where a model is made or loaded, is not saved, and is not the default", () => {
  const model = createModel(config, RELAXED);
  expect(createModel(config).engine).toEqual({ kernels: "plain" });
  expect(loadModel(model.save(), RELAXED).engine.kernels).toBe("relaxed");
  expect(loadModel(model.save()).engine.kernels).toBe("plain");
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 0.1 }) });
  expect(resumeTrainer(trainer.save(), RELAXED).model.engine.kernels).toBe("relaxed");
  expect(model.save()).toEqual(createModel(config).save());
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
