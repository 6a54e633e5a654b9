/** A loss of the user's own: a function on plain arrays. */

import { fail, finiteNumber, isRecord, numbers, typedData } from "../core/check.js";
import type { Kernels } from "../core/kernels.js";
import { pad4 } from "../layers/packing.js";
import type { Panels } from "./panels.js";

/** The value of a loss of your own, and how it changes with the outputs. */
export interface CustomResult {
  /** The sum over all steps. */
  loss: number;
  /** Its gradient by the outputs, [steps x outputs]. */
  gradient: ArrayLike<number>;
}

/**
 * The steps that have targets, of all sequences of a window: one sequence after the other, step by step.
 * @param outputs [steps x outputs], the model's outputs; in standardised units where the model's scaler has targets
 * @param targets [steps x targets]; 0 where one is missing
 * @param weights [steps x targets], how much each target counts; 0 where one is missing
 */
export type CustomFunction = (outputs: Float32Array, targets: Float32Array, weights: Float32Array) => CustomResult;

/**
 * Your own function of outputs and targets. It returns the **sum** of weight times loss over the steps, and the gradient of that sum.
 * memcell divides both by the sum of the weights (of all numbers of the targets), so that `reduction`, `accumulate` and reports are as for
 * any other loss. Windows and batches are cut as training needs them, so it must be a sum over steps.
 *
 * It runs on the thread that calls: `memcell/parallel` and `memcell/worker` refuse it. Saved trainers do not have the function:
 * `resumeTrainer(bytes, { loss: customLoss(f) })`.
 */
export interface CustomLoss {
  type: "custom";
  /** Your function: see `CustomFunction`. */
  compute: CustomFunction;
  /** Numbers in the targets of a step. Default, and the most: as many as the model has outputs. */
  targets?: number;
  /** "ignore": NaN stands for a missing target; its weight is 0. Default "refuse". */
  missing?: "refuse" | "ignore";
  /** The function that updates differentiate: the mean over the targets, or the sum. Reported losses are means. Default "mean". */
  reduction?: "mean" | "sum";
}

/**
 * A loss of your own.
 * @param compute the sum of weight times loss over some steps, and its gradient
 * @throws TypeError if it is not given a function
 * @example
 * const mse = customLoss((outputs, targets, weights) => {
 *   const gradient = outputs.map((y, i) => 2 * weights[i] * (y - targets[i]));
 *   return { loss: outputs.reduce((sum, y, i) => sum + weights[i] * (y - targets[i]) ** 2, 0), gradient };
 * });
 */
export function customLoss(compute: CustomFunction, options: Omit<CustomLoss, "type" | "compute"> = {}): CustomLoss {
  return { ...typedData("custom", options, "targets: 1"), compute: checkFunction("customLoss", compute) };
}

export const checkFunction = (path: string, value: unknown): CustomFunction =>
  typeof value === "function"
    ? (value as CustomFunction)
    : fail(TypeError, path, "a function (outputs, targets, weights) => ({ loss, gradient })", value);

/** Copies the steps that count out of the window's panels, calls the function, and puts the gradient where the kernels expect it. */
export function runCustom(
  { memory }: Pick<Kernels, "memory">,
  { compute, targets: per }: Required<CustomLoss>,
  { pointers, sizes: [slots, O, width, scale], panels }: Panels,
): number {
  let floats = new Float32Array(memory.buffer);
  const [dy, y, target, weight, each] = pointers.map((pointer) => pointer / 4) as [number, number, number, number, number];
  const rows = pad4(O) * width;
  // Where the outputs of each step begin in a buffer of panels, and its weight.
  const steps: { at: number; counts: number }[] = [];
  for (let row = 0; row < panels * width; row++) {
    const lane = row % width;
    for (let slot = Math.floor(row / width); slot < slots; slot += panels) {
      const counts = floats[weight + slot * width + lane] as number;
      if (counts > 0) steps.push({ at: slot * rows + lane, counts });
    }
  }
  const copy = (of: number, numbers: number) => {
    const list = new Float32Array(steps.length * numbers);
    steps.forEach(({ at }, step) => {
      for (let k = 0; k < numbers; k++) list[step * numbers + k] = floats[of + at + k * width] as number;
    });
    return list;
  };
  const weights = each ? copy(each, per) : new Float32Array(steps.length * per).fill(1);
  const result: unknown = compute(
    copy(y, O),
    copy(target, per),
    weights.map((share, i) => share * (steps[Math.floor(i / per)] as { counts: number }).counts),
  );
  if (!isRecord(result)) fail(TypeError, "customLoss", "{ loss, gradient } from its function", result);
  const loss = finiteNumber("customLoss.loss", result.loss);
  const gradient = numbers("customLoss.gradient", result.gradient, steps.length * O);
  // The function may have used the model, whose memory then grew.
  floats = new Float32Array(memory.buffer);
  floats.fill(0, dy, dy + slots * rows);
  steps.forEach(({ at }, step) => {
    for (let k = 0; k < O; k++) floats[dy + at + k * width] = scale * (gradient[step * O + k] as number);
  });
  return scale * loss;
}
