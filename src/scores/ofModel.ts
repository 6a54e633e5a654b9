/** A model's answers on sequences, beside their truths: one after the other, step by step. */

import { checkLoss, checkSequences, fail, type Loss, Model, type Sequence } from "../internal.js";
import type { Answers } from "./answers.js";

export interface ModelOptions {
  /** Default: the loss of the model's last trainer, which is saved with it. */
  loss?: Loss | Loss["type"];
}

export interface ModelAnswers extends Answers {
  loss: Required<Loss>;
  /** Truths of each step. */
  targets: Float64Array;
  weights: Float64Array;
  width: number;
  /** For each truth the steps of its sequence before it. */
  step(i: number): number;
}

/**
 * @param losses those whose outputs can be scored
 * @throws TypeError, RangeError as `model.predict`; RangeError if the loss is none of these
 */
export function answersOf(model: Model, sequences: unknown, given: unknown, losses: readonly Loss["type"][]): ModelAnswers {
  const engine = Model.engine("model", model);
  const { config, layout, recorded } = engine;
  const loss = given === undefined ? recorded : checkLoss("loss", given, { config, layout });
  if (!loss) fail(TypeError, "loss", "the loss by which the model was learned, as it has none of a trainer here", given);
  if (!losses.includes(loss.type))
    fail(RangeError, "loss", `one of ${losses.join(", ")}, whose outputs can be scored like this`, loss.type);
  // They are read twice.
  const list =
    typeof sequences === "object" && sequences !== null && Symbol.iterator in sequences ? [...(sequences as Sequence[])] : sequences;
  const checked = checkSequences("sequences", list, { engine, loss }, 0);
  const probable = loss.type !== "mse" && loss.type !== "mae" && loss.type !== "huber";
  const outputs = model.predict(list as Sequence[], probable ? { as: "probabilities", loss } : {});
  const { targets: scale } = config.scaler;
  const targets: number[] = [];
  const weights: number[] = [];
  const steps: number[] = [];
  const width = checked[0] ? checked[0].targets.length / checked[0].weights.length : 1;
  for (const { targets: own, weights: shares, each } of checked) {
    for (let i = 0; i < own.length; i++) {
      const step = Math.floor(i / width);
      const truth = own[i] as number;
      const k = i % width;
      targets.push(scale ? truth * (scale.deviation[k] as number) + (scale.mean[k] as number) : truth);
      weights.push((shares[step] as number) * (each?.[i] ?? 1));
      steps.push(step);
    }
  }
  const said = new Float32Array(outputs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const y of outputs) {
    said.set(y, at);
    at += y.length;
  }
  const counted = targets.flatMap((_, i) => ((weights[i] as number) > 0 ? [i] : []));
  const of = (numbers: number[]) => Float64Array.from(numbers);
  const per = targets.length > 0 ? said.length / targets.length : 1;
  return { loss, targets: of(targets), weights: of(weights), said, per, counted, width, step: (i) => steps[i] as number };
}
