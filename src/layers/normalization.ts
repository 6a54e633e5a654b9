/** Layer normalisation between layers. */

import type { LayerKind, LayerPlan, Stage } from "../layer.js";
import { pad4 } from "../table.js";
import { DENSE } from "./cells.js";

/** Brings the values of each step to mean 0 and variance 1, then times a gain and plus a bias (Ba, Kiros & Hinton 2016); `nn.LayerNorm`. */
export interface NormalizationLayer {
  type: "normalization";
}

/** @example normalization() */
export const normalization = (): NormalizationLayer => ({ type: "normalization" });

export const normalizationKind: LayerKind<NormalizationLayer> = {
  options: {},

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
      rows: 4,
      stage({ kernels, params, panels: P, width, T, buffer, gradient: gradientFor }, below): Stage {
        const [output, gradient, statistics] = [buffer(T, P, N, width), gradientFor(N), buffer(T, P, 2, Math.max(width, 4))];
        return {
          output,
          gradient,
          forward(T) {
            kernels.normalizeForward(output, below.output, statistics, params + gain, params + bias, false, T * P, units, DENSE, width);
          },
          backward(T, _, gradients) {
            // Where nothing below learns, the gradient of the input takes the place of the output's.
            const [dx, dgain, dbias] = [below.gradient || gradient, gradients + gain, gradients + bias];
            kernels.normalizeBackward(dx, dgain, dbias, gradient, below.output, statistics, params + gain, T * P, units, DENSE, width);
          },
        };
      },
    };
  },
};
