/** What was measured as tables of Markdown: for the terminal, and for the pages that bench/pages.ts fills. */

import { markdown } from "../scripts/markdown.js";
import type { Alone, Run, Runtimes, Scaling, Threads } from "./figures.js";
import type { Spread } from "./measure.js";

/** Three digits or so; `like` is the number whose decimals it gets. */
export const short = (value: number, like = value): string =>
  like < 100 ? value.toFixed(like < 0.1 ? 3 : like < 10 ? 2 : 1) : value.toLocaleString("en", { maximumSignificantDigits: 3 });

/** The median, with its quartiles where they are known. */
export const whole = ({ median, low, high }: Spread): string =>
  short(median) + (low === high ? "" : ` [${short(low, median)}, ${short(high, median)}]`);

/** A number that is no measurement. */
export const count = (value: number): string => value.toLocaleString("en");

/** The median alone. */
const middle = ({ median }: Spread) => short(median);

export const place = ({ machine, rounds }: Run): string =>
  `${machine.cpu}, Node ${machine.node.replace("v", "")}; medians of ${rounds} rounds, quartiles in brackets`;

/** The parts of what `npm run bench` measures, by name. */
export const alone = (figures: Alone) => ({
  machine: `One thread of an ${place(figures)}. The peak of the register tile, in the same rounds: ${whole(figures.peak)} GF/s.`,
  sizes: sizes(figures),
  streaming: markdown(
    ["(I, H)", ...figures.streaming.map(({ work }) => `(${work.replace(",", ", ")})`)],
    [["µs", ...figures.streaming.map(({ microseconds }) => whole(microseconds))]],
  ),
  live: markdown(
    ["streams in a call", ...figures.live.map(({ streams }) => count(streams))],
    [["steps a second", ...figures.live.map(({ stepsPerSecond }) => middle(stepsPerSecond))]],
  ),
  cells: markdown(
    ["layer", "training step, ms", "over the peak"],
    figures.cells.map(({ work, milliseconds, overPeak }) => [work, middle(milliseconds), whole(overPeak)]),
  ),
  online: online(figures),
  int8: markdown(
    ["", "times as fast"],
    figures.int8.map(({ work, ratio }) => [work, whole(ratio)]),
  ),
});

const sizes = ({ forward, training }: Alone) =>
  markdown(
    ["(I, H, B, T)", "forward, ms", "over the peak", "training step, ms", "over the peak"],
    forward.map((pass, i) => {
      const step = training[i] as typeof pass;
      return [
        `(${pass.shape.join(", ")})`,
        middle(pass.milliseconds),
        whole(pass.overPeak),
        middle(step.milliseconds),
        whole(step.overPeak),
      ];
    }),
  );

/** "lstm 32": a row for each layer, a column for each number of units. */
function online({ online, small }: Alone): string {
  const parts = online.map(({ work, microseconds }) => {
    const [layer = "", units = ""] = work.split(" ");
    return { layer, units, microseconds };
  });
  const table = markdown(
    ["µs", ...new Set(parts.map(({ units }) => `H = ${units}`))],
    [...new Set(parts.map(({ layer }) => layer))].map((name) => [
      name,
      ...parts.filter(({ layer }) => layer === name).map(({ microseconds }) => whole(microseconds)),
    ]),
  );
  const { median } = small.microseconds;
  return `${table}\n\n${small.work} by the rule of 1997, on one sequence at a time: ${(1000 * median).toFixed(0)} ns a step, ${(1 / median).toFixed(1)} million steps a second.`;
}

export const scaling = (figures: Scaling): string =>
  [
    `${place(figures)}.`,
    ...figures.lines.map(({ over, speeds }) =>
      markdown(
        [over, ...speeds.map(({ work }) => work)],
        [
          ["training step, ms", ...speeds.map(({ milliseconds }) => middle(milliseconds))],
          ["over the peak", ...speeds.map(({ overPeak }) => middle(overPeak))],
        ],
      ),
    ),
  ].join("\n\n");

export const threads = (figures: Threads): string => {
  const rows = figures.results.map(({ work, shape, ratio }) => [`${work} (${shape.join(", ")})`, whole(ratio)]);
  return `${place(figures)}.\n\n${markdown(["", `${figures.threads} threads, times as fast as one`], rows)}`;
};

export function runtimes({ rounds, reference, peak, results }: Runtimes): string {
  const head = ["runtime", "peak", "forward (32, 64, 32, 50)", "training (32, 64, 32, 50)", "a step (1, 32), µs"];
  const rows = results.map(({ runtime, peak, forward, training, streaming }) => [
    runtime,
    ...[peak, forward, training, streaming].map(whole),
  ]);
  return `The tile's peak in ${reference}: ${whole(peak)} GF/s; medians of ${rounds} rounds, quartiles in brackets.\n\n${markdown(head, rows)}`;
}
