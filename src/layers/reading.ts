/** The lower end of a recurrent layer: weights that multiply its inputs, or a table with a row for each token. */

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
  const { params, derived, inputs, tokens, learnsBelow } = planner;
  const features = tokens ? 0 : inputs;
  const I = pad4(features);
  const table = tokens ? params.add(inputs, rows) : 0;
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
    /** Inputs that weights multiply; 0 for tokens, which gather rows of the table, [tokens][rows]. The table is 0 for features. */
    features,
    table,
    tokens: tokens ? inputs : 0,
    /** Adds a parameter of the layer, at `offset`. */
    add,
    /** Adds `weight_ih`: to the table, its rows placed by `row`, or at `offset`. */
    weights(count: number, row: (r: number) => number, offset: number, at: Parameter["at"]): void {
      const inTable = (r: number, token: number) => token * rows + row(r);
      add("input", "weight_ih", [count, inputs], table || offset, table ? inTable : at);
      if (table) planner.row.multiplications -= count * inputs;
    },
    /** Transposes the weights at `offset`, whose first columns are those of the inputs. */
    refresh({ kernels, params, derived }: EngineParts, offset: number, groups: number, columns: number): void {
      if (inputT) kernels.transposeWeights(derived + inputT, params + offset, groups, rows, 0, I, columns);
    },
    /** Sums the tokens' rows and a bias into `net` [T][P][rows][width]. */
    gather({ kernels, params, panels, width }: Workspace, below: Stage, net: number, bias: number, T: number): void {
      kernels.embeddingForward(net, below.output, params + table, bias, T * panels, rows, width);
    },
    /** The gradient of the table, or of the inputs, from that of the pre-activations. */
    backward(
      { kernels, derived, panels, width, scratch }: Workspace,
      below: Stage,
      dNet: number,
      gradients: number,
      code: number,
      T: number,
    ): void {
      if (table) kernels.embeddingBackward(gradients + table, dNet, below.output, scratch, code, T * panels, rows, width);
      else if (inputT) kernels.inputGradient(below.gradient, dNet, derived + inputT, T * panels, I, rows, width);
    },
  };
}
