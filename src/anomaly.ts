/**
 * What is not as usual in a stream of rows: `memcell/anomaly`. Smoothing foresees each column, an online learner foresees the errors of that
 * with their spread, and what is surprising beside both is an anomaly. It stands on the public API; the core does not know it.
 */

import { checkOptions, type DetectorOptions } from "./anomaly/options.js";
import { follow, type Tail, tailOf, thresholdOf } from "./anomaly/tail.js";
import { bounded, foreseen, take, type Watched, watch } from "./anomaly/watched.js";
import { waves } from "./forecast/regression.js";
import { fitSmoothing, Smoother, type Smoothing } from "./forecast/smoothing.js";
import { adam, createModel, createOnlineLearner, dense, lstm, type OnlineLearner, resumeOnlineLearner } from "./index.js";
import { arrayLike, bytes, fail, finite, isRecord } from "./internal.js";

export type { DetectorOptions } from "./anomaly/options.js";
export type { Detector };

/** What a detector says of a step. */
export interface Verdict {
  /**
   * null: as usual. "outlier": the step itself is surprising. "drift": the last steps together are, as after a shift, in a slow drift or with
   * another rhythm. "stuck": a column has repeated a value for longer than it ever did.
   */
  anomaly: "outlier" | "drift" | "stuck" | null;
  /** How surprising the step is, in deviations, and what it would have to pass; NaN while only learning. */
  score: number;
  threshold: number;
  /** The column that surprised most. */
  column: string;
  /** What was expected of each column, by its name, and the deviation of that. */
  expected: Record<string, number>;
  deviation: Record<string, number>;
}

/** How far a false alarm moves a threshold: so many of them come as were asked for (as adaptive conformal inference, Gibbs & Candès 2021). */
const RATE = 0.03;
class Detector {
  readonly #o: Required<DetectorOptions>;
  #learner: OnlineLearner;
  #watched: Watched[];
  #tails: Tail[] | null = null;
  #waiting: number[][] = [[], []];
  #steps = 0;
  /** What was said of the next step: the means of all columns' errors, then their deviations. */
  #said: number[];
  /** Steps since the network began. */
  #place = 0;
  /** Of each threshold, by which it is moved, and whether the last score passed it. */
  #factors = [1, 1];
  #alarmed = [false, false];

  /** @internal */
  constructor(o: Required<DetectorOptions>) {
    this.#o = o;
    const n = o.columns.length;
    const model = createModel({ input: { features: n + 2 }, layers: [lstm({ units: o.units }), dense({ units: 2 * n })], seed: o.seed });
    this.#learner = createOnlineLearner(model, { loss: { type: "gaussianNLL" }, optimizer: adam({ learningRate: 0.003 }), clipNorm: 1 });
    this.#said = [...Array(n).fill(0), ...Array(n).fill(1.25)];
    this.#watched = o.columns.map(() => watch({ alpha: 0.2, beta: 0, gamma: o.season ? 0.1 : 0, phi: 0.98, season: o.season }, []));
  }

  #read(path: string, row: unknown): number[] {
    if (!isRecord(row)) return fail(TypeError, path, `an object with ${this.#o.columns.join(", ")}`, row);
    return this.#o.columns.map((name) => {
      const value = row[name];
      if (value === null || value === undefined || Number.isNaN(value)) return NaN;
      const at = `${path}.${name}`;
      if (typeof value !== "number") return fail(TypeError, at, "a number, or null for a gap", value);
      return finite(value) ? fail(RangeError, at, "a finite number, or null for a gap", value) : value;
    });
  }

  /**
   * Learns from a table what is normal: the smoothing, then in three passes the network, and the last third's scores are the first threshold.
   * What is not normal in it is learned less from, as surprises are cut off.
   * @param table columns by name, or rows of objects, of at least 100 rows
   * @throws TypeError, RangeError with the column and the row
   */
  fit(table: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[]): this {
    const { columns, season } = this.#o;
    const lists = columns.map((name) =>
      Array.isArray(table) ? [] : arrayLike(`table.${name}`, (table as Record<string, unknown>)?.[name], "an array or a typed array"),
    );
    const length = Array.isArray(table) ? table.length : (lists[0] as ArrayLike<unknown>).length;
    const least = Math.max(100, 2 * season);
    if (length < least) fail(RangeError, "table", `at least ${least} rows`, length);
    lists.forEach((list, k) => {
      if (!Array.isArray(table) && list.length !== length)
        fail(RangeError, `table.${columns[k]}`, `${length} rows, as many as ${columns[0]} has`, list);
    });
    const rows = Array.from({ length }, (_, i) =>
      this.#read(`table, row ${i}`, Array.isArray(table) ? table[i] : Object.fromEntries(columns.map((name, k) => [name, lists[k]?.[i]]))),
    );
    const own = columns.map((name, k) => {
      const values = Float64Array.from(rows, (row) => row[k] as number);
      if (values.every(Number.isNaN)) fail(RangeError, `table.${name}`, "numbers, not gaps alone", "gaps alone");
      return values;
    });
    const smoothing = own.map((values) => fitSmoothing([values], season, season || 12));
    for (let pass = 0; pass < 3; pass++) {
      this.#watched = own.map((values, k) => watch(smoothing[k] as Smoothing, values));
      this.#learner.reset();
      this.#place = 0;
      [this.#tails, this.#waiting, this.#steps] = [null, [[], []], -length];
      rows.forEach((row, i) => {
        if (i === Math.floor((2 * length) / 3)) this.#waiting = [[], []];
        this.#step(row);
      });
    }
    this.#tails = this.#waiting.map(tailOf);
    this.#waiting = [[], []];
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
    const { columns, rate, season, warmup } = this.#o;
    const n = columns.length;
    const errors: number[] = [];
    const [expected, deviation]: [Record<string, number>, Record<string, number>] = [{}, {}];
    // Of a step the largest surprise, of the last steps the largest together; and the columns of both.
    let [step, window, surprising, drifting, stuck] = [0, 0, 0, 0, -1];
    this.#watched.forEach((own, k) => {
      const name = columns[k] as string;
      const value = row[k] as number;
      const [mean, spread] = [this.#said[k] as number, this.#said[n + k] as number];
      expected[name] = foreseen(own) + mean * own.scale;
      deviation[name] = spread * own.scale;
      if (Number.isNaN(value)) {
        own.smoother.step(NaN);
        errors.push(NaN);
        return;
      }
      const taken = take(own, value, mean, spread, this.#tails === null);
      errors.push(taken.error);
      if (taken.surprise > step) [step, surprising] = [taken.surprise, k];
      if (taken.together > window) [window, drifting] = [taken.together, k];
      if (taken.stuck) stuck = k;
    });

    const scores = [step, window] as const;
    let [anomaly, threshold, shown]: [Verdict["anomaly"], number, number] = [null, NaN, 0];
    if (this.#tails) {
      // A third of the rate for each of both scores, as alarms come in rows.
      const limits = this.#tails.map((tail, i) => thresholdOf(tail, rate / 3) * (this.#factors[i] as number)) as [number, number];
      const over = scores.map((score, i) => score > (limits[i] as number));
      anomaly = stuck >= 0 ? "stuck" : over[0] ? "outlier" : over[1] ? "drift" : null;
      shown = Number(anomaly === "drift");
      threshold = limits[shown] as number;
      this.#tails.forEach((tail, i) => {
        follow(tail, scores[i] as number, limits[i] as number);
        // Only the first alarm of a row of them counts: what lasts is one event.
        const on = over[i] as boolean;
        if (!on || !this.#alarmed[i]) this.#factors[i] = (this.#factors[i] as number) * (on ? 1 + RATE : 1 - (RATE * rate) / 3);
        this.#alarmed[i] = on;
      });
    } else if (this.#steps++ >= 20 || this.#steps < 0) {
      this.#waiting.forEach((list, i) => list.push(scores[i] as number));
      if ((this.#waiting[0] as number[]).length >= warmup && this.#steps > 0) {
        this.#tails = this.#waiting.map(tailOf);
        this.#waiting = [[], []];
      }
    }
    const column = columns[anomaly === "stuck" ? stuck : ([surprising, drifting][shown] as number)] as string;

    // What was said before is taught, but for gaps, and the network looks one step further.
    if (this.#place > 0 && anomaly === null && !errors.some(Number.isNaN)) this.#learner.learn(errors);
    this.#place++;
    const phase = season ? this.#place / season : 0;
    const outputs = this.#learner.step([...errors.map((error) => error || 0), ...waves(phase, 1)]);
    this.#said = [...this.#learner.model.probabilities(outputs)].map((value, i) => (i < n ? bounded(value) : Math.max(value, 0.05)));
    return {
      anomaly,
      score: scores[shown] as number,
      threshold,
      column,
      expected,
      deviation,
    };
  }

  /** All of it as bytes: `loadDetector` goes on from there, to the bit. */
  save(): Uint8Array<ArrayBuffer> {
    const columns = this.#watched.map(({ smoother: { of, level, trend, seasonal, at }, ...own }) => ({
      ...own,
      of,
      level,
      trend,
      seasonal: [...seasonal],
      at,
    }));
    const parts = {
      version: 1,
      o: this.#o,
      columns,
      tails: this.#tails,
      waiting: this.#waiting,
      steps: this.#steps,
      place: this.#place,
      said: this.#said,
      factors: this.#factors,
      alarmed: this.#alarmed,
    };
    const [json, learner] = [new TextEncoder().encode(JSON.stringify(parts)), this.#learner.save()];
    const result = new Uint8Array(4 + json.length + learner.length);
    new DataView(result.buffer).setUint32(0, json.length, true);
    result.set(json, 4);
    result.set(learner, 4 + json.length);
    return result;
  }

  /** @internal */
  static load(source: unknown): Detector {
    const file = bytes("bytes", source);
    const wrong = (): never => fail(RangeError, "bytes", "what a detector's save() wrote", source);
    if (file.length < 8) wrong();
    const end = 4 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
    if (end > file.length) wrong();
    let parts: ReturnType<typeof JSON.parse>;
    try {
      parts = JSON.parse(new TextDecoder().decode(file.subarray(4, end)));
    } catch {
      wrong();
    }
    const numbers = (list: unknown, length: number) => Array.isArray(list) && list.length === length && list.every(Number.isFinite);
    const { o: given, columns, tails, waiting, steps, place, said, factors, alarmed } = Object(parts);
    if (
      parts?.version !== 1 ||
      !Array.isArray(columns) ||
      !Array.isArray(waiting) ||
      !Array.isArray(alarmed) ||
      !numbers([steps, place], 2) ||
      !numbers(factors, 2)
    )
      wrong();
    const o = checkOptions(given);
    const sound = ({ of, seasonal, level, trend, at }: { of: Smoothing; seasonal: number[]; level: number; trend: number; at: number }) =>
      of?.season === o.season && numbers(seasonal, o.season) && numbers([level, trend, at, of.alpha, of.beta, of.gamma, of.phi], 7);
    if (columns.length !== o.columns.length || !columns.every(sound) || !numbers(said, 2 * columns.length) || waiting.length !== 2) wrong();
    const detector = new Detector(o);
    detector.#learner = resumeOnlineLearner(file.subarray(end));
    detector.#watched = columns.map(
      ({ of, seasonal, level, trend, at, ...own }: { of: Smoothing; seasonal: number[]; level: number; trend: number; at: number }) => {
        const smoother = new Smoother(of, []);
        smoother.seasonal.set(seasonal);
        Object.assign(smoother, { level, trend, at });
        return { ...own, smoother, last: (own as { last?: number | null }).last ?? NaN } as Watched;
      },
    );
    [detector.#tails, detector.#waiting, detector.#steps, detector.#place] = [tails, waiting, steps, place];
    [detector.#said, detector.#factors, detector.#alarmed] = [said, factors, alarmed];
    return detector;
  }
}

/**
 * A detector of what is not as usual in a stream of rows.
 * @throws TypeError, RangeError for an option that is wrong, by its name
 * @example
 * const detector = createDetector({ columns: ["temperature", "pressure"], season: 24, rate: 0.001 }).fit(lastMonth);
 * const { anomaly, column } = detector.step({ temperature: 21.5, pressure: 1013 });
 */
export const createDetector = (options: DetectorOptions): Detector => new Detector(checkOptions(options));

/**
 * The detector that `save` wrote, which goes on to the bit.
 * @throws TypeError, RangeError if the bytes are something else
 */
export const loadDetector = (source: Uint8Array | ArrayBuffer): Detector => Detector.load(source);
