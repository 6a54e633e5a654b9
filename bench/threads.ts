/**
 * Training and `predict` on several threads over one, an epoch of one update or all sequences each, in interleaved rounds.
 *
 *     npm run bench:threads [-- --rounds N] [-- --threads N] [-- --json FILE]
 */

import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
// The package as users get it: its workers are files of the bundle.
import { adam, createModel, createTrainer, dense, lstm, type TrainerOptions } from "memcell";
import { createTrainer as createParallel, createPredictor } from "memcell/parallel";
import { numbers } from "../tests/helpers/cases.js";
import { keep, machine } from "./figures.js";
import { spread } from "./measure.js";
import { threads as table } from "./tables.js";
import type { Shape } from "./works.js";

const { values: flags } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, threads: { type: "string", default: "2" }, json: { type: "string" } },
});
const [rounds, threads] = [flags.rounds, flags.threads].map(Number) as [number, number];

const SHAPES: Shape[] = [
  [8, 32, 32, 50],
  [32, 64, 32, 50],
  [64, 128, 64, 50],
  [128, 256, 64, 50],
];

const works = SHAPES.flatMap((shape) => {
  const [I, H, B, T] = shape;
  const next = numbers(1);
  const sequences = Array.from({ length: B }, () => ({
    inputs: Float32Array.from({ length: T * I }, next),
    targets: Float32Array.from({ length: T }, next),
  }));
  const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 1e-4 }), clipNorm: 1, window: T, batch: B };
  const build = () => createModel({ input: { features: I }, layers: [lstm({ units: H }), dense({ units: 1 })], seed: 1 });
  // As long as some ten milliseconds of one thread, so that starting an epoch counts little.
  const times = Math.max(2, Math.round(4e8 / (24 * H * (I + H) * B * T)));
  const timed = async (run: () => unknown) => {
    const began = performance.now();
    await run();
    return (performance.now() - began) / times;
  };
  const [trainer, parallel] = [createTrainer(build(), options), createParallel(build(), { ...options, threads })];
  const [model, predictor] = [build(), createPredictor(build(), { threads })];
  const calls = async (predict: () => unknown) => {
    for (let i = 0; i < times; i++) await predict();
  };
  const pair = (work: string, one: () => unknown, many: () => unknown) => ({
    work,
    shape,
    round: async (): Promise<[number, number]> => [await timed(one), await timed(many)],
  });
  return [
    pair(
      "training",
      () => trainer.fit(sequences, { epochs: times }),
      () => parallel.fit(sequences, { epochs: times }),
    ),
    pair(
      "predict",
      () => calls(() => model.predict(sequences)),
      () => calls(() => predictor.predict(sequences)),
    ),
  ];
});

const bar = new SingleBar({ format: "{bar} {value}/{total} rounds | {eta_formatted} left", clearOnComplete: true });
process.once("SIGINT", () => {
  bar.stop();
  process.exit(130);
});
bar.start(rounds, 0);
const times = works.map((): [number, number][] => []);
// The first round warms up and is not counted.
for (let round = -1; round < rounds; round++) {
  for (const [i, work] of works.entries()) {
    const pair = await work.round();
    if (round >= 0) times[i]?.push(pair);
  }
  bar.update(round + 1);
}
bar.stop();

const results = works.map(({ work, shape }, i) => {
  const pairs = times[i] as [number, number][];
  return {
    work,
    shape,
    milliseconds: spread(pairs.map(([one]) => one)),
    ratio: spread(pairs.map(([one, many]) => one / many)),
  };
});
const figures = { machine: machine(), rounds, threads, results };
console.log(table(figures));
if (flags.json) keep(flags.json, "threads", figures);
