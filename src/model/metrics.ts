/** Metrics: scores of the outputs besides the loss, over the same targets with the same weights. */

import { each, fail, oneOf } from "../core/check.js";
import type { CrossEntropyLoss, Loss, Run } from "./losses.js";
import type { Network } from "./network.js";

/**
 * - `accuracy`: the share of targets whose class has the largest logit. With binary cross-entropy: the share of outputs whose logit is
 *   on the right side of 0, which is >= 0 for a target of 0.5 or more.
 * - `perplexity`, `bitsPerCharacter`: e to the cross-entropy in nats, and the cross-entropy in bits; without label smoothing.
 * - `mae`, `rmse`: the mean absolute error, and the root of the mean squared error; in the targets' units, where the model's scaler
 *   has targets.
 */
export type Metric = "accuracy" | "perplexity" | "bitsPerCharacter" | "mae" | "rmse";

/** The loss and the requested metrics. */
export type Scores = { loss: number } & { [M in Metric]?: number };

interface Rule {
  /** The losses with which it makes sense. */
  losses: readonly Loss["type"][];
  /** The sum over a window; the metric is a function of the mean. */
  sum(network: Network, T: number, loss: Required<Loss>): number;
  of(mean: number): number;
}

const right: Run = (kernels, { type }, { pointers: [, ...rest], sizes }) => kernels.accuracy(...rest, type === "crossEntropy", ...sizes);
const nats: Rule["sum"] = (network, T, loss) => network.loss(T, { ...(loss as Required<CrossEntropyLoss>), labelSmoothing: 0 }, 1);
const error =
  (type: "mae" | "mse"): Rule["sum"] =>
  (network, T) => {
    const factors = network.deviation?.map((d) => (type === "mse" ? d * d : d));
    return network.loss(T, { type, reduction: "sum", missing: "refuse" }, 1, undefined, factors);
  };
const ERRORS = ["mse", "mae", "huber"] as const;
const same = (mean: number) => mean;

/** To add a metric, add a row here. */
const RULES: Record<Metric, Rule> = {
  accuracy: {
    losses: ["crossEntropy", "binaryCrossEntropy"],
    sum: (network, T, loss) => network.loss(T, loss, 1, right),
    of: same,
  },
  perplexity: { losses: ["crossEntropy"], sum: nats, of: Math.exp },
  bitsPerCharacter: { losses: ["crossEntropy"], sum: nats, of: (mean) => mean / Math.LN2 },
  mae: { losses: ERRORS, sum: error("mae"), of: same },
  rmse: { losses: ERRORS, sum: error("mse"), of: Math.sqrt },
};

/** @throws TypeError, RangeError if a metric is unknown, or does not make sense with the loss */
export function checkMetrics(value: unknown, { type }: Required<Loss>): Metric[] {
  if (value === undefined) return [];
  const metrics = each(oneOf(...(Object.keys(RULES) as Metric[])), "an array of metrics")("metrics", value);
  for (const metric of metrics) {
    const { losses } = RULES[metric];
    if (!losses.includes(type)) fail(RangeError, "loss", `one of ${losses.join(", ")} for ${metric}`, type);
  }
  return metrics;
}

/** Adds up loss and metrics over windows, each after its forward pass. */
export class Scoring {
  readonly #sums: number[];
  #loss = 0;
  #targets = 0;

  constructor(
    readonly loss: Required<Loss>,
    readonly metrics: readonly Metric[],
  ) {
    this.#sums = metrics.map(() => 0);
  }

  /** @param counted the weights of the window's targets */
  add(network: Network, T: number, counted: number): void {
    this.#loss += network.loss(T, this.loss, 1);
    this.#targets += counted;
    this.metrics.forEach((metric, i) => {
      this.#sums[i] = (this.#sums[i] as number) + RULES[metric].sum(network, T, this.loss);
    });
  }

  /** The scores so far; NaN where no target counts. */
  scores(): Scores {
    const means = this.metrics.map((metric, i) => [metric, RULES[metric].of((this.#sums[i] as number) / this.#targets)]);
    return { loss: this.#loss / this.#targets, ...Object.fromEntries(means) };
  }
}
