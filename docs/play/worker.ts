/** Learns beside the page: goes on, pauses, goes a step, takes another rate, and tells what it has, ten times a second at most. */

import { type Report, trace } from "memcell";
import { begin, type Choices } from "./learner.js";

export type Order = { begin: Choices } | { pause: boolean } | { step: true } | { rate: number } | { save: true };
export type News =
  | { report: Report; gates: ReturnType<typeof trace>["layers"]; forecast: { from: number; next: Float32Array; ahead: Float32Array } }
  | { bytes: Uint8Array }
  | { error: string };

let learner: ReturnType<typeof begin> | undefined;
let [paused, steps] = [false, 0];
let wake = () => {};
const say = (news: News) => postMessage(news);

async function learn(choices: Choices): Promise<void> {
  learner = begin(choices);
  const { model, trainer, pieces, forecast, recent } = learner;
  let told = 0;
  for await (const report of trainer.fit(pieces, { epochs: 100_000 })) {
    if (paused || performance.now() - told > 100) {
      told = performance.now();
      say({ report, gates: trace(model, { inputs: recent }).layers, forecast: forecast(400) });
    }
    if (steps > 0) steps--;
    while (paused && steps === 0) await new Promise<void>((resolve) => (wake = resolve));
  }
}

addEventListener("message", ({ data }: MessageEvent<Order>) => {
  if ("begin" in data) learn(data.begin).catch((error: Error) => say({ error: error.message }));
  if ("pause" in data) paused = data.pause;
  if ("step" in data) [paused, steps] = [true, steps + 1];
  if ("rate" in data && learner) learner.trainer.learningRate = data.rate;
  if ("save" in data && learner) say({ bytes: learner.model.save() });
  wake();
});
