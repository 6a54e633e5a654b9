/** The losses, as plain data. */

import { fail, integer, number, oneOf, options } from "./check.js";

/** Mean squared error over outputs and steps; targets are as many numbers as the model has outputs. */
export interface MseLoss {
  type: "mse";
}

/** Mean absolute error over outputs and steps; PyTorch's `L1Loss`. */
export interface MaeLoss {
  type: "mae";
}

/** Half the squared error where it is below `delta`, linear beyond (Huber 1964); mean over outputs and steps. */
export interface HuberLoss {
  type: "huber";
  /** Default 1. */
  delta?: number;
}

/** Binary cross-entropy of logits in nats, mean over outputs and steps; targets are probabilities, from 0 to 1. */
export interface BinaryCrossEntropyLoss {
  type: "binaryCrossEntropy";
}

/** Softmax and cross-entropy in nats, mean over steps; a target is the index of the right output. */
export interface CrossEntropyLoss {
  type: "crossEntropy";
  /** Steps with this target do not count. Default -100, as in PyTorch. */
  ignoreIndex?: number;
}

export type Loss = MseLoss | MaeLoss | HuberLoss | BinaryCrossEntropyLoss | CrossEntropyLoss;

/** @example createTrainer(model, { loss: mse() }) // or loss: "mse" */
export const mse = (): MseLoss => ({ type: "mse" });
/** @example createTrainer(model, { loss: mae() }) // or loss: "mae" */
export const mae = (): MaeLoss => ({ type: "mae" });
/** @example createTrainer(model, { loss: huber({ delta: 0.5 }) }) // or loss: "huber" */
export const huber = (options: Omit<HuberLoss, "type"> = {}): HuberLoss => ({ ...options, type: "huber" });
/** @example createTrainer(model, { loss: binaryCrossEntropy() }) // or loss: "binaryCrossEntropy" */
export const binaryCrossEntropy = (): BinaryCrossEntropyLoss => ({ type: "binaryCrossEntropy" });
/** @example createTrainer(model, { loss: crossEntropy({ ignoreIndex: 0 }) }) // or loss: "crossEntropy" */
export const crossEntropy = (options: Omit<CrossEntropyLoss, "type"> = {}): CrossEntropyLoss => ({
  ...options,
  type: "crossEntropy",
});

/** The codes in assembly/loss.ts of the losses that are a sum over outputs. A new one is a row here and a line there. */
export const ELEMENTWISE = { mse: 0, mae: 1, huber: 2, binaryCrossEntropy: 3 } as const;

/** Whether a loss's targets are what the outputs are, numbers in the same units, so that a model's scaler standardises them. */
const SCALED: Record<Loss["type"], boolean> = { mse: true, mae: true, huber: true, binaryCrossEntropy: false, crossEntropy: false };

/** @throws RangeError if the model standardises targets, and the loss has none to standardise */
export function checkScaled(path: string, { type }: Loss, { targets }: { targets?: unknown }): void {
  if (targets && !SCALED[type]) {
    const known = Object.keys(SCALED).filter((name) => SCALED[name as Loss["type"]]);
    fail(RangeError, path, `one of ${known.join(", ")}, as the model has scaler.targets`, type);
  }
}

const plain =
  <T extends Loss["type"]>(type: T) =>
  (path: string, loss: Record<string, unknown>) => {
    options(path, loss, ["type"]);
    return { type };
  };

/** How each loss is checked. */
const CHECKS: { [T in Loss["type"]]: (path: string, loss: Record<string, unknown>) => Required<Extract<Loss, { type: T }>> } = {
  mse: plain("mse"),
  mae: plain("mae"),
  binaryCrossEntropy: plain("binaryCrossEntropy"),
  huber: (path, loss) => {
    options(path, loss, ["type", "delta"]);
    const delta = loss.delta === undefined ? 1 : number(`${path}.delta`, loss.delta, { min: 0, aboveMin: true, max: 1e6 });
    return { type: "huber", delta };
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
