/** Tables of Markdown beside the peers: for the terminal, for bench/README.md and for README.md. */

import { markdown } from "../../scripts/markdown.js";
import { type Bench, type Peers, type Result, STEPS } from "../figures.js";
import { count, place, short, whole } from "../tables.js";

const tasksOf = (results: Result[]) => [...new Set(results.map(({ task }) => task))];
const find = (results: Result[], task: string, peer: string) => results.find((each) => each.task === task && each.peer === peer);

/** memcell's own time, of a stream that of a step. */
function own(results: Result[], task: string): string {
  const { median } = (find(results, task, "memcell") as Result).milliseconds;
  return task.startsWith("streaming") ? `${short((1000 * median) / STEPS)} µs` : `${short(median)} ms`;
}

/** What the names stand for. */
export const versions = (figures: Peers): string => {
  const names = Object.entries(figures.about).filter(([name, about]) => name !== about);
  return `One thread each of an ${place(figures)}. ${names.map(([name, about]) => `\`${name}\` is \`${about}\``).join("; ")}.`;
};

/** The peers that compute in single precision: each one's time over memcell's. */
export function besidePeers({ about, results, remarks }: Peers): string {
  const timed = results.filter(({ peer }) => !peer.endsWith("int8"));
  const names = Object.keys(about).filter((name) => name !== "memcell" && timed.some(({ peer }) => peer === name));
  const cell = (task: string, peer: string) => {
    const result = find(timed, task, peer);
    return result ? whole(result.ratio) : remarks[peer]?.[task]?.startsWith("cannot") ? "cannot" : "-";
  };
  return markdown(
    ["", "memcell", ...names],
    tasksOf(timed).map((task) => [task, own(results, task), ...names.map((name) => cell(task, name))]),
  );
}

const INT8 = ["memcell", "pytorch", "pytorch-int8", "onnxruntime-node", "onnxruntime-node-int8", "onnxruntime-web"];

/** Each one's time over that of memcell with int8 weights. */
export function int8BesidePeers({ results }: Peers): string {
  const timed = results.filter(({ int8 }) => int8);
  const cell = (task: string, peer: string) => {
    const ratio = find(timed, task, peer)?.int8;
    return ratio ? whole(ratio) : "-";
  };
  return markdown(
    ["", ...INT8],
    tasksOf(timed).map((task) => [task, ...INT8.map((peer) => cell(task, peer))]),
  );
}

const SUMMARY = {
  peers: {
    pytorch: "PyTorch",
    "onnxruntime-node": "ONNX Runtime",
    "onnxruntime-web": "ONNX Runtime, web",
    "tfjs-wasm": "TensorFlow.js, wasm",
  },
  tasks: {
    "training (32, 64, 32, 50)": "an update, 64 units",
    "training (128, 256, 32, 50)": "an update, 256 units",
    "forward (32, 64, 32, 50)": "`predict`, 64 units",
    "streaming (1, 32)": "a live step, 32 units",
    "streaming (64, 128)": "a live step, 128 units",
  },
};

/** For README.md: one table, and what has no peer. */
export function summary({ alone, threads }: Bench, { results, machine }: Peers): string {
  const rows = Object.entries(SUMMARY.tasks).map(([task, words]) => [
    words,
    own(results, task),
    ...Object.keys(SUMMARY.peers).map((peer) => {
      const result = find(results, task, peer);
      return result ? whole(result.ratio) : "-";
    }),
  ]);
  const [live] = alone.live as [Bench["alone"]["live"][number]];
  const two = threads.results.findLast(({ work }) => work === "training") as Bench["threads"]["results"][number];
  const [, units, sequences] = two.shape;
  return [
    `One thread of an ${machine.cpu}, Node ${machine.node.replace("v", "")}: memcell's time, and how many times as long the others take, with quartiles in brackets. Batches are of 32 sequences of 50 steps.`,
    markdown(["", "memcell", ...Object.values(SUMMARY.peers)], rows),
    `${count(live.streams)} live streams of 64 units make ${short(live.stepsPerSecond.median)} steps a second together, on one core. With ${threads.threads} threads an update of ${units} units and ${sequences} sequences is ${whole(two.ratio)} times as fast.`,
  ].join("\n\n");
}
