/**
 * The tasks with which the rivals were tested: sequences of two classes, as probable as each other, with one target at the end.
 *
 * The rivals' own papers say little about when they stop. Here a trial has learned when the last 100 sequences were right as
 * they came, and 100 others with the weights as they then are. A sequence is right if the error at its end is below `within`.
 */

import type { Random } from "../../../src/random.js";
import { below, type Example, errorsOf, randomOf, type Task } from "../task.js";

export interface Lengths {
  /** Steps, drawn uniformly from `shortest` to `longest`. */
  shortest: number;
  longest: number;
  /** The largest error of a sequence that counts as right; 0.25. */
  within?: number;
}

/** From `shortest` to `longest`, each as probable as the others. */
export const drawLength = (random: Random, { shortest, longest }: Lengths) => shortest + below(random, longest - shortest + 1);

/** Gaussian, of mean 0 and variance 1 (Box & Muller 1958). */
export function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}

const STREAK = 100;
const TESTED = 1000;

export function twoClasses(features: number, draw: (random: Random) => Example, within = 0.25): Task {
  const right = (errors: ArrayLike<number>) => (errors[0] as number) < within;
  type Predictor = { predict(examples: Pick<Example, "inputs">[]): ArrayLike<number>[] };
  const countWrong = (learner: Predictor, examples: Example[]) => {
    const outputs = learner.predict(examples);
    return examples.filter(({ targets }, i) => !right(errorsOf(Float32Array.from(outputs[i]!), targets))).length;
  };
  return {
    features,
    outputs: 1,
    output: "last",
    begin(trial) {
      const [training, others, fresh] = [0, 1, 2].map((stream) => randomOf(trial, stream)) as [Random, Random, Random];
      const judged = Array.from({ length: STREAK }, () => draw(others));
      let streak = 0;
      return {
        next: () => draw(training),
        learned(errors, learner: Predictor) {
          streak = right(errors) ? streak + 1 : 0;
          return streak > 0 && streak % STREAK === 0 && countWrong(learner, judged) === 0;
        },
        test: (learner: Predictor) => ({
          wrong: countWrong(
            learner,
            Array.from({ length: TESTED }, () => draw(fresh)),
          ),
          tested: TESTED,
        }),
      };
    },
  };
}
