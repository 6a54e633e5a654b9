/** What learners by gradient descent on one `Net` share: the net, its start, the errors of a sequence, the step down. */

import { Diverged, type Example, type Interface, type Learner } from "../learner.js";
import { randomOf } from "../task.js";
import { Net, type Shape } from "./net.js";

export interface Descent {
  /** Hidden units; 3. */
  hidden?: number;
  /**
   * "full": every unit reads inputs, all units and a bias. "1997": what the paper gave BPTT and RTRL in experiment 2a: hidden units
   * that read the inputs and themselves, outputs that read the inputs and the hidden units, no bias.
   */
  connections?: "full" | "1997";
  /** Of plain gradient descent on half the squared error, summed over outputs and steps; 0.5. */
  rate?: number;
  /** Weights begin uniform in [-range, range]; 0.2. */
  range?: number;
}

export function shapeOfDescent({ features, outputs }: Interface, { hidden = 3, connections = "full" }: Descent): Shape {
  const shape: Shape = { features, hidden, outputs, squash: "logistic" };
  if (connections === "full") return shape;
  return {
    ...shape,
    connected: (to, from) => from === "input" || (typeof from === "number" && from < hidden && (to === from || to >= hidden)),
  };
}

/** The gradient of half the squared error of one sequence; what tells the methods apart. */
export interface Gradient {
  /** Runs the sequence, adds to `gradient`, and returns the outputs. */
  differentiate(example: Example, gradient: Float64Array): ArrayLike<number>;
  /** Multiplications of one time step. */
  cost: number;
}

export function createDescent(
  task: Interface,
  seed: number,
  options: Descent,
  method: (net: Net, task: Interface) => Gradient,
): Learner & { net: Net } {
  const { rate = 0.5, range = 0.2 } = options;
  const net = new Net(shapeOfDescent(task, options));
  net.draw(randomOf(seed, 0), range);
  const { differentiate, cost } = method(net, task);
  const gradient = new Float64Array(net.weights.length);
  return {
    net,
    units: net.shape.hidden,
    weights: net.weights.length,
    cost,
    learn(example) {
      gradient.fill(0);
      const outputs = differentiate(example, gradient);
      for (let k = 0; k < gradient.length; k++) net.weights[k]! -= rate * gradient[k]!;
      if (!net.weights.every(Number.isFinite)) throw new Diverged("a weight is no longer finite");
      return outputs;
    },
    predict: (examples) => examples.map(({ inputs }) => net.run(inputs, task.output)),
  };
}

/** Of a learner by gradient descent: its weights, and the gradient of the sequence learned last. */
export interface Differentiated {
  parameters: Float64Array;
  gradient: Float64Array;
}

/** The outputs that have targets: those of step t (the first is 1), or none. */
export function targetsAt(task: Interface, targets: Float32Array, t: number, steps: number): Float32Array | null {
  if (task.output === "last") return t === steps ? targets : null;
  return targets.subarray((t - 1) * task.outputs, t * task.outputs);
}
