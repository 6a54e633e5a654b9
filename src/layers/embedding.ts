/** A learned vector for each token. */

import { DENSE } from "../../assembly/codes.js";
import { size, typedData } from "../core/check.js";
import { type Initial, initials } from "./initializers.js";
import { pad4 } from "./packing.js";
import type { LayerKind, LayerPlan } from "./plan.js";
import type { Initials } from "./reading.js";
import type { Stage } from "./stage.js";

/** A learned vector for each token; PyTorch's `nn.Embedding`. The first layer of a model with tokens as input. */
export interface EmbeddingLayer {
  type: "embedding";
  /** Length of the vectors. */
  units: number;
  /** Initial vectors. Default: those of the model's `initial`. */
  initial?: Initial<"weights">;
}

/**
 * A layer that turns each token into `units` learned numbers.
 * @example embedding({ units: 32 })
 */
export const embedding = (options: Omit<EmbeddingLayer, "type">): EmbeddingLayer => typedData("embedding", options, "units: 32");

export const embeddingKind: LayerKind<EmbeddingLayer> = {
  options: { units: [size], initial: initials("weights") },
  takes: "tokens",

  plan({ units, initial = {} }, planner): LayerPlan {
    const name = planner.name("embedding");
    const tokens = planner.inputs;
    const N = pad4(units);
    const table = planner.params.add(pad4(tokens), N);
    planner.embedding = { table, tokens, units };
    const at = (token: number, column: number) => token * N + column;
    const { weights } = initial as Initials;
    planner.parameter(table, "embedding", `${name}.weight`, [tokens, units], units, at, weights);
    planner.row.multiplications = 0;
    return {
      units,
      stage({ kernels, params, panels: P, width, T, scratch, buffer, gradient: gradientFor }, below): Stage {
        const [output, gradient] = [buffer(T, P, N, width), gradientFor(N)];
        return {
          output,
          gradient,
          forward(T) {
            kernels.embeddingForward(output, below.tokens as number, params + table, 0, 1, 0, T * P, N, width);
          },
          backward(T, _, gradients) {
            kernels.embeddingBackward(gradients + table, gradient, below.tokens as number, scratch, DENSE, 1, 0, T * P, N, width);
          },
        };
      },
    };
  },
};
