/**
 * Random weight guessing (Schmidhuber & Hochreiter 1996, Guessing can outperform many long time lag algorithms, IDSIA-19-96;
 * Hochreiter & Schmidhuber 1997, LSTM can solve hard long time lag problems, NIPS 9:473-479): draw every weight from [-100, 100],
 * look whether the net has the whole training set right, draw again until it has. Logistic units; inputs 1 and -1, targets 1 and 0.
 *
 * - A1: fully connected, n biased hidden units. Built: the output units see all that these see, and a bias.
 * - A2: n = 10 hidden units that see the inputs, the output units and themselves alone; the output units see all. With
 *   `selves: false` the hidden units do not see themselves.
 * - latch: no hidden unit, and a tanh unit that sees itself and all inputs but the first, which is the noise and is added to it:
 *   Bengio et al.'s net for their latch problem, of three free parameters where L = 1.
 *
 * `learn` tests one guess: the sequence joins the training set until this has `set` sequences (the source has 50 of each class),
 * the weights are kept if they have the whole set right as it then is, and otherwise drawn anew. So the sequences learned are the
 * guesses tested, but for those that were kept and tested again. A sequence is right if no output errs by `within` or more at any
 * step (0.1 in the source, of medium confidence).
 *
 * How the figures of the source come out with 500 to 600 steps, means of 10 trials (latch: 40): latch I 9 (there 6; 1/8 of all
 * weights are right); parity, A2 3,500 (2,800), without self-connections 340 (250), A1 9,000 (2,900). Not so the 2-sequence problem:
 * A1 8,900 (1,250), A2 above 16,000 (720). If the output unit of A1 did not see the input it would be 1,100, but then A1 could not
 * have parity; with noise of a fifth of the variance 600.
 */

import type { Create, Example, Interface, Learner } from "../learner.js";
import { randomOf } from "../task.js";
import { largestError, Net, type Shape } from "./net.js";

export interface Guessing {
  architecture?: "A1" | "A2" | "latch";
  /** Hidden units; 1 for A1, 10 for A2. */
  hidden?: number;
  /** Whether the hidden units of A2 see themselves; true. */
  selves?: boolean;
  /** Weights are uniform in [-range, range]; 100. */
  range?: number;
  /** Sequences in the training set; 100. */
  set?: number;
  /** 0.1 */
  within?: number;
}

/** The architectures of the source; the searches of Bengio et al. run on the same. */
export function shapeOf(task: Interface, o: Pick<Guessing, "architecture" | "hidden" | "selves">): Shape {
  const { features, outputs } = task;
  const { architecture = "A1", hidden = architecture === "A2" ? 10 : 1, selves = true } = o;
  const shape: Shape = { features, hidden, outputs, squash: "logistic" };
  if (architecture === "A1") return shape;
  if (architecture === "latch") return { ...shape, hidden: 0, squash: "tanh", given: 1, connected: (_, from) => from !== "bias" };
  return { ...shape, connected: (to, from) => typeof from === "string" || to >= hidden || from >= hidden || (selves && from === to) };
}

/** What all learners on one `Net` have in common. */
export const learnerOf = (net: Net, task: Interface) => ({
  units: net.shape.hidden,
  predict: (examples: { inputs: Float32Array }[]) => examples.map(({ inputs }) => net.run(inputs, task.output)),
});

export const createGuessing: Create<Guessing> = (task, seed, options): Learner & { guesses: number } => {
  const { range = 100, set = 100, within = 0.1 } = options;
  const net = new Net(shapeOf(task, options));
  const random = randomOf(seed, 0);
  const examples: Example[] = [];
  /** Of the set, the first so many are known to be right with these weights. */
  let right = 0;
  net.draw(random, range);
  const learner = {
    ...learnerOf(net, task),
    weights: net.weights.length,
    cost: net.weights.length,
    /** Drawn so far. */
    guesses: 1,
    learn(example: Example) {
      if (examples.length < set) examples.push(example);
      const outputs = net.run(example.inputs, task.output);
      for (; right < examples.length; right++) {
        const { inputs, targets } = examples[right]!;
        if (largestError(net.run(inputs, task.output), targets) < within) continue;
        net.draw(random, range);
        learner.guesses++;
        right = 0;
        break;
      }
      return outputs;
    },
  };
  return learner;
};
