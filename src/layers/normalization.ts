/** Layer normalisation between layers. */

import { DENSE } from "../../assembly/codes.js";
import { typedData } from "../core/check.js";
import { pad4 } from "./packing.js";
import type { LayerKind, LayerPlan } from "./plan.js";
import type { Stage, Workspace } from "./stage.js";

/** Scales each step's values to mean 0 and variance 1, times a gain, plus a bias (Ba, Kiros & Hinton 2016); PyTorch's `nn.LayerNorm`. */
export interface NormalizationLayer {
  type: "normalization";
}

/**
 * A layer that normalises the numbers of each step.
 * @example normalization()
 */
export const normalization = (options: Record<string, never> = {}): NormalizationLayer => typedData("normalization", options);

/** Layer normalisation in a window, which stores the mean and deviation of each step; `gain` and `bias` are offsets. */
export function normalising(
  { kernels, params, T, panels: P, width, buffer }: Workspace,
  units: number,
  gain: number,
  bias: number,
  code: number,
) {
  const slot = 8 * P * Math.max(width, 4);
  const statistics = buffer(T, slot / 4);
  return {
    /** Normalises `steps` steps from t on. @param adds to y instead of overwriting it */
    forward(y: number, x: number, t: number, steps: number, adds = false): void {
      kernels.normalizeForward(y, x, statistics + t * slot, params + gain, params + bias, adds, steps * P, units, code, width);
    },
    /** @param dx may be dy, or x */
    backward(dx: number, dy: number, x: number, t: number, steps: number, gradients: number): void {
      const [dgain, dbias] = [gradients + gain, gradients + bias];
      kernels.normalizeBackward(dx, dgain, dbias, dy, x, statistics + t * slot, params + gain, steps * P, units, code, width);
    },
  };
}

export const normalizationKind: LayerKind<NormalizationLayer> = {
  options: {},
  takes: "numbers",

  plan(_, planner): LayerPlan {
    const units = planner.inputs;
    const name = planner.name("normalization");
    const N = pad4(units);
    const [gain, bias] = [planner.params.add(N), planner.params.add(N)];
    const at = (row: number) => row;
    planner.parameter(gain, "gain", `${name}.weight`, [units], units, at);
    planner.parameter(bias, "shift", `${name}.bias`, [units], units, at);
    return {
      units,
      stage(workspace, below): Stage {
        const { T, panels: P, width } = workspace;
        const [output, gradient] = [workspace.buffer(T, P, N, width), workspace.gradient(N)];
        const norm = normalising(workspace, units, gain, bias, DENSE);
        return {
          output,
          gradient,
          forward(T) {
            norm.forward(output, below.output, 0, T);
          },
          backward(T, _, gradients) {
            // Where nothing below learns, nobody reads the gradient of the input: it goes over that of the output.
            norm.backward(below.gradient || gradient, gradient, below.output, 0, T, gradients);
          },
        };
      },
    };
  },
};
