/** The tables on the terminal: times and ratios task by task, then the goals. */

import { type Spread, show } from "../measure.js";
import { KINDS, STEPS } from "./task.js";

/** One peer at one task; memcell's own ratio is 1. */
export interface Result {
  task: string;
  peer: string;
  milliseconds: Spread;
  /** The peer's time over memcell's, round by round. */
  ratio: Spread;
  /** The same over memcell's with int8 weights, where that was timed. */
  int8?: Spread;
}

const digits = ({ median }: Spread) => (median < 0.1 ? 4 : median < 10 ? 2 : 1);

export function printTimes(results: Result[]): void {
  for (const kind of KINDS) {
    const ours = results.filter(({ task }) => task.startsWith(kind));
    const peers = [...new Set(ours.map(({ peer }) => peer))];
    const of = (task: string, peer: string) => ours.find((result) => result.task === task && result.peer === peer);
    const unit = kind === "streaming" ? 1000 / STEPS : 1;
    const scale = ({ median, low, high }: Spread) => ({ median: unit * median, low: unit * low, high: unit * high });
    const rows = (peers: string[], cell: (result: Result) => string) =>
      [...new Set(ours.map(({ task }) => task))].map((task) => {
        const cells = peers.map((peer) => [peer, of(task, peer)] as const).map(([peer, result]) => [peer, result ? cell(result) : "-"]);
        return { [kind]: task.slice(kind.length + 1), ...Object.fromEntries(cells) };
      });
    console.log(`\n${kind}, ${kind === "streaming" ? "microseconds a step" : "milliseconds"}`);
    console.table(rows(peers, ({ milliseconds }) => show(scale(milliseconds), digits(scale(milliseconds)))));
    console.log(`${kind}, the peer's time over memcell's`);
    console.table(rows(peers.slice(1), ({ ratio }) => show(ratio, digits(ratio))));
  }
}

/** Int8 weights beside the others: forward passes and streams. */
export function printInt8(results: Result[]): void {
  const timed = results.filter(({ int8, peer }) => int8 && peer !== "memcell-int8");
  if (timed.length === 0) return;
  const rows = [...new Set(timed.map(({ task }) => task))].map((task) => [
    task,
    Object.fromEntries(timed.filter((each) => each.task === task).map(({ peer, int8 }) => [peer, show(int8 as Spread, 2)])),
  ]);
  console.log("\nmemcell with int8 weights: the others' time over its own");
  console.table(Object.fromEntries(rows));
}

/** How many times as fast memcell is to be, by task. Of TensorFlow.js the faster backend counts. */
const GOALS: Record<string, Record<string, number>> = {
  "training (8, 32, 32, 50)": { pytorch: 2.5, tfjs: 50 },
  "training (32, 64, 32, 50)": { pytorch: 1, tfjs: 22 },
  "training (64, 128, 32, 50)": { pytorch: 0.62, tfjs: 19 },
  "training (128, 256, 32, 50)": { pytorch: 0.45 },
  "training (1, 32, 1, 100)": { pytorch: 20, "brain.js": 18 },
  "forward (8, 32, 32, 50)": { "onnxruntime-web": 2 },
  "forward (32, 64, 32, 50)": { "onnxruntime-web": 1.8 },
  "forward (64, 128, 32, 50)": { "onnxruntime-web": 1.8 },
  "forward (128, 256, 32, 50)": { "onnxruntime-web": 1.7 },
  "streaming (1, 32)": { "onnxruntime-node": 18, "onnxruntime-web": 45 },
  "streaming (64, 128)": { "onnxruntime-node": 3.5, "onnxruntime-web": 4.5 },
  "streaming (128, 256)": { "onnxruntime-node": 1.7, "onnxruntime-web": 1.9 },
};

export function printGoals(results: Result[]): void {
  const rows = Object.entries(GOALS).flatMap(([task, goals]) =>
    Object.entries(goals).flatMap(([peer, goal]) => {
      const timed = results.filter((result) => result.task === task && result.peer.startsWith(peer));
      if (timed.length === 0) return [];
      const { ratio } = timed.reduce((a, b) => (b.milliseconds.median < a.milliseconds.median ? b : a));
      return [{ task, over: peer, goal, ratio: show(ratio, 2), "of the goal": (ratio.median / goal).toFixed(2) }];
    }),
  );
  console.log("\nThe goals");
  console.table(rows);
}
