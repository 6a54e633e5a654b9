/** One vector out of all steps of a sequence. The layers above run once a sequence. */

import { DENSE } from "../../assembly/codes.js";
import { ACTIVATIONS } from "../core/activations.js";
import { oneOf, size, typedData } from "../core/check.js";
import { packedRow, packedWeight, pad4 } from "./packing.js";
import type { LayerKind, LayerPlan, Planner } from "./plan.js";
import type { Stage, Workspace } from "./stage.js";

/**
 * Makes one vector out of a sequence. The layers above it run once a sequence instead of at every step, and the model has one output
 * and one target for each. So no layer that needs steps may stand above it.
 */
export interface PoolingLayer {
  type: "pooling";
  /**
   * - "last": the values of the last step; from a bidirectional layer the final states of both directions. A stream gives them at every
   *   step.
   * - "mean", "max": of each value over all steps.
   * - "attention": the sum over steps of a(t) x(t), a = softmax of v tanh(W x(t) + b): each sequence learns where to look (Bahdanau et al.
   *   2015; in this form Yang et al. 2016).
   *
   * All but "last" need whole sequences: `window: Infinity`, no streams.
   */
  kind: "last" | "mean" | "max" | "attention";
  /** Rows of W, of "attention". Default: as many as inputs. */
  units?: number;
}

/**
 * A layer that makes one vector out of all steps of a sequence.
 * @example pooling({ kind: "attention" })
 */
export const pooling = (options: Omit<PoolingLayer, "type">): PoolingLayer => typedData("pooling", options, 'kind: "last"');

export const poolingKind: LayerKind<PoolingLayer> = {
  options: { kind: [oneOf("last", "mean", "max", "attention")], units: size },
  takes: "numbers",
  steps: true,
  bare: true,

  refuse(path, { kind, units }) {
    if (units !== undefined && kind !== "attention") throw new RangeError(`"${path}.units" is for kind: "attention"`);
  },

  plan({ kind, units: wanted }, planner): LayerPlan {
    const { inputs: units } = planner;
    const N = pad4(units);
    const scoring = kind === "attention" ? scores(planner, wanted ?? units) : null;
    return {
      units,
      pools: true,
      ...(kind !== "last" && { whole: `pooling of kind "${kind}"` }),
      ...(scoring && { refresh: scoring.refresh }),
      stage(workspace, below): Stage {
        const { kernels, lengths, panels: P, width, T: longest, buffer } = workspace;
        // In a window of one step, a stream's, that step is the last one.
        if (kind === "last" && longest === 1) {
          return { output: below.output, gradient: below.gradient || workspace.gradient(N, 1), forward() {}, backward() {} };
        }
        const [output, gradient] = [buffer(P, N, width), workspace.gradient(N, 1)];
        const { output: x, gradient: dx } = below;
        if (kind === "last" || kind === "max") {
          const taken = buffer(P, N, width);
          return {
            output,
            gradient,
            forward: (T) => kernels.pickForward(output, taken, x, lengths, kind === "max", T, P, N, width),
            backward: (T) => dx && kernels.pickBackward(dx, gradient, taken, T, P * N * width),
          };
        }
        const share = buffer(longest, P, width);
        const net = scoring?.stage(workspace, below);
        return {
          output,
          gradient,
          forward(T) {
            net?.forward(T);
            kernels.weighForward(output, share, x, net?.output ?? 0, lengths, T, P, N, width);
          },
          backward(T, _, gradients) {
            kernels.weighBackward(dx, net?.gradient ?? 0, gradient, output, share, x, T, P, N, width);
            net?.backward(T, gradients);
          },
        };
      },
    };
  },
};

/** The scores v tanh(W x(t) + b) of all steps: [T][P][4][width], of which the first row is used. */
function scores(planner: Planner, units: number) {
  const { inputs, learnsBelow, params, derived } = planner;
  const name = planner.name("pooling");
  const [I, A] = [pad4(inputs), pad4(units)];
  const [weight, bias, v] = [params.add(A, I), params.add(A), params.add(4, A)];
  const [row, one] = [packedRow(units, 1, [0]), packedRow(1, 1, [0])];
  planner.parameter(weight, "dense", `${name}.weight`, [units, inputs], inputs, packedWeight(row, 1, I));
  planner.parameter(bias, "bias", `${name}.bias`, [units], inputs, row);
  planner.parameter(v, "dense", `${name}.v`, [1, units], units, packedWeight(one, 1, A));
  // A row of zeros, as the scores have no bias, and the transposed packs.
  const [none, vT, inputT] = [derived.add(4), derived.add(A, 4), learnsBelow ? derived.add(I, A) : 0];
  return {
    refresh({ kernels, params, derived }: Pick<Workspace, "kernels" | "params" | "derived">) {
      kernels.transposeWeights(derived + vT, params + v, 1, 4, 0, A, A);
      if (inputT) kernels.transposeWeights(derived + inputT, params + weight, 1, A, 0, I, I);
    },
    stage(workspace: Workspace, { output: x, gradient: dx }: Stage) {
      const { kernels, params, derived, mode, panels: P, width, T: longest, buffer } = workspace;
      const train = mode === "train";
      const [u, output] = [buffer(longest, P, A, width), buffer(longest, P, 4, width)];
      const [du, gradient] = train ? [buffer(longest, P, A, width), buffer(longest, P, 4, width)] : [0, 0];
      const [ofV, ofW] = [workspace.weightGradient(DENSE, 4), workspace.weightGradient(DENSE, A)];
      return {
        output,
        gradient,
        forward(T: number) {
          kernels.denseForward(u, x, params + weight, params + bias, T * P, I, A, width);
          kernels.activationForward(u, ACTIVATIONS.tanh, 0, T * P, units, width);
          kernels.denseForward(output, u, params + v, derived + none, T * P, A, 4, width);
        },
        backward(T: number, gradients: number) {
          ofV(gradients + v, 0, 0, gradient, u, 0, A, 0, T * P);
          kernels.matmul(du, gradient, derived + vT, T * P, 4, A, width);
          kernels.activationBackward(du, u, ACTIVATIONS.tanh, 0, T * P * A * width);
          ofW(gradients + weight, gradients + bias, 0, du, x, 0, I, 0, T * P);
          if (inputT && dx) kernels.product(dx, du, derived + inputT, 0, DENSE, T * P, A, I, width);
        },
      };
    },
  };
}
