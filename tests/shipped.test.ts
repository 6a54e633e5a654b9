/** What a user sees of the shipped files when something goes wrong: short lines, and where in src/ it was. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const dist = new URL("../dist/", import.meta.url).pathname;
const text = (file: string) => readFileSync(join(dist, file), "utf8");
// The command is a program, with packages of others inside, and catches its errors.
const files = readdirSync(dist).filter((name) => name.endsWith(".js") && name !== "cli.js");
// Of the files for workerd the one that has code of its own; the others are the same (tests/package.test.ts).
files.push("workerd/core.js");
const scratch = mkdtempSync(join(dist, "../build/shipped-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

test("the wasm stands on a line on which nothing runs, and no other is long", () => {
  for (const name of files) {
    const lines = text(name).split("\n");
    if (name === "core.js")
      expect(lines.shift()).toMatch(
        /^const WASM="(?:[^"\\]|\\.)*",TRAPS=[[\],\d]*,LEARNING="(?:[^"\\]|\\.)*",VARIANTS=\{(?:[[\]{}:,\w]|"(?:[^"\\]|\\.)*")*\};$/,
      );
    if (name === "int8.js") expect(lines.shift()).toMatch(/^const WASM="(?:[^"\\]|\\.)*",RELAXED="(?:[^"\\]|\\.)*";$/);
    // Names are imported and exported on one line; a message may be longer than a line.
    const long = lines.filter((line) => line.length > 800 && !/^(export|import)\{[^()]*$/.test(line));
    expect(long, name).toEqual([]);
    const longer = lines.filter((line) => line.length > 350);
    expect(longer.length, name).toBeLessThanOrEqual(1 + lines.length / 10);
  }
});

/** An error of each file that is not caught, as its user would make it; `serve` finds no one who started it. */
const UNCAUGHT: Record<string, [code: string, message: RegExp, source: RegExp]> = {
  "memcell.js": ["createModel({})", /TypeError: "input" expected /, /src\/core\/check\.ts/],
  "core.js": ["loadModel(new Uint8Array(8))", /RangeError: "bytes" /, /src\/core\/safetensors\.ts|src\/core\/check\.ts/],
  "workerd/core.js": ["windows(3)", /TypeError: "options" expected /, /src\/core\/check\.ts/],
  "anomaly.js": ["createDetector(3)", /TypeError: "options" expected /, /src\/core\/check\.ts/],
  "batcher.js": ["createBatcher(3)", /TypeError: "streams" expected /, /src\/core\/check\.ts/],
  "c.js": ["toC(3)", /TypeError: "model" expected a model/, /src\/core\/check\.ts/],
  "ctc.js": ["greedyDecode(3)", /TypeError: "options" expected /, /src\/core\/check\.ts/],
  "forecast.js": ["createForecaster(3)", /TypeError: "options" expected /, /src\/core\/check\.ts/],
  "int8.js": ["quantize(3)", /TypeError: "model" expected a model/, /src\/core\/check\.ts/],
  "scores.js": ["forecastScores(3)", /TypeError: "targets" expected /, /src\/core\/check\.ts/],
  "keras.js": ["toTfjs(3)", /TypeError: "model" expected a model/, /src\/core\/check\.ts/],
  "monitor.js": ["defineMonitor()", /Error: memcell\/monitor needs a page/, /src\/monitor\.ts/],
  "tensorboard.js": ["createEventWriter(3)", /TypeError: "folder" expected a path/, /src\/core\/check\.ts/],
  "onnx.js": ["toOnnx(3)", /TypeError: "model" expected a model/, /src\/core\/check\.ts/],
  "torch.js": ["toStateDict(3)", /TypeError: "model" expected a model/, /src\/core\/check\.ts/],
  "node.js": ["await writeAtomically(3, 4)", /TypeError: /, /src\/core\/check\.ts|src\/node\.ts/],
  "parallel.js": ["createTrainer(3, {})", /TypeError: /, /src\/parallel\/trainer\.ts/],
  "parallel-host.js": ["serve()", /ReferenceError: addEventListener/, /src\/core\/workers\.ts/],
  "parallel-worker.js": ["", /ReferenceError: addEventListener/, /src\/parallel\/entry\.ts/],
  "worker.js": ["createTrainer(3, {})", /TypeError: /, /src\/worker\/trainer\.ts/],
  "worker-host.js": ['serve({ worker: "file.js" })', /TypeError: "worker" expected /, /src\/worker\/host\.ts/],
  "trainer-worker.js": ["", /ReferenceError: addEventListener/, /src\/worker\/entry\.ts/],
};

describe("an error that nobody catches", () => {
  test("is tried in every file", () => expect(Object.keys(UNCAUGHT).sort()).toEqual(files.sort()));

  test.each(Object.entries(UNCAUGHT))(
    "of %s prints less than 2 kB, and with source maps a place in src/",
    (name, [code, message, source]) => {
      let file = join(dist, name);
      if (name === "workerd/core.js") {
        // Node does not load the compiled module that workerd has; not all needs it. As deep as dist/workerd/, so that the map fits.
        file = join(scratch, "core.js");
        copyFileSync(join(dist, "workerd/core.js.map"), `${file}.map`);
        writeFileSync(
          file,
          text(name).replace(/import (\w+) from"\.\.\/memcell\.wasm"/, (found, local) => `const ${local}=0`.padEnd(found.length)),
        );
      }
      const [imported] = code.match(/\w+(?=\()/) ?? [];
      const script = join(scratch, `${basename(name)}.mjs`);
      writeFileSync(script, `import ${imported ? `{ ${imported} } from ` : ""}${JSON.stringify(file)};\n${code};\n`);
      const run = (...flags: string[]) => spawnSync(process.execPath, [...flags, script], { encoding: "utf8", env: {} });
      const plain = run();
      expect(plain.status).toBe(1);
      expect(plain.stderr).toMatch(message);
      expect(Buffer.byteLength(plain.stderr)).toBeLessThan(2000);
      const mapped = run("--enable-source-maps").stderr;
      expect(mapped).toMatch(source);
      expect(Buffer.byteLength(mapped)).toBeLessThan(2000);
    },
  );
});

describe("the source maps", () => {
  const mapped = files.filter((name) => name !== "memcell.js");
  const map = (name: string) => JSON.parse(text(`${name}.map`));

  test("are there for every file that has code, with the sources themselves and without the wasm", () => {
    for (const name of mapped) {
      expect(text(name).trimEnd().split("\n").at(-1)).toBe(`//# sourceMappingURL=${basename(name)}.map`);
      const { sources, sourcesContent } = map(name);
      for (const [i, source] of sources.entries()) {
        if (/^\.\.\/build\/(wasm|int8Wasm)\.js$/.test(source)) expect(sourcesContent[i].length).toBeLessThan(100);
        else {
          const own = join(name, "..", source);
          expect(own).toMatch(/^\.\.\/src\//);
          expect(sourcesContent[i], source).toBe(text(own));
        }
      }
    }
  });

  test("say of every message where in src/ it stands", () => {
    let messages = 0;
    for (const name of mapped) {
      const payload = map(name);
      const sourceMap = new SourceMap(payload);
      for (const [row, line] of text(name).split("\n").entries()) {
        if (line.startsWith("const WASM=")) continue;
        for (const { 0: literal, index } of line.matchAll(/(?<=[(,:=?])"[\w ,.'-]{20,}"(?=[),;:}\]])/g)) {
          const entry = sourceMap.findEntry(row, index);
          if (!("originalLine" in entry)) throw new Error(`${name} has no source for ${literal}`);
          const source = payload.sourcesContent[payload.sources.indexOf(entry.originalSource)] as string;
          const there = source.split("\n")[entry.originalLine]?.slice(entry.originalColumn, entry.originalColumn + literal.length);
          expect(there?.replaceAll("`", '"')).toBe(literal);
          messages++;
        }
      }
    }
    expect(messages).toBeGreaterThan(50);
  });
});
