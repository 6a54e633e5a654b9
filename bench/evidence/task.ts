/**
 * What the experiments of the paper have in common (Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation
 * 9(8):1735-1780): sequences drawn at random, learned one by one, and a rule that says when they count as learned.
 */

import type { Model } from "../../src/index.js";
import { Random } from "../../src/random.js";

export interface Example {
  /** [steps x features] */
  inputs: Float32Array;
  /** [steps x outputs]; of the last step alone: [outputs] */
  targets: Float32Array;
}

export interface Task {
  features: number;
  outputs: number;
  output: "every" | "last";
  begin(trial: number): Run;
}

/** The data of one trial. */
export interface Run {
  /** The next sequence to learn. */
  next(): Example;
  /**
   * Whether training may stop.
   * @param errors |target - output| of the sequence just learned, before the update; empty where the output is "every"
   */
  learned(errors: ArrayLike<number>, model: Model): boolean;
  /** How many sequences that were not learned the model gets wrong. */
  test(model: Model): { wrong: number; tested: number };
}

/** The package has its own purposes from 0 on. */
const EXPERIMENT = 97;

/** A trial's random numbers; its streams are independent of each other. */
export const randomOf = (trial: number, stream: number) => new Random(trial, EXPERIMENT, stream);

/** 0..n-1 */
export const below = (random: Random, n: number) => Math.floor(random.uniform() * n);

/** The sequences just learned that the stop rule looks at. */
export const RECENT = 2000;
const TESTED = 2560;

/**
 * A task with targets at its end. Training stops when the last 2,000 sequences were all right and their average error is below
 * `average`; then 2,560 new ones are tested. The paper leaves open what the average is taken over, and whether of absolute or
 * squared errors: here of absolute ones (the stricter, as they are below 1), over outputs and the same 2,000 sequences.
 */
export function taskAtEnd(o: {
  features: number;
  outputs: number;
  draw: (random: Random) => Example;
  right: (errors: ArrayLike<number>) => boolean;
  average: number;
}): Task {
  return {
    features: o.features,
    outputs: o.outputs,
    output: "last",
    begin(trial) {
      const training = randomOf(trial, 0);
      const recent = new Float64Array(RECENT);
      let sum = 0;
      let streak = 0;
      let at = 0;
      return {
        next: () => o.draw(training),
        learned(errors) {
          let error = 0;
          for (let k = 0; k < errors.length; k++) error += (errors[k] as number) / errors.length;
          sum += error - (recent[at] as number);
          recent[at] = error;
          at = (at + 1) % RECENT;
          streak = o.right(errors) ? streak + 1 : 0;
          return streak >= RECENT && sum / RECENT < o.average;
        },
        test(model) {
          const random = randomOf(trial, 1);
          const examples = Array.from({ length: TESTED }, () => o.draw(random));
          const outputs = model.predict(examples);
          const wrong = examples.filter(({ targets }, i) => !o.right(errorsOf(outputs[i] as Float32Array, targets))).length;
          return { wrong, tested: TESTED };
        },
      };
    },
  };
}

/** |target - output| */
export const errorsOf = (outputs: Float32Array, targets: Float32Array) => outputs.map((y, k) => Math.abs((targets[k] as number) - y));
