/**
 * The kernels for relaxed SIMD over the plain ones, in the same rounds, once every case agrees with the oracle.
 *
 *     npm run bench:kernels [-- --rounds N]
 */

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { createModel, type Environment, lstm } from "../src/index.js";
import { checkAgainstOracle } from "./check.js";
import { measure, show, spread, timed, type Work } from "./measure.js";
import { forward, peak, type Shape, streaming, training } from "./works.js";

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const RELAXED: Environment = { kernels: "relaxed" };
if (createModel({ input: { features: 1 }, layers: [lstm({ units: 1 })] }, RELAXED).engine.kernels === "plain") {
  console.log(`Node ${process.version} is given the plain kernels: it has no relaxed SIMD, or would be slower with it.`);
  process.exit();
}
console.log(`${checkAgainstOracle(RELAXED)} cases agree with the oracle.`);

const SHAPES: Shape[] = [
  [8, 32, 32, 50],
  [32, 64, 32, 50],
  [64, 128, 32, 50],
  [128, 256, 32, 50],
  [1, 32, 1, 100],
];
const WORKS: ((where?: Environment) => Work)[] = [
  peak,
  ...SHAPES.map((shape) => (where?: Environment) => forward(shape, where)),
  ...SHAPES.map((shape) => (where?: Environment) => training(shape, undefined, undefined, where)),
  ...SHAPES.slice(0, -1).map(
    ([I, H]) =>
      (where?: Environment) =>
        streaming([I, H], where),
  ),
];
const pairs = WORKS.map((work) => {
  const relaxed = work(RELAXED);
  return [work(), { ...relaxed, name: `${relaxed.name}, relaxed` }] as const;
});
const times = await measure(pairs.flat().map(timed), Number(flags.rounds), 40, () => {});

console.log(`${cpus()[0]?.model}, Node ${process.version}; medians of ${flags.rounds} rounds, quartiles in brackets.`);
console.table(
  pairs.map(([plain, relaxed]) => {
    const [slow, fast] = [plain, relaxed].map(({ name }) => times.get(name) as number[]) as [number[], number[]];
    return { work: plain.name, "times as fast": show(spread(slow.map((ms, round) => ms / (fast[round] as number))), 3) };
  }),
);
