/** The lower end of a recurrent layer: weights that multiply numbers, and a table with a row for each token. */

import type { EngineParts } from "../core/memory.js";
import type { Initializer, Role } from "./initializers.js";
import { pad4 } from "./packing.js";
import type { Parameter, Planner } from "./plan.js";
import type { Stage, Workspace } from "./stage.js";

/** A layer's own initial weights. */
export type Initials = { [K in "weights" | "recurrent" | "bias"]?: Required<Initializer> };

export type Reading = ReturnType<typeof reading>;

/**
 * @param rows of the layer, padded: the size of the product of inputs and state
 * @param initial the layer's own choices; other parameters start as `otherwise` says, or else as the model's preset does
 */
export function reading(
  planner: Planner,
  suffix: string,
  fan: number,
  rows: number,
  initial: Initials = {},
  otherwise?: Required<Initializer>,
) {
  const { params, derived, learnsBelow, below: source } = planner;
  const { inputs, tokens, gathered } = source;
  const features = inputs - tokens;
  const I = pad4(features);
  const table = tokens ? params.add(tokens, rows) : 0;
  const inputT = learnsBelow ? derived.add(I, rows) : 0;
  const own: Partial<Record<Role, Required<Initializer> | undefined>> = {
    input: initial.weights,
    recurrent: initial.recurrent,
    bias: initial.bias,
    spread: initial.bias,
  };
  const add = (role: Role, name: string, shape: number[], offset: number, at: Parameter["at"], rows?: Parameter["rows"]) =>
    planner.parameter(offset, role, name + suffix, shape, fan, at, own[role] ?? otherwise, rows);
  return {
    /** Inputs that weights multiply. Tokens gather rows of the table, [tokens][rows], `gathered` a step. The table is 0 if there are none. */
    features,
    table,
    tokens,
    gathered,
    /** Adds a parameter of the layer, at `offset`. */
    add,
    /** Adds `weight_ih`: columns of numbers at `offset`, those of tokens in the table, their rows placed by `row`. */
    weights(count: number, row: (r: number) => number, offset: number, at: Parameter["at"]): void {
      const first = (table - offset) / 4;
      add("input", "weight_ih", [count, inputs], offset, (r, column) => {
        const place = source.place(column);
        return place < 0 ? first + ~place * rows + row(r) : at(r, place);
      });
      planner.row.multiplications -= count * tokens;
    },
    /** Transposes the weights at `offset`, whose first columns are those of the inputs. */
    refresh({ kernels, params, derived }: EngineParts, offset: number, groups: number, columns: number): void {
      if (inputT) kernels.transposeWeights(derived + inputT, params + offset, groups, rows, 0, I, columns);
    },
    /** Sums the tokens' rows and a bias into `net` [T][P][rows][width]. */
    gather({ kernels, params, panels, width, T: longest }: Workspace, below: Stage, net: number, bias: number, T: number): void {
      const apart = 4 * longest * panels * width;
      kernels.embeddingForward(net, below.tokens as number, params + table, bias, gathered, apart, T * panels, rows, width);
    },
    /** The gradients of the table and of the inputs from that of the pre-activations. */
    backward(
      { kernels, derived, panels, width, scratch, T: longest }: Workspace,
      below: Stage,
      dNet: number,
      gradients: number,
      code: number,
      T: number,
    ): void {
      const [tokens, apart] = [below.tokens as number, 4 * longest * panels * width];
      if (table) kernels.embeddingBackward(gradients + table, dNet, tokens, scratch, code, gathered, apart, T * panels, rows, width);
      if (inputT && below.gradient) kernels.matmul(below.gradient, dNet, derived + inputT, T * panels, rows, I, width);
    },
  };
}
