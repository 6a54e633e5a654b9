/** The options and the result of `evaluate`. */

import { options } from "../core/check.js";
import type { Engine } from "./engine.js";
import { checkMetrics, type HeadScores, type Metric, type Metrics } from "./metrics.js";
import { checkLosses, checkLossWeights, type Losses, type Objective } from "./objective.js";

/** The options of `evaluate`. */
export interface EvaluateOptions<M extends Metric = never> {
  /** "mse", `quantile({ … })` or another loss; for a model with heads one for each, by name. */
  loss: Losses;
  /** Of a model with heads, the factor of each one's loss in the sum. Default 1 each. */
  lossWeights?: Readonly<Record<string, number>>;
  /** Scores besides the loss; for a model with heads those of each, by name. Default: none. */
  metrics?: Metrics<M>;
}

/** The result of `evaluate`: the loss and the metrics, each under its name; of a model with heads the metrics are in `heads`. */
export type Evaluation<M extends Metric = never> = { loss: number; heads?: Record<string, HeadScores> } & Record<M, number>;

/** Checks the options of `evaluate`. */
export function checkEvaluation(
  engine: Engine,
  evaluateOptions: unknown,
  others = ["metrics"],
): { objective: Objective; metrics: Metric[][] } {
  const { heads } = engine.layout;
  const o = options("options", evaluateOptions, ["loss", ...others, ...(heads[0]?.name ? ["lossWeights"] : [])]);
  const losses = checkLosses("loss", o.loss, engine);
  const weights = checkLossWeights("lossWeights", o.lossWeights, heads);
  return { objective: { losses, weights }, metrics: checkMetrics(o.metrics, losses, heads) };
}
