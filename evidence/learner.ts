/** What every learner of the evidence is to a task: it learns one sequence after the other and answers others. */

export interface Example {
  /** [steps x features] */
  inputs: Float32Array;
  /** [steps x outputs]; of the last step alone: [outputs] */
  targets: Float32Array;
  /** [steps]: which input is 1, where exactly one is and the others are 0. */
  tokens?: Int32Array;
  /** Where not all of its steps are kept. */
  steps?: number;
}

export interface Learner {
  /** Units that are neither input nor output; for learners that grow, so far. */
  readonly units: number;
  /** Numbers that learning sets; for learners that grow, so far. */
  readonly weights: number;
  /** Multiplications and additions that one time step of learning takes, by its order of growth: W for LSTM, W^2 for RTRL. */
  readonly cost: number;
  /**
   * Learns from one sequence, from a state of zero.
   * @returns its outputs as they were before this learning, [steps x outputs]; of the last step alone where the task ends there
   * @throws Diverged where a number is no longer finite
   */
  learn(example: Example): ArrayLike<number>;
  /** The outputs for sequences that are not learned, each from a state of zero, in the layout of `learn`. */
  predict(examples: Pick<Example, "inputs">[]): ArrayLike<number>[];
}

/** Of a task, what a learner has to fit. */
export interface Interface {
  features: number;
  outputs: number;
  /** Whether exactly one input is 1, and the examples have `tokens`. */
  tokens?: boolean | undefined;
  /** "every": a target at each step; "last": one target, at the end. */
  output: "every" | "last";
}

/** A learner with fresh weights; the same seed gives the same learner. */
export type Create<Options> = (task: Interface, seed: number, options: Options) => Learner;

/** Plain gradient descent may leave the finite numbers: such a trial has not learned. */
export class Diverged extends Error {
  override name = "Diverged";
}
