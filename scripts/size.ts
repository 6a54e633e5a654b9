/** What each part costs, gzipped: `npm run size`; with `--write` the tables of docs/size.md. A part's cost is the difference without it. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { bodiesOf, functionsOf } from "./learning.js";
import { markdown } from "./markdown.js";
import { gzipped, program } from "./program.js";
import { characters } from "./wasm.js";

/** Programs by what they import, as a bundler makes them. */
const PROGRAMS = [
  "createModel, lstm, dense",
  "loadModel",
  "createModel, lstm, dense, createTrainer, adam",
  "createModel, lstm, dense, createOnlineLearner, adam",
  "loadModel, createModel, lstm, dense, createTrainer, adam, windows, scaler",
];

/** What a program that only runs an lstm could do without, if its bundler knew: parts by their files. */
const UNUSED: Record<string, RegExp> = {
  "other layers, and other cells": /layers\/(blocks|blocksPlan|blocksStepwise|resetBefore|conv1d|pooling|embedding|dropout|activation)\.ts/,
  "losses, metrics, probabilities": /model\/(losses|customLoss|ctcLoss|labels|metrics|objective|evaluation|probabilities)\.ts/,
  "the lstm's options": /layers\/(stepwise|noise|around)\.ts/,
  columns: /model\/(columns|readColumns|inputStage)\.ts/,
  "many streams, states as bytes": /model\/(streams|stateBytes)\.ts/,
  "setting and saving parameters": /model\/(stateDict|metadata)\.ts|core\/(safetensors|floats)\.ts/,
  "generating tokens": /model\/generate\.ts/,
};

/** What each source file costs in a script, or each part of it. The wasm's text has no place in the map. */
function costs({ code, map }: { code: string; map: string }, partOf = (source: string) => source): Map<string, number> {
  const sources = new SourceMap(JSON.parse(map));
  const pieces: { source: string; text: string }[] = [];
  code.split("\n").forEach((line, row) => {
    for (let column = 0; column < line.length; column++) {
      const entry = sources.findEntry(row, column);
      const source = partOf("originalSource" in entry ? entry.originalSource.replace(/^.*?(?=src\/|assembly\/|$)/, "") : "");
      const last = pieces.at(-1);
      if (last?.source === source) last.text += line[column];
      else pieces.push({ source, text: line[column] as string });
    }
    pieces.push({ source: "line breaks", text: "\n" });
  });
  const whole = gzipped(code);
  const without = (source: string) => pieces.flatMap((piece) => (piece.source === source ? [] : [piece.text])).join("");
  return new Map([...new Set(pieces.map(({ source }) => source))].map((source) => [source, whole - gzipped(without(source))]));
}

/** What the functions of each file of kernels cost in the wasm's text, all of them and those that only learning needs. */
function kernels(): Row[] {
  const file = "build/size.wasm";
  execFileSync("npx", ["asc", "--config", "asconfig.json", "--target", "release", "--debug", "--outFile", file], { stdio: "ignore" });
  const wasm = readFileSync(file);
  const { names, learning } = functionsOf(wasm);
  const text = (bytes: Uint8Array) => gzipped(JSON.stringify(characters(bytes)));
  const whole = text(wasm);
  const cost = (taken: number[]) => {
    const bodies = bodiesOf(wasm, new Set(taken), 0);
    return whole - text(wasm.filter((_, at) => !bodies.some((body) => at >= body.at && at < body.at + body.length)));
  };
  const fileOf = (name: string) => name.replace(/\/[^/]*$/, ".ts");
  return [...new Set(names.map(fileOf))].map((file) => {
    const own = [...names.keys()].filter((i) => fileOf(names[i] as string) === file);
    return [file, cost(own), cost(own.filter((i) => learning.has(i)))];
  });
}

type Row = [name: string, ...bytes: number[]];

const table = (head: string[], rows: Row[]) =>
  markdown(
    head,
    rows.map(([name, ...bytes]) => [name, ...bytes.map((count) => count || "")]),
  );

const built = (name: string) => ({ code: readFileSync(`dist/${name}.js`, "utf8"), map: readFileSync(`dist/${name}.js.map`, "utf8") });
const core = built("core");
const programs = await Promise.all(PROGRAMS.map(async (names) => ({ names, ...(await program(names)) })));
const inCore = costs(core);
const [small] = programs as [(typeof programs)[0]];
const inSmall = costs(small);
const parts = costs(small, (source) => Object.keys(UNUSED).find((part) => UNUSED[part]?.test(source)) ?? "");
const files = [...inCore].map(([source, cost]): Row => [source || "the kernels' text", cost, inSmall.get(source) ?? 0]);
const falling = (rows: Row[]) => rows.sort(([, a], [, b]) => (b as number) - (a as number));
/** The entry points of some size, by their files; what they take from the core is not theirs. */
const entries = ["forecast", "anomaly"].map((name) =>
  table(
    ["file", `in ${name}.js`],
    falling([[`all: ${name}.js`, gzipped(built(name).code)], ...[...costs(built(name))].filter(([source]) => source.startsWith("src/"))]),
  ),
);
const text = [
  table(
    ["what is imported", "bytes"],
    [...programs.map(({ names, code }): Row => [`\`${names}\``, gzipped(code)]), ["all: core.js", gzipped(core.code)]],
  ),
  table([`in \`${PROGRAMS[0]}\` without need`, "bytes"], falling([...parts].filter(([part]) => part in UNUSED))),
  table(["file", "in core.js", `in \`${PROGRAMS[0]}\``], falling(files)),
  table(["kernels", "all", "for learning alone"], falling(kernels())),
  ...entries,
].join("\n\n");
console.log(text);
if (process.argv.includes("--write")) {
  const [above] = readFileSync("docs/size.md", "utf8").split("<!-- npm run size -- --write -->");
  writeFileSync("docs/size.md", `${above}<!-- npm run size -- --write -->\n\n${text}\n`);
}
