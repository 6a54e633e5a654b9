/**
 * Times forward, training and streaming after checking them against the oracle.
 *
 *     npm run bench [-- --json FILE] [-- --rounds N] [-- --quick] [-- --scaling]
 */

import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { CELLS, ONLINE, SHAPE, SMALL } from "./cells.js";
import { checkAgainstOracle } from "./check.js";
import { type Alone, keep, machine, type Speed, type Step } from "./figures.js";
import { goalsOf, missed } from "./goals.js";
import { int8Pairs, int8Rows } from "./int8.js";
import { measure, spread, timed } from "./measure.js";
import { scaling } from "./scaling.js";
import * as tables from "./tables.js";
import { flops, forward, liveStreams, lstmWeights, online, peak, rule97, type Shape, streaming, training } from "./works.js";

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

console.log(`${checkAgainstOracle()} cases agree with the oracle.\n`);
const run = { machine: machine(), rounds };
const milliseconds = flags.quick ? 10 : 40;

if (flags.scaling) {
  const figures = { ...run, lines: await scaling(rounds, milliseconds) };
  console.log(tables.scaling(figures));
  if (flags.json) keep(flags.json, "scaling", figures);
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
const live = [1000, 100, 10].map((count) => ({ count, work: liveStreams([32, 64], count) }));
const onlines = ONLINE.map(({ name, layer, goal }) => ({ work: online(name, layer), goal }));
const small = rule97(SMALL.layer);
const pairs = int8Pairs();
const works = [
  tile,
  ...[...forwards, ...trainings, ...cells, ...live, ...onlines].map(({ work }) => work),
  ...streams,
  small,
  ...pairs.flatMap(({ works }) => works),
];
const bar = new SingleBar({ format: "{bar} {value}/{total} rounds | {eta_formatted} left", clearOnComplete: true, noTTYOutput: false });
process.once("SIGINT", () => {
  bar.stop();
  process.exit(130);
});
bar.start(rounds, 0);
const times = await measure(works.map(timed), rounds, milliseconds, (done) => bar.update(done));
bar.stop();

const timesOf = ({ name }: { name: string }) => times.get(name) as number[];
const limit = timesOf(tile).map((ms) => tile.flops / ms / 1e6);
/** Without the kind of work. */
const short = ({ name }: { name: string }) => name.slice(name.indexOf(" ") + 1);
const goalOf = (goal?: number) => goal !== undefined && { goal };
const speedOf = ({ shape, work, flops, goal }: (typeof trainings)[number] & { goal?: number }): Speed => {
  const ratios = timesOf(work).map((ms, round) => flops / ms / 1e6 / (limit[round] as number));
  return { work: short(work), shape, milliseconds: spread(timesOf(work)), overPeak: spread(ratios), ...goalOf(goal) };
};
const stepOf = (work: { name: string; steps: number }, goal?: number): Step => ({
  work: short(work),
  microseconds: spread(timesOf(work).map((ms) => (1000 * ms) / work.steps)),
  ...goalOf(goal),
});
const figures: Alone = {
  ...run,
  peak: spread(limit),
  forward: forwards.map(speedOf),
  training: trainings.map(speedOf),
  cells: cells.map(speedOf),
  streaming: streams.map((work) => stepOf(work)),
  live: live.map(({ count, work }) => ({
    streams: count,
    stepsPerSecond: spread(timesOf(work).map((ms) => (1000 * work.steps) / ms)),
    ...goalOf(count === 1000 ? 800_000 : undefined),
  })),
  online: onlines.map(({ work, goal }) => stepOf(work, goal)),
  small: { ...stepOf(small, SMALL.goal), work: `lstm97 of ${small.weights} weights` },
  int8: int8Rows(pairs, times),
};
for (const [name, text] of Object.entries(tables.alone(figures))) console.log(`${name}\n\n${text}\n`);
console.log(missed(goalsOf(figures)));
if (flags.json) keep(flags.json, "alone", figures);
