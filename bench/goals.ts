/** What was wanted of the figures, and what was missed. */

import { markdown } from "../scripts/markdown.js";
import type { Alone, Peers, Result } from "./figures.js";
import type { Spread } from "./measure.js";
import { count, whole } from "./tables.js";

interface Goal {
  work: string;
  wanted: number;
  reached: Spread;
  unit: string;
  met: boolean;
}

const goal = (work: string, unit: string, reached: Spread, wanted?: number): Goal[] =>
  wanted === undefined
    ? []
    : [{ work, unit, reached, wanted, met: unit.startsWith("µs") ? reached.median <= wanted : reached.median >= wanted }];

/** Those that lie in the figures. */
export const goalsOf = ({ cells, live, online, small, int8 }: Alone): Goal[] => [
  ...cells.flatMap((each) => goal(`training ${each.work}`, "of the peak", each.overPeak, each.goal)),
  ...live.flatMap((each) => goal(`${count(each.streams)} streams in a call`, "steps a second", each.stepsPerSecond, each.goal)),
  ...[...online, small].flatMap((each) => goal(`learning ${each.work}`, "µs a step", each.microseconds, each.goal)),
  ...int8.flatMap((each) => goal(`int8, ${each.work}`, "times as fast", each.ratio, each.goal)),
];

/** How many times as fast as a peer memcell is to be, by task. Of TensorFlow.js the faster backend counts. */
const BESIDE: Record<string, Record<string, number>> = {
  "training (8, 32, 32, 50)": { pytorch: 2.5, tfjs: 45 },
  "training (32, 64, 32, 50)": { pytorch: 1, tfjs: 22 },
  "training (64, 128, 32, 50)": { pytorch: 0.62, tfjs: 19 },
  "training (128, 256, 32, 50)": { pytorch: 0.45 },
  "training (1, 32, 1, 100)": { pytorch: 20, "brain.js": 18 },
  "forward (8, 32, 32, 50)": { "onnxruntime-web": 2 },
  "forward (32, 64, 32, 50)": { "onnxruntime-web": 1.8 },
  "forward (64, 128, 32, 50)": { "onnxruntime-web": 1.8 },
  "forward (128, 256, 32, 50)": { "onnxruntime-web": 1.7 },
  "streaming (1, 32)": { "onnxruntime-node": 18, "onnxruntime-web": 48 },
  "streaming (64, 128)": { "onnxruntime-node": 3.5, "onnxruntime-web": 4.5 },
  "streaming (128, 256)": { "onnxruntime-node": 1.7, "onnxruntime-web": 1.9 },
};

/** The same with weights of one byte, beside peers of single precision. */
const INT8_BESIDE: Record<string, Record<string, number>> = {
  "streaming (64, 128)": { "onnxruntime-node": 6.5 },
  "streaming (128, 256)": { "onnxruntime-node": 3.4 },
  "streaming (256, 512)": { "onnxruntime-node": 1.7 },
  "forward (32, 64, 32, 50)": { "onnxruntime-web": 2.6, pytorch: 1 },
  "forward (64, 128, 32, 50)": { "onnxruntime-web": 2.7, pytorch: 1 },
  "forward (128, 256, 32, 50)": { "onnxruntime-web": 2.8, pytorch: 1 },
};

const beside = (results: Result[], wanted: typeof BESIDE, name: string, ratioOf: (result: Result) => Spread | undefined): Goal[] =>
  Object.entries(wanted).flatMap(([task, goals]) =>
    Object.entries(goals).flatMap(([peer, wanted]) => {
      const timed = results.filter((each) => each.task === task && each.peer.startsWith(peer) && !each.peer.endsWith("int8"));
      const ratios = timed.flatMap((each) => ratioOf(each) ?? []);
      if (ratios.length === 0) return [];
      return goal(
        `${name}${task} beside ${peer}`,
        "times as fast",
        ratios.reduce((a, b) => (b.median < a.median ? b : a)),
        wanted,
      );
    }),
  );

export const goalsBeside = ({ results }: Peers): Goal[] => [
  ...beside(results, BESIDE, "", ({ ratio }) => ratio),
  ...beside(results, INT8_BESIDE, "int8, ", ({ int8 }) => int8),
];

export function missed(goals: Goal[]): string {
  const rows = goals.filter(({ met }) => !met);
  const said = `${goals.length - rows.length} of ${goals.length} goals are met.`;
  if (rows.length === 0) return said;
  return `${said} The others:\n\n${markdown(
    ["", "wanted", "measured", ""],
    rows.map(({ work, wanted, reached, unit }) => [work, count(wanted), whole(reached), unit]),
  )}`;
}
