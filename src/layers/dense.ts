/** A linear map of each step, with an optional activation. */

import { DENSE } from "../../assembly/codes.js";
import { ACTIVATION_NAMES, ACTIVATIONS, type Activation } from "../core/activations.js";
import { boolean, oneOf, size, typedData } from "../core/check.js";
import { type Initial, type Initializer, initials } from "./initializers.js";
import { packedRow, packedWeight, pad4 } from "./packing.js";
import type { LayerKind, LayerPlan } from "./plan.js";
import type { Stage } from "./stage.js";

/** `y = f(W x + b)` at each step; PyTorch's `nn.Linear`. */
export interface DenseLayer {
  type: "dense";
  /** Outputs. */
  units: number;
  /** The activation f. Default "identity". */
  activation?: Activation;
  /** Whether there is a bias b. Default true. */
  bias?: boolean;
  /** Whether W is the embedding's table, which then learns from both uses (Press & Wolf 2017); for one layer only. Default false. */
  tied?: boolean;
  /** Initial weights and biases. Default: those of the model's `initial`. */
  initial?: Initial<"weights" | "bias">;
}

/**
 * A dense layer: `units` linear functions of each step, with an activation on request.
 * @example dense({ units: 1 })
 */
export const dense = (options: Omit<DenseLayer, "type">): DenseLayer => typedData("dense", options, "units: 1");

type Checked = Required<Omit<DenseLayer, "initial">> & { initial?: { weights?: Required<Initializer>; bias?: Required<Initializer> } };

export const denseKind: LayerKind<Checked> = {
  takes: "numbers",
  options: {
    units: [size],
    activation: [oneOf(...ACTIVATION_NAMES), "identity"],
    bias: [boolean, true],
    tied: [boolean, false],
    initial: initials("weights", "bias"),
  },

  plan({ units, activation, bias: biased, tied, initial = {} }, planner): LayerPlan {
    const { inputs, learnsBelow } = planner;
    const name = planner.name("dense");
    const [I, O] = [pad4(inputs), pad4(units)];
    const row = packedRow(units, 1, [0]);
    const { embedding } = planner;
    if (tied && (embedding?.tokens !== units || embedding.units !== inputs)) {
      const known = embedding ? `one of ${embedding.tokens} tokens and ${embedding.units} units` : "none that is not tied yet";
      throw new RangeError(`"${planner.path}.tied" needs an embedding of ${units} tokens and ${inputs} units, got ${known}`);
    }
    const table = (tied && embedding?.table) || 0;
    // Only one layer may be tied: each has a pack of its own, and a small file could ask for any number.
    if (tied) {
      planner.embedding = null;
      planner.row.multiplications = units * inputs;
    }
    // Packed from the table after each update.
    const weight = (tied ? planner.derived : planner.params).add(O, I);
    if (!tied) planner.parameter(weight, "dense", `${name}.weight`, [units, inputs], inputs, packedWeight(row, 1, I), initial.weights);
    // The kernel always adds a bias; without one it gets a derived row of zeros.
    const bias = (biased ? planner.params : planner.derived).add(O);
    if (biased) planner.parameter(bias, "bias", `${name}.bias`, [units], inputs, row, initial.bias);
    const inputT = learnsBelow ? planner.derived.add(I, O) : 0;
    const code = ACTIVATIONS[activation];
    return {
      units,
      refresh({ kernels, params, derived }) {
        if (table) kernels.tie(derived + weight, params + table, false, 0, O, I);
        if (inputT) kernels.transposeWeights(derived + inputT, (tied ? derived : params) + weight, 1, O, 0, I, I);
      },
      stage(workspace, below): Stage {
        const { kernels, params, derived, memory, panels: P, width, T, scratch, buffer } = workspace;
        const w = (tied ? derived : params) + weight;
        const b = (biased ? params : derived) + bias;
        const [output, gradient] = [buffer(T, P, O, width), workspace.gradient(O)];
        const dTied = tied && scratch ? buffer(O, I) : 0;
        const weightGradient = workspace.weightGradient(DENSE, O);
        return {
          output,
          gradient,
          forward(T) {
            kernels.denseForward(output, below.output, w, b, T * P, I, O, width);
            if (code !== 0) kernels.activationForward(output, code, 0, T * P, units, width);
          },
          backward(T, _, gradients) {
            if (code !== 0) kernels.activationBackward(gradient, output, code, 0, T * P * O * width);
            const db = biased ? gradients + bias : 0;
            const dw = dTied || gradients + weight;
            if (dTied) memory.fill(dTied, O * I);
            weightGradient(dw, db, 0, gradient, below.output, 0, I, 0, T * P);
            if (table) kernels.tie(dTied, gradients + table, true, scratch, O, I);
            if (inputT && below.gradient) kernels.matmul(below.gradient, gradient, derived + inputT, T * P, O, I, width);
          },
        };
      },
    };
  },
};
