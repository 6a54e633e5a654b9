/**
 * Times forward, training and streaming after checking them against the oracle.
 *
 *     npm run bench [-- --json FILE] [-- --rounds N] [-- --quick] [-- --scaling]
 */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { CELLS, ONLINE, SHAPE } from "./cells.js";
import { checkAgainstOracle } from "./check.js";
import { int8Pairs, int8Rows, shown } from "./int8.js";
import { measure, type Spread, show, spread, timed } from "./measure.js";
import { scaling } from "./scaling.js";
import { flops, forward, liveStreams, lstmWeights, online, peak, type Shape, streaming, training } from "./works.js";

const { values: flags } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "15" },
    quick: { type: "boolean", default: false },
    scaling: { type: "boolean", default: false },
  },
});
const rounds = flags.quick ? 3 : Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`"--rounds" expected a positive integer, got ${flags.rounds}`);

const SHAPES: Shape[] = [
  [8, 32, 32, 50],
  [32, 64, 32, 50],
  [64, 128, 32, 50],
  [128, 256, 32, 50],
  [1, 32, 1, 100],
];
const STREAMS: [number, number][] = [
  [1, 32],
  [32, 64],
  [64, 128],
  [128, 256],
];

console.log(`${checkAgainstOracle()} cases agree with the oracle.`);
const machine = { cpu: cpus()[0]?.model ?? "unknown", node: process.version, v8: process.versions.v8 };
console.log(`${machine.cpu}, Node ${machine.node}, one thread; medians of ${rounds} interleaved rounds, quartiles in brackets.\n`);

if (flags.scaling) {
  const results = await scaling(rounds, flags.quick ? 10 : 40);
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ machine, rounds, results }, null, 2)}\n`);
  process.exit();
}

const tile = peak();
const ofShape = (shape: Shape) => flops(lstmWeights(shape[0], shape[1]), shape);
const forwards = SHAPES.map((shape) => ({ shape, work: forward(shape), flops: ofShape(shape) }));
const trainings = SHAPES.map((shape) => ({ shape, work: training(shape), flops: 3 * ofShape(shape) }));
const cells = CELLS.map(({ name, layer, weights, goal }) => ({
  shape: SHAPE,
  work: training(SHAPE, layer, name),
  flops: 3 * flops(weights, SHAPE),
  goal,
}));
const streams = STREAMS.map((shape) => streaming(shape));
const live = [1000, 100, 10].map((count) => liveStreams([32, 64], count));
const onlines = ONLINE.map(([name, layer]) => online(name, layer));
const pairs = int8Pairs();
const works = [
  tile,
  ...[...forwards, ...trainings, ...cells].map(({ work }) => work),
  ...streams,
  ...live,
  ...onlines,
  ...pairs.flatMap(({ works }) => works),
];
const bar = new SingleBar({ format: "{bar} {value}/{total} rounds | {eta_formatted} left", clearOnComplete: true, noTTYOutput: false });
process.once("SIGINT", () => {
  bar.stop();
  process.exit(130);
});
bar.start(rounds, 0);
const times = await measure(works.map(timed), rounds, flags.quick ? 10 : 40, (done) => bar.update(done));
bar.stop();

const timesOf = (name: string) => times.get(name) as number[];
const limit = timesOf("peak").map((ms) => tile.flops / ms / 1e6);

console.log(`The tile's peak: ${show(spread(limit), 1)} GF/s\n`);
const results: Record<string, unknown>[] = [];
const speedOf = ({ shape, work, flops }: (typeof trainings)[number]) => {
  const milliseconds = timesOf(work.name);
  const gflops = milliseconds.map((ms) => flops / ms / 1e6);
  const ratios = gflops.map((speed, round) => speed / (limit[round] as number));
  const [ms, speed, ratio] = [milliseconds, gflops, ratios].map(spread) as [Spread, Spread, Spread];
  results.push({ work: work.name, shape, milliseconds: ms, gflops: speed, overPeak: ratio });
  return { work: work.name, milliseconds: show(ms, 3), "GF/s": show(speed, 1), "over the peak": show(ratio, 2) };
};
console.table([...forwards, ...trainings].map(speedOf));
console.log(`Every cell at ${SHAPE}; only the weights that are there count.`);
console.table(cells.map((cell) => ({ ...speedOf(cell), goal: cell.goal })));
const stepOf = ({ name, steps }: (typeof streams)[number], weights = NaN) => {
  const microseconds = timesOf(name).map((ms) => (1000 * ms) / steps);
  const us = spread(microseconds);
  results.push({ work: name, microseconds: us });
  const ns = spread(microseconds.map((value) => (1000 * value) / weights));
  return { work: name, "microseconds a step": show(us, 3), ...(weights > 0 && { weights, "nanoseconds a weight": show(ns, 2) }) };
};
console.table(streams.map((work) => stepOf(work)));
console.log("Many live streams; the goal is 800,000 steps a second for all of them at once.");
console.table(
  live.map(({ name, steps }) => {
    const perSecond = spread(timesOf(name).map((ms) => (1000 * steps) / ms));
    results.push({ work: name, stepsPerSecond: perSecond });
    return { work: name, "steps a second": show(perSecond, 0) };
  }),
);
console.log("The online learner, a step with its update.");
console.table(onlines.map((work) => stepOf(work, work.weights)));
console.log("Weights of one byte: how many times as fast.");
const quantized = int8Rows(pairs, times);
results.push(...quantized);
console.table(shown(quantized));
if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ machine, rounds, peak: spread(limit), results }, null, 2)}\n`);
