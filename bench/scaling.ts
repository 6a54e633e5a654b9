/** How the cost of a training step grows: lines over H, B and T through one shape, over the peak of the register tile. */

import { measure, show, spread, timed } from "./measure.js";
import { flops, lstmWeights, peak, type Shape, training } from "./works.js";

/** Each line is measured by itself, so that only its models are in memory. */
const LINES: Record<string, Shape[]> = {
  "units, H": [16, 32, 64, 128, 256, 512, 1024].map((H) => [H / 2, H, 32, 50]),
  "batch, B": [1, 2, 4, 6, 7, 8, 16, 32, 64, 128, 256].map((B) => [64, 128, B, 50]),
  "time steps, T, H = 64": [10, 20, 50, 100, 200, 500, 1000, 2000].map((T) => [32, 64, 32, T]),
  "time steps, T, H = 256": [10, 50, 200, 500, 2000].map((T) => [128, 256, 32, T]),
};

/** @returns what was printed, for each shape the GF/s and their share of the peak */
export async function scaling(rounds: number, milliseconds: number): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const [line, shapes] of Object.entries(LINES)) {
    const tile = peak();
    const works = shapes.map((shape) => training(shape));
    const times = await measure([tile, ...works].map(timed), rounds, milliseconds, () => {});
    const timesOf = (name: string) => times.get(name) as number[];
    const limit = timesOf(tile.name).map((ms) => tile.flops / ms / 1e6);
    console.log(`Over ${line}: a training step at (I, H, B, T). The tile's peak: ${show(spread(limit), 1)} GF/s`);
    console.table(
      works.map(({ name }, i) => {
        const shape = shapes[i] as Shape;
        const work = 3 * flops(lstmWeights(shape[0], shape[1]), shape);
        const speeds = timesOf(name).map((ms) => work / ms / 1e6);
        const [ms, gflops] = [spread(timesOf(name)), spread(speeds)];
        const overPeak = spread(speeds.map((speed, round) => speed / (limit[round] as number)));
        results.push({ line, shape, milliseconds: ms, gflops, overPeak });
        return { shape: shape.join(", "), milliseconds: show(ms, 3), "GF/s": show(gflops, 1), "over the peak": show(overPeak, 2) };
      }),
    );
  }
  return results;
}
