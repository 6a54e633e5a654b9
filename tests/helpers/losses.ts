/** The losses in double precision, one step at a time, written from their equations. Imports nothing from src. */

export interface LossOptions {
  type: string;
  reduction?: string;
  delta?: number;
  quantiles?: readonly number[];
  ignoreIndex?: number;
  classWeights?: ArrayLike<number> | null;
  labelSmoothing?: number;
  missing?: string;
  blank?: number;
}

/** What the outputs of one step cost, the gradient, and how much the step adds to what the mean is taken over. */
export interface Cost {
  value: number;
  slope: number[];
  count: number;
}

/**
 * @param target numbers, of which NaN are missing, or a class
 * @param shares how much each of the numbers counts; default all 1
 */
export function costOf(loss: LossOptions, y: number[], target: number[] | number, shares?: ArrayLike<number>): Cost {
  if (typeof target === "number") return crossEntropy(loss, y, target);
  const goals = target.map((goal) => (Number.isNaN(goal) ? 0 : goal));
  const share = target.map((goal, k) => (Number.isNaN(goal) ? 0 : (shares?.[k] ?? 1)));
  if (loss.type === "quantile") return quantile(loss, y, goals, share);
  if (loss.type === "gaussianNLL") return gaussian(y, goals, share);
  const terms = y.map((value, k) => elementwise[loss.type]!(value, goals[k]!, loss).map((term) => term * share[k]!));
  return { value: total(terms.map(([value]) => value!)), slope: terms.map(([, slope]) => slope!), count: total(share) };
}

const total = (list: number[]) => list.reduce((sum, value) => sum + value, 0);

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The loss of one output, and its slope. */
const elementwise: Record<string, (y: number, goal: number, loss: LossOptions) => [number, number]> = {
  mse: (y, goal) => [(y - goal) ** 2, 2 * (y - goal)],
  mae: (y, goal) => [Math.abs(y - goal), Math.sign(y - goal)],
  huber: (y, goal, { delta = 1 }) =>
    Math.abs(y - goal) < delta
      ? [0.5 * (y - goal) ** 2, y - goal]
      : [delta * (Math.abs(y - goal) - 0.5 * delta), delta * Math.sign(y - goal)],
  binaryCrossEntropy: (y, goal) => [-goal * Math.log(sigmoid(y)) - (1 - goal) * Math.log(1 - sigmoid(y)), sigmoid(y) - goal],
};

/** Output k Q + q is quantile q of target k: q (target - y) above it, (1 - q) (y - target) below. */
function quantile({ quantiles = [] }: LossOptions, y: number[], target: number[], share: number[]): Cost {
  const terms = target.flatMap((goal, k) =>
    quantiles.map((q, i) => {
      const error = goal - y[k * quantiles.length + i]!;
      return { value: share[k]! * Math.max(q * error, (q - 1) * error), slope: share[k]! * (error > 0 ? -q : 1 - q) };
    }),
  );
  const count = total(share) * quantiles.length;
  return { value: total(terms.map(({ value }) => value)), slope: terms.map(({ slope }) => slope), count };
}

/** The negative logarithm of the normal density, without its constant: means, then logarithms of variances. */
function gaussian(y: number[], target: number[], share: number[]): Cost {
  const D = target.length;
  const variance = target.map((_, k) => Math.exp(y[D + k]!));
  return {
    value: target.reduce((sum, goal, k) => sum + share[k]! * 0.5 * (Math.log(variance[k]!) + (y[k]! - goal) ** 2 / variance[k]!), 0),
    slope: [
      ...target.map((goal, k) => (share[k]! * (y[k]! - goal)) / variance[k]!),
      ...target.map((goal, k) => share[k]! * (0.5 - (0.5 * (y[k]! - goal) ** 2) / variance[k]!)),
    ],
    count: total(share),
  };
}

/** Softmax, and the mean of -log p over a distribution that the target has most of; each class with its weight. */
function crossEntropy({ ignoreIndex = -100, classWeights, labelSmoothing = 0 }: LossOptions, y: number[], target: number): Cost {
  if (target === ignoreIndex) return { value: 0, slope: y.map(() => 0), count: 0 };
  const top = Math.max(...y);
  const logSum = top + Math.log(y.reduce((sum, value) => sum + Math.exp(value - top), 0));
  const weight = (k: number) => classWeights?.[k] ?? 1;
  const share = y.map((_, k) => weight(k) * (labelSmoothing / y.length + (k === target ? 1 - labelSmoothing : 0)));
  const all = share.reduce((sum, value) => sum + value, 0);
  return {
    value: share.reduce((sum, value, k) => sum + value * (logSum - y[k]!), 0),
    slope: y.map((value, k) => all * Math.exp(value - logSum) - share[k]!),
    count: weight(target),
  };
}
