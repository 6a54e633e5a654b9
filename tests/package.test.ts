/** The package as its users get it: what is in it, how large it is, what it promises. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { gzipped, program } from "../scripts/program.js";
import * as source from "../src/index.js";

const root = new URL("..", import.meta.url).pathname;
const text = (file: string) => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(text("package.json"));
const scratch = mkdtempSync(join(root, "build", "package-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

test("no dependencies, no install scripts, types first, and every export is there", () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(Object.keys(manifest.scripts).filter((name) => /install|prepare/.test(name))).toEqual([]);
  expect(manifest.sideEffects).toBe(false);
  expect(Object.keys(manifest.exports["."])).toEqual(["types", "workerd", "default"]);
  for (const entry of [
    "anomaly",
    "batcher",
    "c",
    "ctc",
    "forecast",
    "int8",
    "keras",
    "monitor",
    "node",
    "onnx",
    "parallel",
    "parallel/host",
    "scores",
    "tensorboard",
    "torch",
    "worker",
    "worker/host",
  ])
    expect(Object.keys(manifest.exports[`./${entry}`])).toEqual(["types", ...(EDGE.includes(entry) ? ["workerd"] : []), "default"]);
  for (const file of Object.values(manifest.exports).flatMap((files) => Object.values(typeof files === "string" ? [files] : files!)))
    expect(text(file).length).toBeGreaterThan(100);
  // For what looks for no exports: TypeScript's resolution of old.
  const types = Object.entries<{ types?: string }>(manifest.exports).flatMap(([name, files]) => (files.types ? [[name, files.types]] : []));
  const found = Object.entries(manifest.typesVersions["*"]).map(([name, files]) => [`./${name}`, ...(files as string[])]);
  expect([[".", manifest.types], ...found]).toEqual(types);
  expect(manifest.main).toBe(manifest.exports["."].default);
});

/** What runs in workerd as well: there every entry takes from the core whose wasm was compiled beforehand. */
const EDGE = ["anomaly", "batcher", "c", "ctc", "forecast", "int8", "keras", "onnx", "scores", "torch"];

const BUDGETS: Record<string, number> = {
  "memcell.js": 350,
  "core.js": 71_800,
  "memcell.wasm": 14_900,
  "anomaly.js": 4_000,
  "int8.wasm": 1_500,
  "workerd/core.js": 54_700,
  "workerd/memcell.js": 350,
  "workerd/int8.js": 4_100,
  "batcher.js": 2_250,
  "c.js": 5_850,
  "cli.js": 20_500,
  "ctc.js": 2_050,
  "forecast.js": 15_950,
  "int8.js": 7_000,
  "keras.js": 7_450,
  "monitor.js": 2_000,
  "node.js": 1_250,
  "onnx.js": 28_400,
  "parallel.js": 4_150,
  "parallel-host.js": 1_000,
  "parallel-worker.js": 150,
  "scores.js": 3_600,
  "tensorboard.js": 2_100,
  "torch.js": 4_550,
  "worker.js": 2_800,
  "worker-host.js": 1_300,
  "trainer-worker.js": 150,
};
for (const name of EDGE) BUDGETS[`workerd/${name}.js`] ??= BUDGETS[`${name}.js`] as number;

/** Names alone have none; the same files for workerd name that of the others. */
const hasMap = (name: string) =>
  name.endsWith(".js") && !name.endsWith("memcell.js") && (!name.startsWith("workerd/") || /\/(core|int8)\.js$/.test(name));

test("in workerd entries are the same files, but for those that compile", () => {
  for (const name of EDGE.filter((name) => name !== "int8")) {
    const code = text(`dist/${name}.js`).replace(`sourceMappingURL=${name}.js.map`, `sourceMappingURL=../${name}.js.map`);
    expect(text(`dist/workerd/${name}.js`), name).toBe(code);
  }
  expect(text("dist/workerd/memcell.js")).toBe(text("dist/memcell.js"));
  for (const name of ["core", "int8"]) expect(text(`dist/workerd/${name}.js`)).not.toContain("WebAssembly.Module(");
});

test("no file is larger, gzipped, than it may be, and none has eval", () => {
  const all = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" });
  const files = all.filter((name) => name.includes(".") && !name.startsWith("types/"));
  const maps = Object.keys(BUDGETS).filter(hasMap);
  expect(files.sort()).toEqual([...Object.keys(BUDGETS), ...maps.map((name) => `${name}.map`)].sort());
  const sizes = Object.keys(BUDGETS).map((name) => [name, gzipped(readFileSync(join(root, "dist", name)))] as const);
  expect(sizes.filter(([name, size]) => size > (BUDGETS[name] as number))).toEqual([]);
  for (const name of Object.keys(BUDGETS)) {
    if (name.endsWith(".js")) expect(text(join("dist", name)), name).not.toMatch(/\beval\(|\bFunction\(|\bcreateObjectURL\b/);
  }
});

test("memcell.js is names of core.js, which is whole in itself", () => {
  expect(text("dist/memcell.js")).toMatch(/^export\{[\w,]+\}from"\.\/core\.js";\n$/);
  expect(text("dist/core.js")).not.toMatch(/\bimport\s*[("'{*]|\brequire\(/);
});

test("the batcher is a small file without a memcell of its own", async () => {
  const code = text("dist/batcher.js");
  expect(code.length).toBeLessThan(5000);
  expect(code).not.toMatch(/WebAssembly|\bimport\b/);
  const [{ createModel, lstm }, { createBatcher }] = await Promise.all([import("memcell"), import("memcell/batcher")]);
  const streams = createModel({ input: { features: 1 }, layers: [lstm({ units: 3 })] }).streams({ capacity: 2 });
  const batched = await createBatcher(streams).step(streams.open(), 0.5);
  expect(batched).toEqual(streams.step([streams.open()], [0.5]));
});

/** Words that only one part of the package has. */
const PARTS = {
  windows: "targetFeatures",
  insight: '?"train":"infer"',
  online: "an online learner needs",
  trainer: "fit is under way",
  optimizers: "momentum_buffer",
};
test.each([
  ["createModel, lstm, dense", 49_650, []],
  ["loadModel, lstm", 51_450, []],
  ["createModel, lstm, dense, createTrainer, adam", 62_300, ["trainer", "optimizers"]],
  ["createModel, lstm, dense, createOnlineLearner, adam", 63_100, ["online", "optimizers"]],
] as const)("a program pays for what it imports: %s, at most %i bytes gzipped", async (names, budget, parts: readonly string[]) => {
  const { code } = await program(names);
  expect(Object.entries(PARTS).flatMap(([part, words]) => (code.includes(words) ? [part] : []))).toEqual(parts);
  expect(gzipped(code)).toBeLessThanOrEqual(budget);
});

// All of torch.js is half a kilobyte above 4 kB, of keras.js one and a half above 6: readers of pickles and HDF5 that take nothing on trust. Few
// programs go both ways.
test.each([
  ["fromStateDict", "torch", 4_050],
  ["toStateDict", "torch", 850],
  ["fromTfjs", "keras", 4_150],
  ["fromKeras", "keras", 5_350],
  ["toTfjs", "keras", 2_400],
  ["toOnnx", "onnx", 6_450],
  ["fromOnnx", "onnx", 23_800],
] as const)("%s of memcell/%s costs at most %i bytes gzipped, beside the core", async (name, entry, budget) => {
  const { code } = await program(name, entry);
  expect(gzipped(code)).toBeLessThanOrEqual(budget);
});

test("every entry point exports the names of its source and nothing from inside", async () => {
  const names = (value: object) => Object.keys(value).sort();
  expect(names(await import("memcell"))).toEqual(names(source));
  expect(names(await import("memcell/monitor"))).toEqual(["defineMonitor"]);
  expect(names(await import("memcell/tensorboard"))).toEqual(["createEventWriter"]);
  expect(names(await import("memcell/anomaly"))).toEqual(["createDetector", "loadDetector"]);
  expect(names(await import("memcell/batcher"))).toEqual(["Batcher", "QueueFullError", "createBatcher"]);
  expect(names(await import("memcell/c"))).toEqual(["toC"]);
  expect(names(await import("memcell/ctc"))).toEqual(["beamDecode", "greedyDecode"]);
  expect(names(await import("memcell/scores"))).toEqual(["classificationScores", "forecastScores"]);
  expect(names(await import("memcell/forecast"))).toEqual(["createForecaster", "loadForecaster"]);
  expect(names(await import("memcell/int8"))).toEqual(["loadQuantized", "quantize"]);
  expect(names(await import("memcell/keras"))).toEqual(names(await import("../src/keras.js")));
  expect(names(await import("memcell/node"))).toEqual(names(await import("../src/node.js")));
  expect(names(await import("memcell/onnx"))).toEqual(names(await import("../src/onnx.js")));
  expect(names(await import("memcell/parallel"))).toEqual(names(await import("../src/parallel/trainer.js")));
  expect(names(await import("memcell/torch"))).toEqual(names(await import("../src/torch.js")));
  expect(names(await import("memcell/worker"))).toEqual(names(await import("../src/worker/trainer.js")));
  expect(names(await import("memcell/parallel/host"))).toEqual(["serve"]);
  expect(names(await import("memcell/worker/host"))).toEqual(["serve"]);
});

test("the wasm imports nothing, has no data and no mutable globals of its own to share", () => {
  const bytes = readFileSync(join(root, "dist/memcell.wasm"));
  expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([]);
  const sections: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  // 6: globals, 11: data.
  expect(sections).not.toContain(6);
  expect(sections).not.toContain(11);
});

test("a compiled module may be passed in", async () => {
  const { createModel, lstm } = await import("memcell");
  const module = new WebAssembly.Module(readFileSync(join(root, "dist/memcell.wasm")));
  const config = { input: { features: 1 }, layers: [lstm({ units: 3 })] };
  expect(createModel(config, { module }).save()).toEqual(createModel(config).save());
});

test("a module of another version is refused, by its fingerprint", async () => {
  const { createModel, lstm } = await import("memcell");
  const bytes = readFileSync(join(root, "dist/memcell.wasm"));
  const at = bytes.toString("latin1").search(/k_[0-9a-f]{8}/);
  bytes[at + 2]! ^= 1;
  expect(() => createModel({ input: { features: 1 }, layers: [lstm({ units: 3 })] }, { module: new WebAssembly.Module(bytes) })).toThrow(
    '"module" is not the memcell.wasm of this version: take memcell/memcell.wasm of the same package',
  );
});

test.each<string[]>([
  ["WebAssembly", "--noexpose-wasm"],
  // On x64 V8 has SIMD from SSE 4.1 on.
  ...(process.arch === "x64" ? [["SIMD", "--no-enable-sse4-1"]] : []),
])("an engine without %s is told what it lacks", (_, flag) => {
  const code = `import { createModel, lstm } from "memcell";
for (const kernels of ["plain", "relaxed"]) {
  try { createModel({ input: { features: 1 }, layers: [lstm({ units: 3 })] }, { kernels }); } catch ({ message }) { console.log(message); }
}`;
  const output = execFileSync(process.execPath, [flag, "--input-type=module", "--eval", code], { cwd: root, encoding: "utf8" });
  expect(output).toMatch(/^(memcell needs WebAssembly with SIMD, which this engine does not have .*\n){2}$/);
});

test.each([
  ["memcell/parallel", 'createParallel(model, { loss: "mse", optimizer: adam(), threads: 2 })'],
  ["memcell/worker", 'createWorker(model, { loss: "mse", optimizer: adam() })'],
])("%s in one file, without its worker's, says so in Node as well", async (_, made) => {
  const code = `import { adam, createModel, lstm } from "memcell";
import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 1 })] });
const batch = Array.from({ length: 16 }, () => ({ inputs: [1], targets: [1] }));
await ${made}.step(batch).catch(({ message }) => console.log(message));`;
  const outfile = join(scratch, "single.mjs");
  await build({ bundle: true, format: "esm", outfile, logLevel: "silent", stdin: { contents: code, resolveDir: root } });
  expect(execFileSync(process.execPath, [outfile], { encoding: "utf8" })).toMatch(/^a worker of memcell cannot be loaded: .*"worker"/);
});

test("what is packed: every file of dist, types of src and of the codes, and what npm always takes", () => {
  const [{ files }] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.ts$/.test(name));
  const types = paths.filter((path) => path.startsWith("dist/types/src/")).map((path) => path.slice("dist/types/src/".length));
  expect(types.filter((name) => !sources.includes(name.replace(/\.d\.ts$/, ".ts")))).toEqual([]);
  const scripts = Object.keys(BUDGETS).filter((name) => name.endsWith(".js"));
  const expected = [
    "LICENSE",
    "README.md",
    "package.json",
    "dist/memcell.wasm",
    "dist/int8.wasm",
    "dist/types/assembly/codes.d.ts",
    "dist/types/build/memcell.d.ts",
    "dist/types/build/wasm.d.ts",
  ];
  for (const name of scripts) expected.push(`dist/${name}`, ...(hasMap(name) ? [`dist/${name}.map`] : []));
  expect(paths.filter((path) => !path.startsWith("dist/types/src/")).sort()).toEqual(expected.sort());
});

describe("the README", () => {
  const readme = text("README.md");

  test("is read in a minute", () => {
    expect(readme.split("\n").length).toBeLessThan(120);
  });

  test("every link of the documents leads somewhere", () => {
    const documents = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
    const dead = documents.flatMap((document) =>
      [...text(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, link]) => join(document, "..", link!))
        .filter((link) => !existsSync(join(root, link)))
        .map((link) => `${document}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  test("shows the commands", () => {
    expect(readme).toContain("npm install memcell");
    expect(readme).toContain("npm ci && npm run demo");
    expect(readme).toContain("npm ci && npm test");
  });

  test("its program does what it says, and its types are right", () => {
    const file = join(scratch, "readme.mts");
    writeFileSync(file, /```ts\n(.*?)```/s.exec(readme)![1]!);
    const output = execFileSync("npx", ["tsx", file], { cwd: scratch, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const [, next, goal] = output.match(
      /^epoch 10: .*\nepoch 20: .*\nepoch 30: mean squared error 0\.00\d+\nnext: (-?[\d.]+) expected: (-?[\d.]+)\n$/,
    )!;
    expect(Math.abs(Number(next) - Number(goal))).toBeLessThan(0.1);
    execFileSync(
      "npx",
      ["tsc", "--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", file],
      {
        cwd: root,
      },
    );
  });
});
