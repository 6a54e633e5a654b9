/**
 * The neural sequence chunker, or history compressor (Schmidhuber 1992, Neural Computation 4(2):234-242; NIPS 4:291-298). Net 0, the
 * automatizer, sees every element of a sequence and predicts the next one; what it did not predict, and only that, is what net 1, the
 * chunker, sees and predicts in turn; and what that did not predict goes on to the net above, if there is one. So the upper nets
 * have few elements to bridge. Each net also learns to give the state of the net above it: the automatizer must come to hold by
 * itself, over all the steps between, what the chunker holds over one.
 *
 *     hidden_i = f(sum w z), z = [element, hidden before]; outputs y = f(sum w z), z = [element, hidden], f logistic, no bias
 *     when the next element e comes:  E = 1/2 sum (e - y)^2 + 1/2 sum (state above - y')^2, sent back `back` steps, and a step down
 *     e was not predicted if it is the first of the sequence, or if |e - y| >= tolerance in one of its parts;  then the net above
 *     learns in the same way from e, and steps on to e with its time stamp: the place of e in the sequence over `clock`
 *
 * Where each step has a target, that is the next element (its number of parts must be the number of inputs). Where the end alone has
 * one, it is the last element, of parts of its own, and the outputs for these learn at the end only, those for inputs before it.
 *
 * What a learner answers is what net 0 gives. Two nets are the default; more are the hierarchy. The state is the chunker's hidden
 * units and outputs (of medium confidence), though experiment 2a's 10,506 weights fit the hidden unit alone: `imitates: "hidden"`.
 * When an element counts as predicted is in no source: `tolerance` is ours.
 */

import { type Create, Diverged } from "../learner.js";
import type { Random } from "../random.js";
import { randomOf } from "../task.js";
import { Net } from "./net.js";

export interface Chunker {
  /** Nets, the automatizer among them; 2. */
  levels?: number;
  /** Hidden units of each net; 3. */
  hidden?: number;
  /** 1 */
  rate?: number;
  /** Weights begin uniform in [-range, range]; 0.2. */
  range?: number;
  /** 0.25 */
  tolerance?: number;
  /** Steps that an error is sent back, its own among them; 3. */
  back?: number;
  /** 100 */
  clock?: number;
  /** What of the net above a net learns to give; "all": its hidden units and its predictions. */
  imitates?: "hidden" | "all";
}

export const DEFAULTS: Required<Chunker> = {
  levels: 2,
  hidden: 3,
  rate: 1,
  range: 0.2,
  tolerance: 0.25,
  back: 3,
  clock: 100,
  imitates: "all",
};

/** The parts of an element that can be predicted at its place: from..end. */
interface Parts {
  from: number;
  end: number;
}

export class Level {
  readonly net: Net;
  readonly gradient: Float64Array;
  readonly #dy: Float64Array;

  /** @param parts of an element; what the net predicts */
  constructor(
    inputs: number,
    readonly parts: number,
    readonly options: Required<Chunker>,
    readonly above: Level | undefined,
    random: Random,
  ) {
    const { hidden, range } = options;
    this.net = new Net({
      features: inputs,
      hidden,
      outputs: parts + (above ? above.state : 0),
      squash: "logistic",
      connected: (_, from) => from === "input" || (from !== "bias" && from < hidden),
    });
    this.net.draw(random, range);
    this.gradient = new Float64Array(this.net.weights.length);
    this.#dy = new Float64Array(this.net.units);
  }

  /** Units that the net below imitates, the first of this one's. */
  get state(): number {
    return this.options.hidden + (this.options.imitates === "all" ? this.parts : 0);
  }

  begin(): void {
    this.net.begin();
    this.above?.begin();
  }

  /** Whether the last step's outputs gave this element. */
  #predicted(element: Float64Array, { from, end }: Parts): boolean {
    const { net, options } = this;
    if (net.steps === 0) return false;
    const row = net.steps * net.units + options.hidden;
    for (let k = from; k < end; k++) if (Math.abs(element[k]! - net.y[row + k]!) >= options.tolerance) return false;
    return true;
  }

  /** Adds the gradient of E at the last step, now that it is known what its outputs ought to have been. */
  differentiate(element: Float64Array, { from, end }: Parts): void {
    const { net, options, above, parts } = this;
    const { hidden, back } = options;
    const dy = this.#dy.fill(0);
    const row = net.steps * net.units;
    for (let k = from; k < end; k++) dy[hidden + k] = net.y[row + hidden + k]! - element[k]!;
    if (above) {
      const seen = above.net.steps * above.net.units;
      for (let s = 0; s < above.state; s++) dy[hidden + parts + s] = net.y[row + hidden + parts + s]! - above.net.y[seen + s]!;
    }
    for (let t = net.steps; t > Math.max(0, net.steps - back); t--) net.back(t, dy, this.gradient);
  }

  /** A step down the gradient, which is 0 for weights from inputs that were 0 in the steps that the error went back. */
  #descend(): void {
    const { inputs, units, u, steps, start, weights } = this.net;
    const { gradient } = this;
    const first = Math.max(0, steps - this.options.back);
    for (let j = 0; j <= inputs + units; j++) {
      let active = j >= inputs;
      for (let t = first; t < steps && !active; t++) active = u[t * inputs + j] !== 0;
      if (!active) continue;
      for (let k = start[j]!; k < start[j + 1]!; k++) {
        const weight = weights[k]! - this.options.rate * gradient[k]!;
        if (!Number.isFinite(weight)) throw new Diverged("a weight is no longer finite");
        weights[k] = weight;
        gradient[k] = 0;
      }
    }
  }

  /** The next element, its time stamp behind it: whether it was predicted, what is learned from it, the step on to it. */
  take(element: Float64Array, parts: Parts): void {
    const predicted = this.#predicted(element, parts);
    if (this.net.steps > 0) {
      this.differentiate(element, parts);
      this.#descend();
    }
    if (!predicted) this.above?.take(element, parts);
    this.net.step(element, 0);
  }
}

export const createChunker: Create<Chunker> = (task, seed, given) => {
  const options = { ...DEFAULTS, ...given };
  const { features, outputs } = task;
  const every = task.output === "every";
  if (every && features !== outputs)
    throw new RangeError(`a chunker expected targets that are the next inputs, got ${features} inputs and ${outputs} outputs`);
  const parts = every ? features : features + outputs;
  const random = randomOf(seed, 0);
  /** From the highest down. */
  const levels: Level[] = [];
  for (let level = options.levels - 1; level >= 0; level--)
    levels.push(new Level(level === 0 ? features : parts + 1, parts, options, levels.at(-1), random));
  const automatizer = levels.at(-1)!;
  const { net } = automatizer;
  const element = new Float64Array(parts + 1);
  const ofInput: Parts = { from: 0, end: features };
  const ofTarget: Parts = every ? ofInput : { from: features, end: parts };

  function run(inputs: Float32Array, learning: boolean): Float64Array {
    const steps = inputs.length / features;
    const answers = new Float64Array(every ? steps * outputs : outputs);
    automatizer.begin();
    for (let t = 0; t < steps; t++) {
      element.fill(0);
      for (let j = 0; j < features; j++) element[j] = inputs[t * features + j]!;
      element[parts] = t / options.clock;
      if (learning) automatizer.take(element, ofInput);
      else net.step(element, 0);
      if (!every && t < steps - 1) continue;
      const first = net.steps * net.units + options.hidden + ofTarget.from;
      for (let k = 0; k < outputs; k++) answers[(every ? t * outputs : 0) + k] = net.y[first + k]!;
    }
    return answers;
  }

  const weights = levels.reduce((sum, level) => sum + level.net.weights.length, 0);
  return {
    units: levels.length * options.hidden,
    weights,
    cost: weights * options.back,
    learn({ inputs, targets }) {
      const answers = run(inputs, true);
      element.fill(0);
      for (let k = 0; k < outputs; k++) element[ofTarget.from + k] = targets[targets.length - outputs + k]!;
      element[parts] = inputs.length / features / options.clock;
      automatizer.take(element, ofTarget);
      return answers;
    },
    predict: (examples) => examples.map(({ inputs }) => run(inputs, false)),
  };
};
