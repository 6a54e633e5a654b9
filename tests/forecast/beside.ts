/**
 * The network of memcell/forecast beside the same one in PyTorch (Debian's python3-torch): the same rows of births, windows, batches,
 * optimizer and epochs; the loss on rows held out and the time of both, one thread each.
 *
 *     npx tsx tests/forecast/beside.ts
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Framed } from "../../src/forecast/frame.js";
import { inputsOf, makeModel, pieces, sequenceOf, trainerFor } from "../../src/forecast/network.js";
import { checkOptions } from "../../src/forecast/options.js";
import { readSeries } from "../../src/forecast/series.js";
import { before, births } from "./data.js";

const [UNITS, EPOCHS, HELD] = [48, 30, 1388];
const set = births();
const o = checkOptions(set.options);
const series = readSeries("table", before(set, set.table.date!.indexOf(set.from)), o);
const until = series.length - HELD;
const smoothing = { alpha: 0.1, beta: 0, gamma: 0.05, phi: 0.98, season: 7 };
const plan = { grid: series.grid, seasons: o.season as number[], harmonics: [3, 12], smoothing, kinds: {}, lambda: 1 };
const framed = new Framed(plan, o, series, until);
const inputs = inputsOf(plan, o, series, framed);
const train = [...pieces(inputs, framed, o.horizon, until)];
const validation = [sequenceOf(inputs, framed, o.horizon, 0, series.length, until - 1, series.length)];

const folder = mkdtempSync(join(import.meta.dirname, "../../build/beside-"));
const names = Object.keys(inputs);
const rows = new Float32Array(series.length * names.length).map((_, i) => inputs[names[i % names.length]!]![Math.floor(i / names.length)]!);
const learned = sequenceOf(inputs, framed, o.horizon, 0, series.length, 0, until).targets as Float32Array;
writeFileSync(
  join(folder, "data.bin"),
  Buffer.concat([rows, learned, validation[0]!.targets as Float32Array].map((list) => Buffer.from(list.buffer))),
);
const edges = [0];
for (const { targets } of train) edges.push(edges.at(-1)! + (targets as Float32Array).length / o.horizon);
const meta = { rows: series.length, features: names.length, horizon: o.horizon, quantiles: o.quantiles, window: 32, edges };
writeFileSync(join(folder, "data.json"), JSON.stringify(meta));

const results: Record<"seed" | "memcell" | "torch" | "memcell, s" | "torch, s", number>[] = [];
for (const seed of [1, 2, 3]) {
  const model = makeModel(plan, o, UNITS, seed);
  const trainer = trainerFor(model, o, series.length, seed);
  const start = performance.now();
  let best = Infinity;
  for await (const { validationLoss } of trainer.fit(train, { epochs: EPOCHS, validation, patience: EPOCHS }))
    best = Math.min(best, validationLoss);
  const seconds = (performance.now() - start) / 1000;
  const given = [join(import.meta.dirname, "beside.py"), join(folder, "data"), seed, UNITS, EPOCHS, trainer.options.batch].map(String);
  const torch = JSON.parse(execFileSync("/usr/bin/python3", given, { encoding: "utf8" }));
  results.push({ seed, memcell: best, torch: torch.validation, "memcell, s": seconds, "torch, s": torch.seconds });
}
rmSync(folder, { recursive: true });
console.table(results);
const mean = (of: "memcell" | "torch") => results.reduce((sum, row) => sum + row[of], 0) / results.length;
console.log(`memcell's loss is ${((100 * mean("memcell")) / mean("torch")).toFixed(2)} % of PyTorch's`);
