/** What a task is: sequences drawn at random, learned one by one, rules that say when they count as learned, and a test. */

import type { Example, Interface, Learner } from "./learner.js";
import { Random } from "./random.js";

export interface Task extends Interface {
  /**
   * What a trial passes, in this order or another; it ends when it has passed all. Where the paper leaves open how its stop rule
   * is meant, there is one for each reading, so that one run tells them apart.
   */
  marks: readonly string[];
  begin(trial: number): Run;
}

/** The data of one trial. */
export interface Run {
  /** The next sequence to learn. */
  next(): Example;
  /**
   * The marks that hold after this sequence.
   * @param outputs what `learner.learn(example)` returned
   */
  holds(example: Example, outputs: ArrayLike<number>, learner: Learner): readonly string[];
  /** Sequences that were not learned from. */
  test(learner: Learner): Tested;
}

export interface Tested {
  wrong: number;
  tested: number;
  /** The mean absolute error over all their outputs. */
  error: number;
}

export const randomOf = (trial: number, stream: number) => new Random(trial, stream);

/** 0..n-1 */
export const below = (random: Random, n: number) => random.below(n);

/** A sequence of symbols, one of `count` inputs for each; they are written out only for learners that want them so. */
export class Symbols implements Example {
  #inputs: Float32Array | undefined;

  constructor(
    readonly tokens: Int32Array,
    readonly targets: Float32Array,
    readonly count: number,
  ) {}

  get inputs(): Float32Array {
    if (!this.#inputs) {
      this.#inputs = new Float32Array(this.tokens.length * this.count);
      for (let t = 0; t < this.tokens.length; t++) this.#inputs[t * this.count + (this.tokens[t] as number)] = 1;
    }
    return this.#inputs;
  }
}

export interface Errors {
  /** |target - output|, the largest and the mean over the outputs, and the mean of the squares. */
  most: number;
  mean: number;
  square: number;
}

/** Of the last targets.length outputs. */
export function errorOf(outputs: ArrayLike<number>, targets: Float32Array): Errors {
  const { length } = targets;
  const from = outputs.length - length;
  let [most, mean, square] = [0, 0, 0];
  for (let k = 0; k < length; k++) {
    const error = Math.abs((targets[k] as number) - (outputs[from + k] as number));
    most = error > most ? error : most;
    mean += error;
    square += error * error;
  }
  return { most, mean: mean / length, square: square / length };
}

/** How many sequences are predicted at once. */
const AT_ONCE = 64;

/** Tests on so many sequences; a sequence is wrong if its largest error is not below `tolerance`. Ends early past `most` wrong ones. */
export function testOn(
  learner: Learner,
  draw: (i: number) => Example,
  tested: number,
  isRight: (error: Errors) => boolean,
  most = Infinity,
): Tested {
  let [wrong, error, done] = [0, 0, 0];
  while (done < tested && wrong <= most) {
    const examples = Array.from({ length: Math.min(AT_ONCE, tested - done) }, (_, i) => draw(done + i));
    const outputs = learner.predict(examples);
    examples.forEach(({ targets }, i) => {
      const of = errorOf(outputs[i] as ArrayLike<number>, targets);
      error += of.mean;
      if (!isRight(of)) wrong++;
    });
    done += examples.length;
  }
  return { wrong, tested: done, error: error / done };
}
