/** A model's answers on sequences, beside their truths: one after the other, step by step. */

import {
  checkLosses,
  checkSequences,
  fail,
  type Head,
  type Loss,
  type Losses,
  Model,
  oneOf,
  type Sequence,
  scaleOfHead,
  type Targets,
} from "../internal.js";
import type { Answers } from "./answers.js";

export interface ModelOptions {
  /** Default: the loss of the model's last trainer, which is saved with it. */
  loss?: Losses;
  /** Of a model with heads the name of the one that is scored. */
  head?: string;
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
export function answersOf(
  model: Model<unknown>,
  sequences: unknown,
  { loss: given, head: name }: { [K in keyof ModelOptions]: unknown },
  losses: readonly Loss["type"][],
): ModelAnswers {
  const engine = Model.engine("model", model);
  const { config, layout, recorded } = engine;
  const names = layout.heads.map(({ name }) => name);
  if (names[0] === "" && name !== undefined) fail(RangeError, "head", "none, as the model has no heads", name);
  const h = names[0] === "" ? 0 : names.indexOf(oneOf(...names)("head", name));
  const head = layout.heads[h] as Head;
  const all = given === undefined ? recorded : checkLosses("loss", given, engine);
  if (!all) fail(TypeError, "loss", "the loss by which the model was learned, as it has none of a trainer here", given);
  const loss = all[h] as Required<Loss>;
  if (!losses.includes(loss.type))
    fail(RangeError, "loss", `one of ${losses.join(", ")}, whose outputs can be scored like this`, loss.type);
  // They are read twice.
  const list =
    typeof sequences === "object" && sequences !== null && Symbol.iterator in sequences ? [...(sequences as Sequence[])] : sequences;
  const checked = checkSequences("sequences", list, { engine, losses: all }, 0);
  const probable = loss.type !== "mse" && loss.type !== "mae" && loss.type !== "huber";
  const outputs = model.predict(
    list as Sequence[],
    probable ? { as: "probabilities", ...(given !== undefined && { loss: given as Losses }) } : {},
  );
  const { targets: scale } = scaleOfHead(config.scaler, head.name);
  const targets: number[] = [];
  const weights: number[] = [];
  const steps: number[] = [];
  const answers: Float32Array[] = [];
  let width = 1;
  checked.forEach(({ goals, length }, n) => {
    const { targets: own, weights: shares, each } = goals[h] as Targets;
    // Without targets there is nothing to score.
    if (own.length === 0) return;
    width = own.length / (config.output === "every" ? length : 1);
    for (let i = 0; i < own.length; i++) {
      const step = Math.floor(i / width);
      const truth = own[i] as number;
      const k = i % width;
      targets.push(scale ? truth * (scale.deviation[k] as number) + (scale.mean[k] as number) : truth);
      weights.push((shares?.[step] ?? 1) * (each?.[i] ?? 1));
      steps.push(step);
    }
    const y = outputs[n];
    answers.push((head.name ? (y as Record<string, Float32Array>)[head.name] : y) as Float32Array);
  });
  const said = new Float32Array(answers.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const y of answers) {
    said.set(y, at);
    at += y.length;
  }
  const counted = targets.flatMap((_, i) => ((weights[i] as number) > 0 ? [i] : []));
  const of = (numbers: number[]) => Float64Array.from(numbers);
  const per = targets.length > 0 ? said.length / targets.length : 1;
  return { loss, targets: of(targets), weights: of(weights), said, per, counted, width, step: (i) => steps[i] as number };
}
