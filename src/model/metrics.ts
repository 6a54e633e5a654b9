/** Metrics: scores of the outputs besides the loss, over the same targets with the same weights. */

import { each, fail, oneOf } from "../core/check.js";
import type { Engine } from "./engine.js";
import type { Goal } from "./goal.js";
import { byName, eachHead, type Head, pathOf } from "./heads.js";
import type { CrossEntropyLoss, Loss, Run } from "./losses.js";
import type { Network } from "./network.js";
import type { Objective } from "./objective.js";
import { scaleOfHead } from "./scale.js";

/**
 * - `accuracy`: the share of targets whose class has the largest logit. With binary cross-entropy: the share of outputs whose logit is
 *   on the right side of 0, which is >= 0 for a target of 0.5 or more.
 * - `perplexity`, `bitsPerCharacter`: e to the cross-entropy in nats, and the cross-entropy in bits; without label smoothing.
 * - `mae`, `rmse`: the mean absolute error, and the root of the mean squared error; in the targets' units, where the model's scaler
 *   has targets.
 */
export type Metric = "accuracy" | "perplexity" | "bitsPerCharacter" | "mae" | "rmse";

/** A loss and the requested metrics. */
export type HeadScores = { loss: number } & { [M in Metric]?: number };

/** The loss and the requested metrics; where the model has heads those of each in `heads`, and `loss` is the sum by their weights. */
export type Scores = HeadScores & { heads?: Record<string, HeadScores> };

/** Metrics; where the model has heads those of each, by name. */
export type Metrics<M extends Metric = Metric> = readonly M[] | Readonly<Record<string, readonly M[]>>;

interface Rule {
  /** The losses with which it makes sense. */
  losses: readonly Loss["type"][];
  /** The sum over a window; the metric is a function of the mean. */
  sum(goal: Goal, T: number, loss: Required<Loss>, deviation: readonly number[] | undefined): number;
  of(mean: number): number;
}

const right: Run = (kernels, { type }, { pointers: [, ...rest], sizes }) => kernels.accuracy(...rest, type === "crossEntropy", ...sizes);
const nats: Rule["sum"] = (goal, T, loss) => goal.loss(T, { ...(loss as Required<CrossEntropyLoss>), labelSmoothing: 0 }, 1);
const error =
  (type: "mae" | "mse"): Rule["sum"] =>
  (goal, T, _, deviation) => {
    const factors = deviation?.map((d) => (type === "mse" ? d * d : d));
    return goal.loss(T, { type, reduction: "sum", missing: "refuse" }, 1, undefined, factors);
  };
const ERRORS = ["mse", "mae", "huber"] as const;
const same = (mean: number) => mean;

/** To add a metric, add a row here. */
const RULES: Record<Metric, Rule> = {
  accuracy: {
    losses: ["crossEntropy", "binaryCrossEntropy"],
    sum: (goal, T, loss) => goal.loss(T, loss, 1, right),
    of: same,
  },
  perplexity: { losses: ["crossEntropy"], sum: nats, of: Math.exp },
  bitsPerCharacter: { losses: ["crossEntropy"], sum: nats, of: (mean) => mean / Math.LN2 },
  mae: { losses: ERRORS, sum: error("mae"), of: same },
  rmse: { losses: ERRORS, sum: error("mse"), of: Math.sqrt },
};

/**
 * @returns those of each head
 * @throws TypeError, RangeError if a metric is unknown, or does not make sense with the loss
 */
export function checkMetrics(value: unknown, losses: readonly Required<Loss>[], heads: readonly Head[]): Metric[][] {
  if (value === undefined) return heads.map(() => []);
  return eachHead("metrics", value, heads, (path, value, head, i) => {
    if (value === undefined) return [];
    const metrics = each(oneOf(...(Object.keys(RULES) as Metric[])), "an array of metrics")(path, value);
    const { type } = losses[i] as Required<Loss>;
    for (const metric of metrics) {
      const { losses } = RULES[metric];
      if (!losses.includes(type)) fail(RangeError, pathOf("loss", head), `one of ${losses.join(", ")} for ${metric}`, type);
    }
    return metrics;
  });
}

/** Adds up losses and metrics over windows, each after its forward pass. */
export class Scoring {
  /** For each head the sum of its loss, and those of its metrics. */
  readonly #sums: number[][];
  readonly #targets: number[];

  constructor(
    readonly engine: Pick<Engine, "config" | "layout">,
    readonly objective: Objective,
    /** Those of each head. */
    readonly metrics: readonly (readonly Metric[])[],
  ) {
    this.#sums = metrics.map((own) => [0, ...own.map(() => 0)]);
    this.#targets = metrics.map(() => 0);
  }

  /** @param counted for each head the weights of the window's targets */
  add({ goals }: Pick<Network, "goals">, T: number, counted: readonly number[]): void {
    goals.forEach((goal, i) => {
      const loss = this.objective.losses[i] as Required<Loss>;
      const sums = this.#sums[i] as number[];
      const { targets } = scaleOfHead(this.engine.config.scaler, this.engine.layout.heads[i]?.name as string);
      sums[0] = (sums[0] as number) + goal.loss(T, loss, 1);
      this.metrics[i]?.forEach((metric, k) => {
        sums[k + 1] = (sums[k + 1] as number) + RULES[metric].sum(goal, T, loss, targets?.deviation);
      });
      this.#targets[i] = (this.#targets[i] as number) + (counted[i] as number);
    });
  }

  /** The scores so far; NaN where no target counts. */
  scores(): Scores {
    const heads = this.#sums.map(([loss, ...sums], i): HeadScores => {
      const targets = this.#targets[i] as number;
      const means = this.metrics[i]?.map((metric, k) => [metric, RULES[metric].of((sums[k] as number) / targets)]) ?? [];
      return { loss: (loss as number) / targets, ...Object.fromEntries(means) };
    });
    const all = byName(this.engine.layout.heads, heads);
    if (heads[0] === all) return all;
    const counts = this.#targets.some((targets) => targets > 0);
    const sum = heads.reduce((sum, { loss }, i) => sum + (this.#targets[i] ? (this.objective.weights[i] as number) * loss : 0), 0);
    return { loss: counts ? sum : NaN, heads: all as Record<string, HeadScores> };
  }
}
