/** From outputs to labels, for models that were trained with the loss `ctc`: `memcell/ctc`. A bundle of its own, which needs no model. */

import { arrayLike, complete, count, fail, integer, integerIn, numbers, size } from "./core/check.js";

/** The options of `greedyDecode`. */
export interface DecodeOptions {
  /** The model's outputs at each step: as many as there are labels, the blank included. */
  classes: number;
  /** The label that stands for none, as in the loss. Default 0. */
  blank?: number;
}

/** The options of `beamDecode`. */
export interface BeamOptions extends DecodeOptions {
  /** The most sequences of labels that are followed at once, from 1 to 65,536. The time grows with it. Default 16. */
  width?: number;
}

/** Labels that outputs spell. */
export interface Decoded {
  /** Without blanks. */
  labels: number[];
  /** The natural logarithm of the probability that was found for them. */
  logProbability: number;
}

/** The checked options, and for each step the logarithms of the softmax of its outputs. */
function read(logits: unknown, given: unknown, width?: number) {
  const o = complete("options", given, {
    classes: [size],
    blank: [count, 0],
    ...(width !== undefined && { width: [integerIn(1, 65536), width] as const }),
  });
  const { classes, blank } = o;
  integer("blank", blank, 0, classes - 1);
  const { length } = arrayLike("logits", logits, "numbers");
  if (length % classes > 0) fail(RangeError, "logits", `${classes} numbers for each step`, logits);
  const flat = numbers("logits", logits, length);
  const steps = Array.from({ length: length / classes }, (_, t) => {
    const row = Float64Array.from({ length: classes }, (_, k) => flat[t * classes + k] as number);
    const top = row.reduce((most, logit) => Math.max(most, logit));
    const logSum = top + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
    return row.map((logit) => logit - logSum);
  });
  return { steps, blank, width: (o as { width?: number }).width ?? 0 };
}

/**
 * The labels of the likeliest class at each step: equal neighbours count once, and blanks go. Fast, and right where the model is sure.
 * @param logits what `predict` gives for a sequence, [steps x classes]
 * @returns the labels, with the probability of that one alignment; those of all others together may be larger
 * @throws TypeError, RangeError with the path of the option, or the index of the number
 * @example const [y] = model.predict([{ inputs }]); const { labels } = greedyDecode(y, { classes: 27 });
 */
export function greedyDecode(logits: ArrayLike<number>, options: DecodeOptions): Decoded {
  const { steps, blank } = read(logits, options);
  const labels: number[] = [];
  let logProbability = 0;
  let before = blank;
  for (const step of steps) {
    const most = step.reduce((most, value) => Math.max(most, value));
    const best = step.indexOf(most);
    logProbability += most;
    if (best !== blank && best !== before) labels.push(best);
    before = best;
  }
  return { labels, logProbability };
}

const logAdd = (a: number, b: number) => {
  const top = Math.max(a, b);
  return top === -Infinity ? top : top + Math.log(Math.exp(a - top) + Math.exp(b - top));
};

/** A sequence of labels, by its last one. */
class Prefix {
  /** One label longer, of those that were ever among the best. */
  readonly longer = new Map<number, Prefix>();
  /** Logarithms of the probability of all alignments so far: of those whose last step is blank, and of those whose last is the label. */
  ended = -Infinity;
  open = -Infinity;
  /** The same one step on. */
  nextEnded = -Infinity;
  nextOpen = -Infinity;

  constructor(
    readonly before: Prefix | null,
    readonly label: number,
  ) {}

  get all(): number {
    return logAdd(this.ended, this.open);
  }

  advance(): void {
    this.ended = this.nextEnded;
    this.open = this.nextOpen;
    this.nextEnded = this.nextOpen = -Infinity;
  }
}

/**
 * The likeliest sequences of labels, each with the probability of all its alignments: prefix beam search (Graves 2012, as of Hannun et
 * al. 2014). With a width that holds all sequences the search is exact; with fewer the probabilities are lower bounds.
 * @param logits what `predict` gives for a sequence, [steps x classes]
 * @returns up to `width` of them, the likeliest first
 * @throws TypeError, RangeError with the path of the option, or the index of the number
 * @example const [best] = beamDecode(y, { classes: 27, width: 32 }); console.log(best.labels, best.logProbability);
 */
export function beamDecode(logits: ArrayLike<number>, options: BeamOptions): [Decoded, ...Decoded[]] {
  const { steps, blank, width } = read(logits, options, 16);
  const none = new Prefix(null, blank);
  none.ended = 0;
  let best = [none];
  for (const step of steps) {
    const reached = new Set(best);
    // As many as there is room for will be at least as likely as this; no other prefix can be reached in two ways.
    let least = best.length < width ? -Infinity : Infinity;
    for (const prefix of best) {
      prefix.nextEnded = prefix.all + (step[blank] as number);
      if (prefix !== none) prefix.nextOpen = prefix.open + (step[prefix.label] as number);
      least = Math.min(least, logAdd(prefix.nextEnded, prefix.nextOpen));
    }
    for (const prefix of best) {
      const { all, ended, label, longer } = prefix;
      step.forEach((probability, next) => {
        const from = next === label ? ended : all;
        if (next === blank || from === -Infinity) return;
        const known = longer.get(next);
        if (from + probability <= least && !(known && reached.has(known))) return;
        const after = known ?? new Prefix(prefix, next);
        after.nextOpen = logAdd(after.nextOpen, from + probability);
        reached.add(after);
      });
    }
    const all = [...reached];
    for (const prefix of all) prefix.advance();
    // Sorting is stable: of equals, the one that was reached first.
    best = all
      .map((prefix) => [prefix, prefix.all] as const)
      .sort(([, a], [, b]) => b - a)
      .slice(0, width)
      .map(([prefix]) => prefix);
    for (const prefix of best) prefix.before?.longer.set(prefix.label, prefix);
  }
  return best.map((prefix) => {
    const labels: number[] = [];
    for (let at: Prefix = prefix; at.before; at = at.before) labels.push(at.label);
    return { labels: labels.reverse(), logProbability: prefix.all };
  }) as [Decoded, ...Decoded[]];
}
