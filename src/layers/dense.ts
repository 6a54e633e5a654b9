/** A linear map of each step, with a function after it on request. */

import { ACTIVATION_NAMES, ACTIVATIONS, type Activation } from "../activations.js";
import { boolean, integer, LARGEST, oneOf, options } from "../check.js";
import { checkInitial, type Initial, type Initializer } from "../initializers.js";
import type { LayerKind, LayerPlan, Parts, Stage } from "../layer.js";
import { packedRow, packedWeight, pad4 } from "../table.js";
import { DENSE } from "./cells.js";

/** `y = f(W x + b)` at each step; PyTorch's `nn.Linear`. */
export interface DenseLayer {
  type: "dense";
  /** Outputs. */
  units: number;
  /** f. Default "identity". */
  activation?: Activation;
  /** Whether there is b. Default true. */
  bias?: boolean;
  /** Initial weights and biases. Default: those of the model's `initial`. */
  initial?: Initial<"weights" | "bias">;
}

/** @example dense({ units: 1 }) */
export const dense = (options: Omit<DenseLayer, "type">): DenseLayer => ({ ...options, type: "dense" });

type Checked = Required<Omit<DenseLayer, "initial">> & { initial?: { weights?: Required<Initializer>; bias?: Required<Initializer> } };

export const denseKind: LayerKind<Checked> = {
  check(path, layer) {
    options(path, layer, ["type", "units", "activation", "bias", "initial"]);
    return {
      units: integer(`${path}.units`, layer.units, 1, LARGEST),
      activation: layer.activation === undefined ? "identity" : oneOf(`${path}.activation`, layer.activation, ACTIVATION_NAMES),
      bias: layer.bias === undefined ? true : boolean(`${path}.bias`, layer.bias),
      ...(layer.initial !== undefined && { initial: checkInitial(`${path}.initial`, layer.initial, ["weights", "bias"]) }),
    };
  },

  plan({ units, activation, bias: biased, initial = {} }, planner): LayerPlan {
    const { inputs, learnsBelow } = planner;
    const name = planner.name("dense");
    const [I, O] = [pad4(inputs), pad4(units)];
    const row = packedRow(units, 1, [0]);
    const weight = planner.params.add(`${name}.weight`, O, I);
    planner.parameter(weight, {
      name: `${name}.weight`,
      shape: [units, inputs],
      role: "dense",
      fan: inputs,
      initial: initial.weights,
      at: packedWeight(row, 1, I),
    });
    // The kernel always adds one; where there is none, it is a derived row of zeros.
    const bias = (biased ? planner.params : planner.derived).add(`${name}.bias`, O);
    if (biased)
      planner.parameter(bias, { name: `${name}.bias`, shape: [units], role: "bias", fan: inputs, initial: initial.bias, at: row });
    const inputT = learnsBelow ? planner.derived.add(`${name}.inputT`, I, O) : null;
    const code = ACTIVATIONS[activation];
    const biasAt = ({ params, derived }: Parts) => (biased ? params : derived) + bias;
    return {
      units,
      rows: O,
      refresh({ kernels, params, derived }) {
        if (inputT !== null) kernels.transposeWeights(derived + inputT, params + weight, 1, O, 0, I, I);
      },
      stage({ parts, lanes: { panels: P, width }, T, scratch, buffer, gradient: gradientFor }, below): Stage {
        const { kernels, params, derived } = parts;
        const [output, gradient] = [buffer(T, P, O, width), gradientFor(O)];
        return {
          output,
          gradient,
          forward(T) {
            kernels.denseForward(output, below.output, params + weight, biasAt(parts), T * P, I, O, width);
            if (code !== 0) kernels.activationForward(output, code, T * P, units, width);
          },
          backward(T, _, gradients) {
            if (code !== 0) kernels.activationBackward(gradient, output, code, T * P * O * width);
            const db = biased ? gradients + bias : 0;
            kernels.weightGradient(gradients + weight, db, 0, gradient, below.output, 0, scratch, DENSE, O, I, 0, T * P, width);
            if (inputT !== null) kernels.inputGradient(below.gradient, gradient, derived + inputT, T * P, I, O, width);
          },
        };
      },
    };
  },
};
