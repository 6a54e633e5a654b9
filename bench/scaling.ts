/** How the cost of a training step grows: lines over H, B and T through one shape, over the peak of the register tile. */

import type { Scaling } from "./figures.js";
import { measure, spread, timed } from "./measure.js";
import { flops, lstmWeights, peak, type Shape, training } from "./works.js";

/** Each line is measured by itself, so that only its models are in memory. */
const LINES: { over: string; values: number[]; shape: (value: number) => Shape }[] = [
  { over: "H, with I = H/2, B = 32, T = 50", values: [16, 32, 64, 128, 256, 512, 1024], shape: (H) => [H / 2, H, 32, 50] },
  { over: "B, with H = 128, I = 64, T = 50", values: [1, 2, 4, 6, 7, 8, 16, 32, 64, 128, 256], shape: (B) => [64, 128, B, 50] },
  { over: "T, with H = 64, I = 32, B = 32", values: [10, 20, 50, 100, 200, 500, 1000, 2000], shape: (T) => [32, 64, 32, T] },
  { over: "T, with H = 256, I = 128, B = 32", values: [10, 50, 200, 500, 2000], shape: (T) => [128, 256, 32, T] },
];

export async function scaling(rounds: number, milliseconds: number): Promise<Scaling["lines"]> {
  const lines: Scaling["lines"] = [];
  for (const { over, values, shape } of LINES) {
    const tile = peak();
    const works = values.map((value) => training(shape(value)));
    const times = await measure([tile, ...works].map(timed), rounds, milliseconds, () => {});
    const timesOf = ({ name }: { name: string }) => times.get(name) as number[];
    const limit = timesOf(tile).map((ms) => tile.flops / ms);
    const speeds = works.map((work, i) => {
      const value = values[i] as number;
      const [I, H, B, T] = shape(value);
      const operations = 3 * flops(lstmWeights(I, H), [I, H, B, T]);
      const overPeak = spread(timesOf(work).map((ms, round) => operations / ms / (limit[round] as number)));
      return { work: value.toLocaleString("en"), shape: shape(value), milliseconds: spread(timesOf(work)), overPeak };
    });
    lines.push({ over, speeds });
    console.log(`${over}: done`);
  }
  return lines;
}
