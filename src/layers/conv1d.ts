/**
 * A causal convolution over time, dilated on request:
 *
 *   y(t) = b + sum over j = 0 .. K-1 of W[j] x(t - (K-1-j) dilation)
 *
 * Before a sequence's first step x is zero. It is the cross-correlation of PyTorch's `nn.Conv1d` with all padding in front. Stacks with
 * growing dilation make up WaveNet (van den Oord et al. 2016) and temporal convolutional networks (Bai et al. 2018).
 */

import { DENSE } from "../../assembly/codes.js";
import { integerIn, size, typedData } from "../core/check.js";
import { type Initial, initials } from "./initializers.js";
import { packedRow, packedWeight, pad4 } from "./packing.js";
import type { LayerKind, LayerPlan } from "./plan.js";
import type { Initials } from "./reading.js";
import type { Stage } from "./stage.js";

/**
 * A convolution over time that sees no step to come (van den Oord et al. 2016): each output is a linear function of `kernel` steps of
 * the inputs, the present one the last; PyTorch's `nn.Conv1d` with zeros before the first step.
 */
export interface Conv1dLayer {
  type: "conv1d";
  /** Outputs; PyTorch's `out_channels`. */
  units: number;
  /** Steps that each output sees; PyTorch's `kernel_size`. */
  kernel: number;
  /** Distance in steps between the steps that an output sees. Default 1. */
  dilation?: number;
  /** Initial weights and biases. Default: those of the model's `initial`. */
  initial?: Initial<"weights" | "bias">;
}

/** The most steps that a layer may look back; its state holds all of them. */
const LONGEST = 4096;

/**
 * A causal convolution over time: `units` outputs at each step, from that step and those before it.
 * @example conv1d({ units: 32, kernel: 3, dilation: 4 })
 */
export const conv1d = (options: Omit<Conv1dLayer, "type">): Conv1dLayer => typedData("conv1d", options, "units: 32, kernel: 3");

export const conv1dKind: LayerKind<Conv1dLayer> = {
  options: { units: [size], kernel: [integerIn(1, LONGEST)], dilation: [integerIn(1, LONGEST), 1], initial: initials("weights", "bias") },

  takes: "numbers",
  steps: true,

  refuse(path, { kernel, dilation = 1 }) {
    const past = (kernel - 1) * dilation;
    if (past > LONGEST) throw new RangeError(`"${path}.dilation" expected to look back ${LONGEST} steps at most, got ${past}`);
  },

  plan({ units, kernel: K, dilation = 1, initial = {} }, planner): LayerPlan {
    const { inputs, learnsBelow, params, derived } = planner;
    const name = planner.name("conv1d");
    const [I, O] = [pad4(inputs), pad4(units)];
    const { weights, bias: initialBias } = initial as Initials;
    // [K][O/4][I][4], [O], and the transposed pack of each W[j]: [K][I/4][O][4].
    const weight = params.add(K, O, I);
    const bias = params.add(O);
    const transposed = learnsBelow ? derived.add(K, I, O) : 0;
    const tap = 4 * O * I;
    const row = packedRow(units, 1, [0]);
    const at = packedWeight(row, 1, I);
    const fan = inputs * K;
    const place = (r: number, column: number) => (column % K) * O * I + at(r, Math.floor(column / K));
    planner.parameter(weight, "dense", `${name}.weight`, [units, inputs, K], fan, place, weights);
    planner.parameter(bias, "bias", `${name}.bias`, [units], fan, row, initialBias);
    const past = (K - 1) * dilation;
    return {
      units,
      carries: past > 0,
      refresh({ kernels, params, derived }) {
        if (!transposed) return;
        for (let j = 0; j < K; j++) kernels.transposeWeights(derived + transposed + j * tap, params + weight + j * tap, 1, O, 0, I, I);
      },
      stage(workspace, below): Stage {
        const { kernels, memory, params, derived, ends, panels: P, width, T: longest, buffer } = workspace;
        const slot = 4 * P * I * width;
        const [output, gradient] = [buffer(longest, P, O, width), workspace.gradient(O)];
        // x with the steps before the window in front: [past + T][P][I][width].
        const x = buffer(past + longest, P, I, width);
        if (past > 0) {
          const unit = (u: number) => Math.floor(u / inputs) * P * I + (u % inputs);
          workspace.carry({ name: name.replace("conv1d", "x"), pointer: x, units: past * inputs, rows: I, slots: past, row: unit });
        }
        const weightGradient = workspace.weightGradient(DENSE, O);
        return {
          output,
          gradient,
          forward(T) {
            for (let s = 0; s < past; s++) kernels.recurrentCarry(x + s * slot, ends, P, inputs, width);
            memory.copy(x + past * slot, below.output, (T * slot) / 4);
            for (let j = 0; j < K; j++) {
              const from = x + j * dilation * slot;
              kernels.product(output, from, params + weight + j * tap, j === 0 ? params + bias : 0, DENSE, T * P, I, O, width);
            }
          },
          backward(T, _, gradients) {
            if (below.gradient) memory.fill(below.gradient, (T * slot) / 4);
            for (let j = 0; j < K; j++) {
              const [shift, db] = [j * dilation, j === 0 ? gradients + bias : 0];
              weightGradient(gradients + weight + j * tap, db, 0, gradient, x + shift * slot, 0, I, 0, T * P);
              // Through this tap the first steps of the window read inputs from before it, which get no gradient.
              const first = past - shift;
              if (!below.gradient || first >= T) continue;
              const dy = gradient + 4 * first * P * O * width;
              kernels.product(below.gradient, dy, derived + transposed + j * tap, 0, DENSE, (T - first) * P, O, I, width);
            }
          },
        };
      },
    };
  },
};
