/** An activation as a layer of its own, pointwise. */

import { ACTIVATION_NAMES, ACTIVATIONS, type Activation, ALPHA } from "../core/activations.js";
import { oneOf, typedData } from "../core/check.js";
import { pad4 } from "./packing.js";
import type { LayerKind, LayerPlan } from "./plan.js";
import { alphaIn } from "./recurrentOptions.js";
import type { Stage } from "./stage.js";

/**
 * A function of each number from below, without parameters; PyTorch's `nn.ReLU`, `nn.Tanh`, `nn.Sigmoid` ("logistic"), `nn.Hardsigmoid`
 * (with `alpha: 1 / 6`).
 */
export interface ActivationLayer {
  type: "activation";
  /** "hardSigmoid" is `alpha` x + 1/2, cut to [0, 1]. */
  kind: Activation | "hardSigmoid";
  /** The slope of the hard sigmoid: 0.2 in Keras 2, TensorFlow.js and ONNX, 1/6 in Keras 3 and PyTorch. Default 0.2. */
  alpha?: number;
}

/**
 * A layer that applies a function to each number from below.
 * @example activation({ kind: "relu" })
 */
export const activation = (options: Omit<ActivationLayer, "type">): ActivationLayer => typedData("activation", options, 'kind: "relu"');

export const activationKind: LayerKind<ActivationLayer> = {
  options: { kind: [oneOf(...ACTIVATION_NAMES, "hardSigmoid")], alpha: alphaIn },
  takes: "numbers",
  bare: true,

  refuse(path, { kind, alpha }) {
    if (alpha !== undefined && kind !== "hardSigmoid") throw new RangeError(`"${path}.alpha" needs kind: "hardSigmoid"`);
  },

  plan({ kind, alpha = ALPHA }, planner): LayerPlan {
    const units = planner.inputs;
    const rows = pad4(units);
    const [code, slope] = kind === "hardSigmoid" ? [0, alpha] : [ACTIVATIONS[kind], 0];
    return {
      units,
      /** The backward pass works in place, on the gradient of the layer below. */
      stage({ kernels, memory, panels, width, T, buffer, gradient: gradientFor }, below): Stage {
        const values = panels * rows * width;
        const output = buffer(T, values);
        const gradient = below.gradient || gradientFor(rows);
        return {
          output,
          gradient,
          forward(T) {
            memory.copy(output, below.output, T * values);
            kernels.activationForward(output, code, slope, T * panels, units, width);
          },
          backward(T) {
            if (gradient) kernels.activationBackward(gradient, output, code, slope, T * values);
          },
        };
      },
    };
  },
};
