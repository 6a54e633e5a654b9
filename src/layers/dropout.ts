/** Dropout between layers. */

import { share, typedData } from "../core/check.js";
import { keys } from "../core/random.js";
import { pad4 } from "./packing.js";
import type { LayerKind, LayerPlan } from "./plan.js";
import type { Stage } from "./stage.js";

/** Sets inputs to zero at random while training and scales the others up (Srivastava et al. 2014); PyTorch's `nn.Dropout`. */
export interface DropoutLayer {
  type: "dropout";
  /** The share set to zero, from 0 to below 1. */
  rate: number;
}

/**
 * A layer that drops numbers at random while the model learns.
 * @example dropout({ rate: 0.2 })
 */
export const dropout = (options: Omit<DropoutLayer, "type">): DropoutLayer => typedData("dropout", options, "rate: 0.2");

export const dropoutKind: LayerKind<DropoutLayer> = {
  options: { rate: [share] },
  takes: "numbers",
  passes: true,
  bare: true,

  plan({ rate }, planner): LayerPlan {
    const units = planner.inputs;
    const index = planner.count("dropout");
    return {
      units,
      /** Outside training its output is its input. The backward pass works in place, on the gradient of the layer below. */
      stage({ kernels, panels, width, T, mode, seed, buffer }, below): Stage {
        if (mode !== "train") return { ...below, forward() {}, backward() {} };
        const [key0, key1] = keys(seed);
        const values = panels * pad4(units) * width;
        const output = buffer(T, values);
        const { gradient } = below;
        const factor = 1 / (1 - rate);
        return {
          output,
          gradient,
          forward(T, update) {
            kernels.dropout(output, below.output, T * values, rate, factor, update, index, key0, key1);
          },
          backward(T, update) {
            if (gradient !== 0) kernels.dropout(gradient, gradient, T * values, rate, factor, update, index, key0, key1);
          },
        };
      },
    };
  },
};
