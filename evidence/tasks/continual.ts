/**
 * The continual embedded Reber grammar (Gers, Schmidhuber & Cummins 2000, Neural Computation 12(10):2451-2471): strings of the
 * embedded grammar (reber.ts) follow each other in a stream, and nothing says where one ends. At each symbol the targets are all
 * symbols that may follow (1 each, 0 for the others; of medium confidence); a prediction is right if no output errs by 0.49 or more.
 * A stream ends with the first wrong prediction, or after 100,000 symbols.
 *
 * "learned" (there "perfect"): none of 10 streams of a test has a wrong prediction. "good": they have more than 1,000 right ones on
 * average. Both are tried after each stream of training; here only after those that had 100 right ones, as others do not promise as
 * much.
 */

import type { Example, Learner } from "../learner.js";
import type { Random } from "../random.js";
import { errorOf, randomOf, type Task, type Tested } from "../task.js";
import { drawReber, possible, SYMBOLS, unitsOf } from "./reber.js";

const LONGEST = 100_000;
const TOLERANCE = 0.49;
const TEST = 10;
const GOOD = 1000;
const PROMISING = 100;

/** Symbols are drawn as they are read; of its inputs and targets a stream has those of the last step. */
export class Stream implements Example {
  inputs = new Float32Array(0);
  targets = new Float32Array(0);
  steps = 0;
  #string = "";
  #next: string[] = [];
  #at = 0;
  /** Right predictions so far. */
  right = 0;
  over = false;

  constructor(
    readonly random: Random,
    readonly longest = LONGEST,
  ) {}

  /** Goes on to the next symbol. @returns whether it is the first of a string */
  step(): boolean {
    const begins = this.#at === this.#string.length;
    if (begins) {
      this.#string = drawReber(this.random);
      this.#next = [...possible(this.#string), "B"];
      this.#at = 0;
    }
    this.inputs = unitsOf(this.#string[this.#at]!);
    this.targets = unitsOf(this.#next[this.#at]!);
    this.#at++;
    this.steps++;
    return begins;
  }

  /** What was predicted of the symbol that was read last. */
  judge(outputs: ArrayLike<number>): void {
    const wrong = errorOf(outputs, this.targets).most >= TOLERANCE;
    if (!wrong) this.right++;
    this.over = wrong || this.right === this.longest;
  }
}

/** Runs streams without learning: how many were right to the end, and how many right predictions they had. */
function runs(learner: Learner, trial: number, purpose: number): { perfect: number; right: number } {
  const random = randomOf(trial, purpose);
  let [perfect, right] = [0, 0];
  for (let n = 0; n < TEST; n++) {
    const stream = new Stream(random);
    learner.predict([stream]);
    right += stream.right;
    perfect += Number(stream.right === stream.longest);
  }
  return { perfect, right: right / TEST };
}

/** Its learner learns, and predicts, until a stream is over. */
export const continualReber: Task = {
  features: SYMBOLS.length,
  outputs: SYMBOLS.length,
  output: "every",
  marks: ["good", "learned"],
  begin(trial) {
    const random = randomOf(trial, 0);
    return {
      next: () => new Stream(random),
      holds(example, _, learner) {
        if ((example as Stream).right < PROMISING) return [];
        const { perfect, right } = runs(learner, trial, 2);
        return [...(right > GOOD ? ["good"] : []), ...(perfect === TEST ? ["learned"] : [])];
      },
      /** `error` is that of a prediction: one for each stream that is not perfect. */
      test(learner: Learner): Tested {
        const { perfect, right } = runs(learner, trial, 1);
        const wrong = TEST - perfect;
        return { wrong, tested: TEST, error: wrong / (wrong + TEST * right) };
      },
    };
  },
};
