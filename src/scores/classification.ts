/** How well classes are told apart. */

import { type AnySequence, complete, each, fail, indexBelow, Model } from "../internal.js";
import { type Answers, checkAnswers, meanOf } from "./answers.js";
import { answersOf, type ModelOptions } from "./ofModel.js";

/** The options of `classificationScores`. */
export interface ClassificationOptions {
  /** A name for each class. Default those of a model's `metadata.labels`, between commas, else "0", "1", … */
  labels?: readonly string[];
}

/** Of one class against all others, or the mean over the classes. */
export interface ClassScores {
  /** The share of what was taken for the class that is of it; 0 if nothing was. */
  precision: number;
  /** The share of the class that was taken for it; 0 if there is nothing of it. */
  recall: number;
  /** The harmonic mean of both. */
  f1: number;
  /**
   * The area under the ROC curve: the probability that an item of the class gets a higher probability of it than an item of another class.
   * NaN if all or none are of the class.
   */
  auc: number;
}

/** The result of `classificationScores`. */
export interface ClassificationScores {
  /** The number of truths that count. */
  count: number;
  /** The share whose likeliest class is right. */
  accuracy: number;
  /** The names of the classes: of the rows and columns of `confusion` and of the rows of `classes`. */
  labels: string[];
  /** The weights of all truths, 1 each by default: a row for each class that is right, a column for each that was said. */
  confusion: number[][];
  /** For each class; `weight` is that of its truths. */
  classes: ({ label: string; weight: number } & ClassScores)[];
  /** Means over the classes that occur, each counting the same. */
  macro: ClassScores;
}

const SCORES = ["precision", "recall", "f1", "auc"] as const;

/** @throws TypeError, RangeError if the labels are not as many strings as there are classes */
function checkLabels(value: unknown, classes: number, saved?: string): string[] {
  const own = saved?.split(",") ?? [];
  if (value === undefined) return own.length === classes ? own : Array.from({ length: classes }, (_, k) => String(k));
  const text = (path: string, label: unknown) => (typeof label === "string" ? label : fail(TypeError, path, "a string", label));
  const labels = each(text, "an array of strings")("labels", value);
  if (labels.length !== classes) fail(RangeError, "labels", `${classes} strings, one for each class`, value);
  return labels;
}

/**
 * Scores of a model whose loss is cross-entropy, or binary cross-entropy of one output (1, "yes", from 0.5 up).
 * @param sequences with targets; ignored ones, and those of weight 0, do not count
 * @throws TypeError, RangeError as `model.predict`; RangeError if the loss is another one
 * @example const { accuracy, confusion, classes } = classificationScores(model, test, { labels: ["down", "flat", "up"] });
 */
export function classificationScores(
  model: Model<unknown>,
  sequences: Iterable<AnySequence>,
  scoreOptions?: ClassificationOptions & ModelOptions,
): ClassificationScores;
/**
 * Accuracy, confusion matrix, and for each class precision, recall, F1 and the area under the ROC curve.
 * @param targets the index of the right class of each; NaN where it is not known
 * @param probabilities [targets x classes]; or for two classes [targets], the probability of class 1
 * @param scoreOptions `labels`; `weights`: how much each counts, default all 1
 * @throws TypeError, RangeError with the index of the wrong number
 * @example
 * const { accuracy, classes } = classificationScores([0, 2, 1], probabilities, { labels: ["down", "flat", "up"] });
 * console.table(classes);
 */
export function classificationScores(
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  scoreOptions?: ClassificationOptions & { weights?: ArrayLike<number> },
): ClassificationScores;
export function classificationScores(targets: unknown, probabilities: unknown, scoreOptions: unknown = {}): ClassificationScores {
  const asGiven = [(_: string, value: unknown) => value, undefined] as const;
  if (targets instanceof Model) {
    const { labels, ...which } = complete("options", scoreOptions, { labels: asGiven, loss: asGiven, head: asGiven });
    const answers = answersOf(targets, probabilities, which, ["crossEntropy", "binaryCrossEntropy"]);
    const binary = answers.loss.type === "binaryCrossEntropy";
    if (binary && answers.width > 1) fail(RangeError, "model", "one output of binaryCrossEntropy, whose scores these are", answers.width);
    if (binary) answers.targets.forEach((target, i, all) => (all[i] = Number(target >= 0.5)));
    return scoresOf(answers, checkLabels(labels, Math.max(2, answers.per), targets.config.metadata.labels));
  }
  const { labels, weights } = complete("options", scoreOptions, { labels: asGiven, weights: asGiven });
  const answers = checkAnswers(targets, "probabilities", probabilities, weights, (per) => indexBelow(Math.max(2, per)));
  return scoresOf(answers, checkLabels(labels, Math.max(2, answers.per)));
}

function scoresOf(answers: Answers, labels: string[]): ClassificationScores {
  const { targets, weights, said, per, counted } = answers;
  const C = labels.length;
  const score = (i: number, k: number) => {
    const own = said[per === 1 ? i : i * per + k] as number;
    return per === 1 && k === 0 ? 1 - own : own;
  };
  const likeliest = (i: number) => {
    // Of equal ones the first; but one half of two classes stands for class 1, as a logit of 0 does.
    if (per === 1) return Number(score(i, 1) >= 0.5);
    let best = 0;
    for (let k = 1; k < C; k++) if (score(i, k) > score(i, best)) best = k;
    return best;
  };
  const confusion = labels.map(() => labels.map(() => 0));
  for (const i of counted) {
    const row = confusion[targets[i] as number] as number[];
    row[likeliest(i)] = (row[likeliest(i)] as number) + (weights[i] as number);
  }
  const total = (list: number[]) => list.reduce((sum, value) => sum + value, 0);
  const classes = labels.map((label, k) => {
    const right = confusion[k]?.[k] as number;
    const weight = total(confusion[k] as number[]);
    const taken = total(confusion.map((row) => row[k] as number));
    // Of a class that does not occur nothing can be said.
    const share = (of: number) => (weight + taken === 0 ? NaN : of === 0 ? 0 : right / of);
    return {
      label,
      weight,
      precision: share(taken),
      recall: share(weight),
      f1: share((weight + taken) / 2),
      auc: areaUnder(answers, (i) => score(i, k), k),
    };
  });
  const macro = SCORES.map((name) => {
    const known = classes.map((one) => one[name]).filter((value) => !Number.isNaN(value));
    return [name, total(known) / known.length];
  });
  const accuracy = meanOf(answers, (i) => Number(likeliest(i) === targets[i]));
  return { count: counted.length, accuracy, labels, confusion, classes, macro: Object.fromEntries(macro) };
}

/** The area under the ROC curve: of all pairs of one of class k and one of another, the share in the right order; equal ones count half. */
function areaUnder({ targets, weights, counted }: Answers, score: (i: number) => number, k: number): number {
  const ranked = counted.map((i) => ({ score: score(i), yes: targets[i] === k, weight: weights[i] as number }));
  ranked.sort((a, b) => a.score - b.score);
  let [below, yes, pairs] = [0, 0, 0];
  for (let from = 0; from < ranked.length; ) {
    let [equalYes, equalNo] = [0, 0];
    const { score } = ranked[from] as { score: number };
    for (; ranked[from]?.score === score; from++) {
      const { yes, weight } = ranked[from] as { yes: boolean; weight: number };
      if (yes) equalYes += weight;
      else equalNo += weight;
    }
    pairs += equalYes * (below + equalNo / 2);
    yes += equalYes;
    below += equalNo;
  }
  return pairs / (yes * below);
}
