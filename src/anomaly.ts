/**
 * What is not as usual in a stream of rows: `memcell/anomaly`. Smoothing foresees each column, an online learner foresees the errors of that
 * with their spread, and what is surprising beside both is an anomaly. It stands on the public API; the core does not know it.
 */

import { type Parts, read, unlearned, write } from "./anomaly/file.js";
import { checkOptions, type DetectorOptions } from "./anomaly/options.js";
import { follow, tailOf, thresholdOf } from "./anomaly/tail.js";
import { bounded, foreseen, take, watch } from "./anomaly/watched.js";
import { waves } from "./forecast/regression.js";
import { fitSmoothing } from "./forecast/smoothing.js";
import { adam, createModel, createOnlineLearner, dense, lstm, type OnlineLearner, resumeOnlineLearner } from "./index.js";
import { arrayLike, fail, finite, isRecord } from "./internal.js";

export type { DetectorOptions } from "./anomaly/options.js";
export type { Detector };

/** A detector's verdict on a step. */
export interface Verdict {
  /**
   * null: as usual. "outlier": the step itself is surprising. "drift": the last steps together are, as after a shift, in a slow drift or with
   * another rhythm. "stuck": a column has repeated a value for longer than it ever did.
   */
  anomaly: "outlier" | "drift" | "stuck" | null;
  /** How surprising the step is, in standard deviations. */
  score: number;
  /** The score above which the step is an anomaly; NaN while the detector only learns. */
  threshold: number;
  /** The column that surprised most. */
  column: string;
  /** The number that was expected in each column, by its name. */
  expected: Record<string, number>;
  /** The standard deviation of that expectation, by column. */
  deviation: Record<string, number>;
}

/** How far a false alarm moves a threshold: so many of them come as were asked for (as adaptive conformal inference, Gibbs & Candès 2021). */
const RATE = 0.03;
/** The part of the rate that each of both scores has: alarms come in rows, often of both. */
const SHARE = 1 / 2;
/** Steps without an alarm until the next one counts as another event. Thresholds learn nothing from an event but that it began. */
const CALM = 24;

/** Made by `createDetector` and `loadDetector`. */
class Detector {
  readonly #learner: OnlineLearner;
  readonly #parts: Parts;

  /** @internal */
  constructor(learner: OnlineLearner, parts: Parts) {
    this.#learner = learner;
    this.#parts = parts;
  }

  #read(path: string, row: unknown): number[] {
    const { columns } = this.#parts.o;
    if (!isRecord(row)) return fail(TypeError, path, `an object with ${columns.join(", ")}`, row);
    return columns.map((name) => {
      const value = row[name] ?? NaN;
      const wrong = typeof value !== "number" ? "a number" : !Number.isNaN(value) && finite(value);
      if (wrong) fail(typeof value === "number" ? RangeError : TypeError, `${path}.${name}`, `${wrong}, or null for a gap`, value);
      return value as number;
    });
  }

  /**
   * Learns from a table what is normal: the smoothing, then in three passes the network, and the last third's scores are the first threshold.
   * What is not normal in it is learned less from, as surprises are cut off.
   * @param table columns by name, or rows of objects, of at least 100 rows
   * @throws TypeError, RangeError with the column and the row
   * @example detector.fit({ temperature: [21.1, 21.3, null, …], pressure: [1012, 1013, 1013, …] });
   */
  fit(table: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[]): this {
    const { columns, season } = this.#parts.o;
    const lists = columns.map((name) =>
      Array.isArray(table) ? table : arrayLike(`table.${name}`, Object(table)[name], "an array or a typed array"),
    );
    const [{ length }] = lists as [ArrayLike<unknown>];
    const least = Math.max(100, 2 * season);
    if (length < least) fail(RangeError, "table", `at least ${least} rows`, length);
    lists.forEach((list, k) => {
      if (list.length !== length) fail(RangeError, `table.${columns[k]}`, `${length} rows, as many as ${columns[0]} has`, list);
    });
    const rows = Array.from({ length }, (_, i) =>
      this.#read(`table, row ${i}`, Array.isArray(table) ? table[i] : Object.fromEntries(columns.map((name, k) => [name, lists[k]?.[i]]))),
    );
    const own = columns.map((name, k) => {
      const values = Float64Array.from(rows, (row) => row[k] as number);
      if (values.every(Number.isNaN)) fail(RangeError, `table.${name}`, "numbers, not gaps alone", NaN);
      return { values, smoothing: fitSmoothing([values], season, season || 12) };
    });
    const parts = this.#parts;
    for (let pass = 0; pass < 3; pass++) {
      this.#learner.reset();
      const watched = own.map(({ values, smoothing }) => watch(smoothing, values));
      Object.assign(parts, unlearned(), { watched, place: 0, steps: -length });
      rows.forEach((row, i) => {
        if (i === Math.floor((2 * length) / 3)) parts.waiting = [[], []];
        this.#step(row);
      });
    }
    Object.assign(parts, unlearned(), { tails: parts.waiting.map(tailOf) });
    return this;
  }

  /**
   * Looks at the next row, says whether it is as usual, and learns from it.
   * @param row the columns by name; null, NaN and what is not there are gaps
   * @throws TypeError, RangeError with the column
   * @example const { anomaly, column } = detector.step({ temperature: 21.5, pressure: 1013 });
   */
  step(row: Readonly<Record<string, unknown>>): Verdict {
    return this.#step(this.#read("row", row));
  }

  #step(row: readonly number[]): Verdict {
    const parts = this.#parts;
    const { columns, rate, season, warmup } = parts.o;
    const n = columns.length;
    const errors: number[] = [];
    const [expected, deviation]: [Record<string, number>, Record<string, number>] = [{}, {}];
    // Of a step the largest surprise, of the last steps the largest together; and the columns of both.
    const scores = [0, 0];
    const surprising = [0, 0];
    let stuck = -1;
    parts.watched.forEach((own, k) => {
      const name = columns[k] as string;
      const value = row[k] as number;
      const [mean, spread] = [parts.said[k] as number, parts.said[n + k] as number];
      expected[name] = foreseen(own) + mean * own.scale;
      deviation[name] = spread * own.scale;
      if (Number.isNaN(value)) {
        own.smoother.step(NaN);
        errors.push(NaN);
        return;
      }
      const taken = take(own, value, mean, spread, parts.tails === null);
      errors.push(taken.error);
      taken.surprises.forEach((surprise, i) => {
        if (!(surprise > (scores[i] as number))) return;
        scores[i] = surprise;
        surprising[i] = k;
      });
      if (taken.stuck) stuck = k;
    });

    let [anomaly, threshold, shown]: [Verdict["anomaly"], number, number] = [null, NaN, 0];
    if (parts.tails) {
      const limits = parts.tails.map((tail, i) => thresholdOf(tail, SHARE * rate) * (parts.factors[i] as number));
      const over = scores.map((score, i) => score > (limits[i] as number));
      anomaly = stuck >= 0 ? "stuck" : over[0] ? "outlier" : over[1] ? "drift" : null;
      shown = Number(anomaly === "drift");
      threshold = limits[shown] as number;
      parts.tails.forEach((tail, i) => {
        const left = parts.alarmed[i] as number;
        if (left === 0) follow(tail, scores[i] as number, limits[i] as number);
        parts.factors[i] = (parts.factors[i] as number) * (over[i] && left === 0 ? 1 + RATE : 1 - RATE * SHARE * rate);
        parts.alarmed[i] = over[i] ? CALM : Math.max(0, left - 1);
      });
      // The sums begin anew, so that what goes on is found again.
      if (over[1]) for (const own of parts.watched) own.mean = own.energy = 0;
    } else if (parts.steps++ >= 20 || parts.steps < 0) {
      parts.waiting.forEach((list, i) => list.push(scores[i] as number));
      if ((parts.waiting[0] as number[]).length >= warmup && parts.steps > 0)
        Object.assign(parts, unlearned(), { tails: parts.waiting.map(tailOf) });
    }
    const column = columns[anomaly === "stuck" ? stuck : (surprising[shown] as number)] as string;

    // The forecast of before is taught, but for gaps, and the network looks one step further.
    if (parts.place > 0 && anomaly === null && !errors.some(Number.isNaN)) this.#learner.learn(errors);
    parts.place++;
    const phase = season ? parts.place / season : 0;
    const outputs = this.#learner.step([...errors.map((error) => error || 0), ...waves(phase, 1)]);
    parts.said = [...this.#learner.model.probabilities(outputs)].map((value, i) => (i < n ? bounded(value) : Math.max(value, 0.05)));
    return { anomaly, score: scores[shown] as number, threshold, column, expected, deviation };
  }

  /**
   * All of it as bytes: `loadDetector` goes on from there, to the bit.
   * @example await writeAtomically("detector.bin", detector.save()); // memcell/node
   */
  save(): Uint8Array<ArrayBuffer> {
    return write(this.#parts, this.#learner.save());
  }
}

/**
 * A detector of what is not as usual in a stream of rows.
 * @throws TypeError, RangeError for an option that is wrong, by its name
 * @example
 * const detector = createDetector({ columns: ["temperature", "pressure"], season: 24, rate: 0.001 }).fit(lastMonth);
 * const { anomaly, column } = detector.step({ temperature: 21.5, pressure: 1013 });
 */
export function createDetector(options: DetectorOptions): Detector {
  const o = checkOptions(options);
  const n = o.columns.length;
  const model = createModel({ input: { features: n + 2 }, layers: [lstm({ units: o.units }), dense({ units: 2 * n })], seed: o.seed });
  const learner = createOnlineLearner(model, { loss: { type: "gaussianNLL" }, optimizer: adam({ learningRate: 0.003 }), clipNorm: 1 });
  const smoothing = { alpha: 0.2, beta: 0, gamma: o.season ? 0.1 : 0, phi: 0.98, season: o.season };
  const watched = o.columns.map(() => watch(smoothing, []));
  const said = [...Array(n).fill(0), ...Array(n).fill(1.25)];
  return new Detector(learner, { o, watched, ...unlearned(), place: 0, said });
}

/**
 * The detector that `save` wrote, which goes on to the bit.
 * @throws TypeError, RangeError if the bytes are something else
 * @example const detector = loadDetector(readFileSync("detector.bin"));
 */
export function loadDetector(source: Uint8Array | ArrayBuffer): Detector {
  const { parts, learner } = read(source);
  return new Detector(resumeOnlineLearner(learner), parts);
}
