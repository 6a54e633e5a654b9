/** Running mean and deviation, step by step, in double precision (Welford 1962): the same bits on every engine. */

import { atLeast0, type Check, complete, deepFreeze, fail, finite, numbers, type Options, type Refuse, record } from "../core/check.js";
import type { Config } from "../model/config.js";
import type { Engine } from "../model/engine.js";
import { flatten } from "../model/flatten.js";
import { eachHead, type Head, partOf } from "../model/heads.js";
import type { Input } from "../model/input.js";
import type { Layout } from "../model/layout.js";
import type { Loss } from "../model/losses.js";
import { ruleOf } from "../model/losses.js";
import { deviations, type Scale } from "../model/scale.js";

/** The statistics of each number. Plain data. */
interface Running {
  counts: number[];
  mean: number[];
  /** Sums of squared differences from the mean. */
  squares: number[];
}

const noneSeen = (features: number): Running => {
  const zeros = () => new Array<number>(features).fill(0);
  return { counts: zeros(), mean: zeros(), squares: zeros() };
};

/** The statistics after one more step; NaN is skipped. */
function after({ counts, mean, squares }: Running, list: ArrayLike<number>): Running {
  const next = { counts: [...counts], mean: [...mean], squares: [...squares] };
  Array.from(list).forEach((number, k) => {
    if (Number.isNaN(number)) return;
    const before = number - (mean[k] as number);
    const count = (counts[k] as number) + 1;
    const now = (mean[k] as number) + before / count;
    next.counts[k] = count;
    next.mean[k] = now;
    next.squares[k] = (squares[k] as number) + before * (number - now);
  });
  return next;
}

/** The scale of the numbers so far. */
const scaleOf = ({ counts, mean, squares }: Running): Scale => ({ mean: [...mean], deviation: deviations(squares, counts) });

/** Statistics for each part of a model's scaler, as that has them. Replaced, never changed. */
export interface Statistics {
  readonly inputs?: Running;
  readonly targets?: OfHeads<Running>;
}

/** Of the only head, or of those by name that have it. */
type OfHeads<T> = T | Readonly<Record<string, T>>;
type Heads = readonly Head[];

const partsOf = <T>(all: OfHeads<T> | undefined, heads: Heads) => heads.map((head) => partOf(all, head));

/** The inverse; undefined if no head has it. */
function joined<T>(parts: readonly (T | undefined)[], heads: Heads): OfHeads<T> | undefined {
  const own = heads.flatMap(({ name }, i): [string, T][] => (parts[i] === undefined ? [] : [[name, parts[i]]]));
  return own[0]?.[0] === "" ? own[0][1] : own.length > 0 ? Object.fromEntries(own) : undefined;
}

/** Empty statistics for all parts that can be scaled: features, and rescalable targets. @throws RangeError if there are none */
export function noStatistics(path: string, { input, heads }: Layout, losses: readonly Required<Loss>[]): Statistics {
  const none = losses.map((loss, i) => {
    const rule = ruleOf(loss);
    return rule.scaled && noneSeen(rule.targets(loss, heads[i]?.outputs as number).per);
  });
  const targets = joined(none, heads);
  const statistics = { ...(input.scaled > 0 && { inputs: noneSeen(input.scaled) }), ...(targets && { targets }) };
  if (Object.keys(statistics).length === 0)
    fail(RangeError, path, "features as input, or a loss whose targets rescale", losses.map(({ type }) => type).join(", "));
  return statistics;
}

/** The statistics after the inputs of one more step, which are checked. Gaps are skipped. */
export function withInputs(statistics: Statistics, path: string, value: unknown, input: Input): Statistics {
  const { inputs } = statistics;
  return inputs ? { ...statistics, inputs: after(inputs, input.numbers(path, value, 1)) } : statistics;
}

/** The statistics after the targets of one more step, which are checked. Missing ones may be NaN if the loss allows it. */
export function withTargets(
  statistics: Statistics,
  path: string,
  value: unknown,
  losses: readonly Required<Loss>[],
  heads: Heads,
): Statistics {
  if (!statistics.targets) return statistics;
  const before = partsOf(statistics.targets, heads);
  const next = eachHead(path, value, heads, (path, own, { name }, i) => {
    const running = before[i];
    if (!running || (own === null && name)) return running;
    const loss = losses[i] as Required<Loss>;
    const missing = "missing" in loss && loss.missing === "ignore";
    const refuse: Refuse = (value) => (missing && Number.isNaN(value) ? undefined : finite(value));
    return after(running, flatten(path, own, running.mean.length, "number", refuse, Float64Array, undefined, 1));
  });
  return { ...statistics, targets: joined(next, heads) as OfHeads<Running> };
}

function scalerOf({ inputs, targets }: Statistics, losses: readonly Loss[], heads: Heads): Config["scaler"] {
  const seen = partsOf(targets, heads);
  const meanings = seen.map((running, i) => {
    const { scaled } = ruleOf(losses[i] as Loss);
    return running && scaled !== "values" ? scaled : undefined;
  });
  const scales = joined(
    seen.map((running) => running && scaleOf(running)),
    heads,
  );
  const outputs = joined(meanings, heads);
  return deepFreeze({ ...(inputs && { inputs: scaleOf(inputs) }), ...(scales && { targets: scales }), ...(outputs && { outputs }) });
}

/** Checks for statistics from a file, which must have the shape of these. */
export function statisticsLike({ inputs, targets }: Statistics, heads: Heads): Options {
  const like = (running: Running) => [checkRunning(running.mean.length)] as const;
  const own = partsOf(targets, heads).flatMap((running, i) => (running ? [[heads[i]?.name, like(running)]] : []));
  const byName: Options = Object.fromEntries(own);
  return { ...(inputs && { inputs: like(inputs) }), ...(targets && { targets: byName[""] ?? [record(byName)] }) };
}

const checkRunning =
  (features: number): Check<Running> =>
  (path, value) => {
    const list = (refuse: Refuse): Check<number[]> => {
      return (path, value) => Array.from(numbers(path, value, features, refuse));
    };
    const squares = (value: number) => (value >= 0 && value < Infinity ? undefined : "a number of at least 0");
    return complete(path, value, {
      counts: [list((value) => (Number.isSafeInteger(value) ? atLeast0(value) : "a count"))],
      mean: [list(finite)],
      squares: [list(squares)],
    });
  };

/** A model's scaler that follows a stream. Statistics are replaced, never changed, so that a step that fails can go back to those before. */
export class RunningScaler {
  #statistics: Statistics = {};

  constructor(
    readonly engine: Engine,
    /** Of each head. */
    readonly losses: readonly Required<Loss>[],
  ) {}

  get statistics(): Statistics {
    return this.#statistics;
  }

  /** The scaler that these statistics make. */
  of(statistics: Statistics): Config["scaler"] {
    const { config, layout } = this.engine;
    return statistics === this.#statistics ? config.scaler : scalerOf(statistics, this.losses, layout.heads);
  }

  /** Makes them the model's. */
  set(statistics: Statistics): void {
    if (statistics !== this.#statistics) this.engine.rescale(this.of(statistics));
    this.#statistics = statistics;
  }
}
