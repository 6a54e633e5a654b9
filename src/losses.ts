/** The losses, as plain data. */

import { fail, integer, oneOf, options } from "./check.js";

/** Mean squared error over outputs and steps; targets are as many numbers as the model has outputs. */
export interface MseLoss {
  type: "mse";
}

/** Softmax and cross-entropy in nats, mean over steps; a target is the index of the right output. */
export interface CrossEntropyLoss {
  type: "crossEntropy";
  /** Steps with this target do not count. Default -100, as in PyTorch. */
  ignoreIndex?: number;
}

export type Loss = MseLoss | CrossEntropyLoss;

/** @example createTrainer(model, { loss: mse() }) // or loss: "mse" */
export const mse = (): MseLoss => ({ type: "mse" });
/** @example createTrainer(model, { loss: crossEntropy({ ignoreIndex: 0 }) }) // or loss: "crossEntropy" */
export const crossEntropy = (options: Omit<CrossEntropyLoss, "type"> = {}): CrossEntropyLoss => ({
  ...options,
  type: "crossEntropy",
});

/** How each loss is checked, and what its targets are: a new loss is a row here and one in network. */
const CHECKS: { [T in Loss["type"]]: (path: string, loss: Record<string, unknown>) => Required<Extract<Loss, { type: T }>> } = {
  mse: (path, loss) => {
    options(path, loss, ["type"]);
    return { type: "mse" };
  },
  crossEntropy: (path, loss) => {
    options(path, loss, ["type", "ignoreIndex"]);
    const ignoreIndex = loss.ignoreIndex === undefined ? -100 : integer(`${path}.ignoreIndex`, loss.ignoreIndex, Number.MIN_SAFE_INTEGER);
    return { type: "crossEntropy", ignoreIndex };
  },
};

/** @param outputs of the model that it is for */
export function checkLoss(path: string, value: unknown, outputs: number): Required<Loss> {
  const loss = typeof value === "string" ? { type: value } : value;
  if (typeof loss !== "object" || loss === null) fail(TypeError, path, 'a loss such as "mse"', value);
  const types = Object.keys(CHECKS) as Loss["type"][];
  const type = oneOf(typeof value === "string" ? path : `${path}.type`, (loss as { type?: unknown }).type, types);
  if (type === "crossEntropy" && outputs < 2) {
    throw new RangeError(`"${path}" expected a model with at least two outputs for crossEntropy, one for each class, got ${outputs}`);
  }
  return CHECKS[type](path, loss as Record<string, unknown>);
}
