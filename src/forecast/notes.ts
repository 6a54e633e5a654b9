/** Notes on the numbers that people gave, in plain sentences: closed times, gaps, a value far from all others. */

import { closedOf } from "./closed.js";
import { quantileOf } from "./conformal.js";
import type { Checked } from "./options.js";
import type { Series } from "./series.js";
import { type Grid, shownAt, span } from "./time.js";

/** A value is far from all others if it lies so many times as far from the median as the ends of the nine tenths in the middle lie apart. */
const FAR = 10;

function farOf({ target, grid, start }: Series): string {
  const sorted = target.filter((value) => !Number.isNaN(value)).sort();
  const [low, median, high] = [0.05, 0.5, 0.95].map((q) => quantileOf(sorted, q)) as [number, number, number];
  const [least, most] = [sorted[0] as number, sorted.at(-1) as number];
  const value = most - median > median - least ? most : least;
  const time = grid.form === null ? `row ${target.indexOf(value)}` : shownAt(grid, start + target.indexOf(value));
  return high > low && Math.abs(value - median) > FAR * (high - low)
    ? `${value} (${time}), while nine in ten lie between ${low} and ${high}`
    : "";
}

export class Notes {
  readonly #o: Checked;
  #gaps = 0;
  /** How many series have such times or values, and those of the first that has. */
  readonly #closed = { series: 0, text: "" };
  readonly #far = { series: 0, text: "" };

  constructor(o: Checked) {
    this.#o = o;
  }

  add(series: Series): void {
    const closed = closedOf(series);
    series.target.forEach((value, i) => (this.#gaps += Number(Number.isNaN(value) && !closed.has(series.start + i))));
    for (const [own, text] of [
      [this.#closed, closed.text],
      [this.#far, farOf(series)],
    ] as const) {
      if (!text) continue;
      own.text ||= text;
      own.series++;
    }
  }

  sentences(grid: Grid, count: number): string[] {
    const { target, closed } = this.#o;
    const among = ({ series }: { series: number }) => (count > 1 ? ` (${series} of ${count} series; the first of them)` : "");
    const kept =
      closed === "omit" ? 'Forecasts leave these times out (closed: "forecast" guesses them)' : "Forecasts of these times are guesses";
    return [
      this.#closed.text && `no numbers, or hardly any, on ${this.#closed.text}${among(this.#closed)}. ${kept}. If they were 0, write 0.`,
      this.#gaps && `${span(grid, this.#gaps)} without a number${this.#closed.text && " besides"}: taken as not known, not as 0.`,
      this.#far.text &&
        `${target} far from all others: ${this.#far.text}${among(this.#far)}. If it is a mistake, correct it or leave it empty.`,
    ].filter((text) => typeof text === "string" && text !== "") as string[];
  }
}
