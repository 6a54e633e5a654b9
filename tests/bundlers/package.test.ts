/** The package as it is packed: what checkers of packages say, its types under every way to find them, and JSR. */

import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Site, serve } from "./serve.js";

const project = inject("project");
const root = fileURLToPath(new URL("../..", import.meta.url));
const { exports } = JSON.parse(readFileSync(join(project, "node_modules/memcell/package.json"), "utf8"));
/** Output, or what the compiler refuses. */
const output = async (command: string, args: string[], cwd: string) => {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, NO_COLOR: "1" } });
    return stdout + stderr;
  } catch (error) {
    return `${(error as { stdout: string }).stdout}${(error as { stderr: string }).stderr}`;
  }
};

test("publint has nothing to say", async () => {
  const { messages } = await publint({ pkgDir: join(project, "node_modules/memcell"), strict: true });
  expect(messages).toEqual([]);
});

test("attw finds types for every entry point that is a module, under esm-only", async () => {
  const modules = Object.keys(exports).filter((name) => !/\.(wasm|json)$/.test(name));
  const result = await checkPackage(createPackageFromTarballData(readFileSync(inject("tarball"))), { entrypoints: modules });
  if (!result.types) throw new Error("no types");
  expect(Object.keys(result.entrypoints).sort()).toEqual(modules.sort());
  // Not require from CommonJS, which Node 20 has for modules too, nor whether what knows no exports runs entry points below the first:
  // it has their types (below), and Node has known exports since 12.
  const other = ["node10", "node16-cjs"];
  expect(result.problems.filter((problem) => !("resolutionKind" in problem && other.includes(problem.resolutionKind)))).toEqual([]);
});

/** Every entry point, and one wrong use of each. */
const CONSUMER = `
import { adam, createModel, dense, lstm, type Model, type Report } from "memcell";
import { createDetector, type Verdict } from "memcell/anomaly";
import { type Batcher, createBatcher } from "memcell/batcher";
import { toC } from "memcell/c";
import { beamDecode } from "memcell/ctc";
import { type QuantizedModel, quantize } from "memcell/int8";
import { createForecaster, type Forecast } from "memcell/forecast";
import { writeAtomically } from "memcell/node";
import { createPredictor, createTrainer as createParallel } from "memcell/parallel";
import { serve as serveThread } from "memcell/parallel/host";
import { type ForecastScores, forecastScores } from "memcell/scores";
import { createTrainer } from "memcell/worker";
import { serve } from "memcell/worker/host";
export const model: Model = createModel({ input: { features: 1 }, layers: [lstm({ units: 2 }), dense({ units: 1 })] });
export const batcher: Batcher = createBatcher(model.streams({ capacity: 2 }));
export const verdict: Verdict = createDetector({ columns: ["heat"] }).step({ heat: 3 });
export const forecast: Forecast = createForecaster({ target: "sales", horizon: 7 }).forecast({ sales: [1, 2, 3] });
export const labels: number[] = beamDecode([1, 2], { classes: 2 })[0].labels;
export const header: string = toC(createModel({ input: { features: 1 }, layers: [lstm({ units: 2 })] }), { name: "wake" });
export const quantized: QuantizedModel = quantize(model, { calibrate: [{ inputs: [1] }] });
export const scores: ForecastScores = forecastScores([1], [2], { season: 7 });
const make = () => new Worker(new URL("file:///thread.js"), { type: "module" });
export const trainer = createTrainer(model, { loss: "mse", optimizer: adam(), worker: make });
export const parallel = createParallel(model, { loss: "mse", optimizer: adam(), threads: 2, worker: make });
export const outputs: Promise<Float32Array[]> = createPredictor(model, { worker: make }).predict([{ inputs: [1] }]);
export async function learn(): Promise<Report[]> {
  const reports: Report[] = [];
  for await (const report of trainer.fit([{ inputs: [1], targets: [1] }])) reports.push(report);
  return reports;
}
export const saved: Promise<void> = writeAtomically(new URL("file:///model.safetensors"), model.save());
serve({ worker: make });
serveThread();
// @ts-expect-error
lstm({ units: "2" });
// @ts-expect-error
createBatcher(model);
// @ts-expect-error
beamDecode([1, 2], { blank: 0 });
// @ts-expect-error
quantize(model, { weights: "int4" });
// @ts-expect-error
forecastScores([1], [2], { season: "week" });
// @ts-expect-error
writeAtomically("checkpoint.safetensors", trainer.save());
// @ts-expect-error
createParallel(model, { loss: "mse", optimizer: adam(), threads: "2" });
// @ts-expect-error
serveThread(3);
// @ts-expect-error
createTrainer(model, { loss: "mse", optimizer: adam(), worker: "trainer.worker.js" });
// @ts-expect-error
serve({ threads: 2 });
`;

const today = join(root, "node_modules/typescript/bin/tsc");
/** node10, which looks for no exports, has left the compiler since. */
const before = join(root, "tests/bundlers/node_modules/typescript/bin/tsc");
test.each([
  ["node16", "node16", today],
  ["nodenext", "nodenext", today],
  ["esnext", "bundler", today],
  ["esnext", "node10", before],
  ["commonjs", "node10", before],
])("a strict program under module %s, resolution %s, without skipLibCheck", async (module, resolution, tsc) => {
  // A file of its own kind: .mts would be a module whatever the flag says.
  writeFileSync(join(project, "consumer.ts"), CONSUMER);
  const flags = `--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --module ${module} --moduleResolution ${resolution} --target es2022 --lib es2022,dom`;
  expect(
    await output(
      process.execPath,
      [tsc, ...flags.split(" "), ...(tsc === today ? ["--ignoreConfig", "--types", ""] : []), "consumer.ts"],
      project,
    ),
  ).toBe("");
});

describe("JSR", () => {
  const deno = join(root, "tests/bundlers/node_modules/@deno/linux-x64-glibc/deno");
  let site: Site;
  beforeAll(async () => {
    await output(process.execPath, ["--import", "tsx", "scripts/jsr.ts"], root);
    site = await serve(join(root, "build/jsr"), {});
  });
  afterAll(() => site?.close());

  test("would publish it, with types that are not slow", async () => {
    const said = await output(deno, ["publish", "--dry-run", "--allow-dirty"], join(root, "build/jsr"));
    expect(said).toContain("Success");
    expect(said).not.toMatch(/warning|error/);
    for (const { default: file } of Object.values<{ default?: string }>(exports)) if (file) expect(said).toContain(file.slice(1));
  });

  test("Deno runs it from an address, with its types and its workers", async () => {
    const code = `
import { adam, createModel, dense, lstm } from "${site.address}dist/memcell.js";
import { createTrainer } from "${site.address}dist/parallel.js";
import { createTrainer as createWorker } from "${site.address}dist/worker.js";
const options = { loss: "mse", optimizer: adam(), batch: 16, threads: 2 } as const;
const create = () => createModel({ input: { features: 1 }, layers: [lstm({ units: 3 }), dense({ units: 1 })], seed: 1 });
const batch = Array.from({ length: 16 }, (_, i) => ({ inputs: [i / 16, 0.5], targets: [0.5, 1 - i / 16] }));
const trainers = [createTrainer(create(), options), createWorker(create(), options)];
const losses: number[] = [];
for (const trainer of trainers) losses.push(await trainer.step(batch));
for (const trainer of trainers) trainer.close();
// @ts-expect-error
() => lstm({ units: "2" });
console.log(losses[0]! > 0 && losses[0] === losses[1]);
`;
    const folder = join(project, "deno");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "main.ts"), code);
    const host = `--allow-import=${new URL(site.address).host}`;
    const args = [
      "run",
      "--check",
      "--quiet",
      "--no-lock",
      "--no-config",
      host,
      "--allow-read",
      `--allow-net=${new URL(site.address).host}`,
    ];
    expect(await output(deno, [...args, "main.ts"], folder)).toBe("true\n");
  });
});
