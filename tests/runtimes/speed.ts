/** How fast this runtime is: what the bench times in Node, in rounds of its own. */

import { repeat } from "../../bench/measure.js";
import { flops, forward, lstmWeights, peak, type Shape, streaming, training } from "../../bench/works.js";

const SHAPE: Shape = [32, 64, 32, 50];
const [ROUNDS, MILLISECONDS] = [5, 100];

/** GF/s of the register tile, of a forward pass and of a training step; microseconds of a streaming step at (1, 32). */
export interface Report {
  peak: number;
  forward: number;
  training: number;
  streaming: number;
}

export async function speed(): Promise<Report> {
  const tile = peak();
  const once = flops(lstmWeights(SHAPE[0], SHAPE[1]), SHAPE);
  const works = { peak: tile, forward: forward(SHAPE), training: training(SHAPE), streaming: streaming([1, 32]) };
  const least = new Map<string, number>();
  // The first round warms up. The shortest of the rest: the others had company.
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, { run }] of Object.entries(works)) {
      const time = await repeat(run, MILLISECONDS);
      if (round >= 0) least.set(name, Math.min(time, least.get(name) ?? Infinity));
    }
  }
  const milliseconds = (name: string) => least.get(name) as number;
  return {
    peak: tile.flops / milliseconds("peak") / 1e6,
    forward: once / milliseconds("forward") / 1e6,
    training: (3 * once) / milliseconds("training") / 1e6,
    // Of so many steps in a call.
    streaming: (1000 * milliseconds("streaming")) / works.streaming.steps,
  };
}
