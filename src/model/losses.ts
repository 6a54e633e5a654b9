/** The losses, as plain data. */

import { BCE, HUBER, MAE, MSE, QUANTILE } from "../../assembly/codes.js";
import type { Option, Refuse } from "../core/check.js";
import {
  atLeast0,
  complete,
  each,
  either,
  fail,
  finite,
  inBounds,
  indexBelow,
  integerIn,
  named,
  numbers,
  oneOf,
  probability,
  share,
  typedData,
  typeOf,
} from "../core/check.js";
import type { Kernels } from "../core/kernels.js";
import type { CtcLoss } from "./ctcLoss.js";
import { type CustomLoss, checkFunction, runCustom } from "./customLoss.js";
import type { Panels } from "./panels.js";
import type { HeadScale, Outputs } from "./scale.js";

interface Reduced {
  /**
   * The function that updates differentiate: the mean over the targets of the window, or the sum of the same terms, as in the LSTM paper
   * of 1997. Reported losses are means in either case. Default "mean".
   */
  reduction?: "mean" | "sum";
}

interface OfNumbers extends Reduced {
  /** "ignore": NaN stands for a missing target, and the mean is over the others. Default "refuse". */
  missing?: "refuse" | "ignore";
}

/** Mean squared error over outputs and steps, not halved; targets are as many numbers as the model has outputs. */
export interface MseLoss extends OfNumbers {
  type: "mse";
}

/** Mean absolute error over outputs and steps; PyTorch's `L1Loss`. */
export interface MaeLoss extends OfNumbers {
  type: "mae";
}

/** Half the squared error where it is below `delta`, linear beyond (Huber 1964); mean over outputs and steps. */
export interface HuberLoss extends OfNumbers {
  type: "huber";
  /** The size of the error from which on the loss is linear, above 0 to 1e6. Default 1. */
  delta?: number;
}

/** Binary cross-entropy of logits in nats, mean over outputs and steps; targets are probabilities, from 0 to 1. */
export interface BinaryCrossEntropyLoss extends OfNumbers {
  type: "binaryCrossEntropy";
}

/** Softmax and cross-entropy in nats, mean over steps; a target is the index of the right output. */
export interface CrossEntropyLoss extends Reduced {
  type: "crossEntropy";
  /** Steps with this target do not count. Default -100, as in PyTorch. */
  ignoreIndex?: number;
  /** Weight of each class as a target, 0 or more; the mean is over the targets' weights. Default null: all 1. */
  classWeights?: ArrayLike<number> | null;
  /** This share of each target, from 0 to below 1, is spread evenly over all classes (Szegedy et al. 2016). Default 0. */
  labelSmoothing?: number;
}

/**
 * Pinball loss of one or several quantiles of each target (Koenker & Bassett 1978), mean over quantiles, targets and steps. The model has
 * an output for each: of Q quantiles, quantile q of target k is output k Q + q. Targets are outputs / Q numbers.
 */
export interface QuantileLoss extends OfNumbers {
  type: "quantile";
  /** Each between 0 and 1; their number must divide that of the model's outputs. */
  quantiles: readonly number[];
}

/**
 * Negative log-likelihood of normal distributions whose means and variances are the model's outputs (Nix & Weigend 1994), without the
 * constant, mean over targets and steps. The first half of the outputs are the means, the second half the logarithms of the
 * variances. Targets are half as many numbers as the model has outputs.
 */
export interface GaussianNllLoss extends OfNumbers {
  type: "gaussianNLL";
}

/** A loss as plain data, made by `mse`, `crossEntropy`, `quantile`, … */
export type Loss =
  | MseLoss
  | MaeLoss
  | HuberLoss
  | BinaryCrossEntropyLoss
  | CrossEntropyLoss
  | CtcLoss
  | QuantileLoss
  | GaussianNllLoss
  | CustomLoss;

/**
 * Mean squared error.
 * @example createTrainer(model, { loss: mse() }) // or loss: "mse", or mse({ reduction: "sum" })
 */
export const mse = (options: Omit<MseLoss, "type"> = {}): MseLoss => typedData("mse", options, 'reduction: "sum"');
/**
 * Mean absolute error.
 * @example createTrainer(model, { loss: mae() }) // or loss: "mae"
 */
export const mae = (options: Omit<MaeLoss, "type"> = {}): MaeLoss => typedData("mae", options, 'reduction: "sum"');
/**
 * Huber's loss: squared for small errors, linear for large ones.
 * @example createTrainer(model, { loss: huber({ delta: 0.5 }) }) // or loss: "huber"
 */
export const huber = (options: Omit<HuberLoss, "type"> = {}): HuberLoss => typedData("huber", options, "delta: 0.5");
/**
 * Binary cross-entropy: for outputs that are each yes or no.
 * @example createTrainer(model, { loss: binaryCrossEntropy() }) // or loss: "binaryCrossEntropy"
 */
export const binaryCrossEntropy = (options: Omit<BinaryCrossEntropyLoss, "type"> = {}): BinaryCrossEntropyLoss =>
  typedData("binaryCrossEntropy", options, 'reduction: "sum"');
/**
 * Softmax and cross-entropy: for one class out of several.
 * @example createTrainer(model, { loss: crossEntropy({ ignoreIndex: 0 }) }) // or loss: "crossEntropy"
 */
export const crossEntropy = (options: Omit<CrossEntropyLoss, "type"> = {}): CrossEntropyLoss =>
  typedData("crossEntropy", options, "ignoreIndex: 0");

/**
 * Pinball loss: outputs become quantiles of each target.
 * @example createTrainer(model, { loss: quantile({ quantiles: [0.1, 0.5, 0.9] }) }) // the model has three outputs
 */
export const quantile = (options: Omit<QuantileLoss, "type">): QuantileLoss => typedData("quantile", options, "quantiles: [0.1, 0.5, 0.9]");
/**
 * Gaussian likelihood: outputs become a mean and a variance for each target.
 * @example createTrainer(model, { loss: gaussianNLL() }) // or loss: "gaussianNLL"; the model has two outputs for each target
 */
export const gaussianNLL = (options: Omit<GaussianNllLoss, "type"> = {}): GaussianNllLoss =>
  typedData("gaussianNLL", options, 'reduction: "sum"');

/** The kind of targets that a loss takes. */
interface TargetKind {
  /** Numbers for each step. */
  per: number;
  /** Outputs for each target, one after the other. Default 1. */
  copies?: number;
  /** Whether targets are classes, stored as i32, one for each step. */
  classes?: boolean;
  refuse: Refuse;
  /** The value that stands for a missing target. */
  ignored?: number;
  /** Weight of each class in the mean. */
  classWeights?: ArrayLike<number> | null;
}

/** A loss as other files see it. To add one, add a row to RULES, and a line or a kernel in assembly/loss.ts. */
interface Rule<L> {
  /** The meaning of the outputs where the model's scaler standardises targets. */
  scaled?: Outputs;
  /** Whether the targets are the labels of a whole sequence, not of its steps; then windows hold whole sequences. */
  labels?: true;
  /** @throws RangeError if the loss does not suit the model's outputs */
  fits?(path: string, outputs: number, output: "every" | "last"): void;
  /** The options besides `reduction`. */
  options?(outputs: number): Record<Exclude<keyof L, "type" | "reduction" | "missing">, Option>;
  targets(loss: L, outputs: number): TargetKind;
  /** The number that its kernel needs for each output. */
  perOutput?(loss: L, outputs: number): ArrayLike<number> | null;
  run: Run<L>;
}

/** Calls the kernel. Returns the sum over all steps, times the scale; a loss leaves the gradient of that in `dy`. */
export type Run<L = Required<Loss>> = (kernels: Kernels, loss: L, panels: Panels) => number;

const elementwise = <L extends Loss>(code: number, rest: Partial<Rule<Required<L>>> = {}): Rule<Required<L>> => ({
  targets: (_, outputs) => ({ per: outputs, refuse: finite }),
  // The arguments one by one, as spreading them would be felt in short steps.
  run: (kernels, _, { pointers: [dy, y, target, weight, each, perOutput], sizes: [slots, O, width, scale] }) =>
    kernels.elementwiseLoss(dy, y, target, weight, each, perOutput, code, slots, O, width, scale),
  ...rest,
});

const inside = inBounds({ min: 0, aboveMin: true, max: 1, belowMax: true });

const RULES: { [T in Loss["type"]]: Rule<Required<Extract<Loss, { type: T }>>> } = {
  mse: elementwise(MSE, { scaled: "values" }),
  mae: elementwise(MAE, { scaled: "values" }),
  huber: elementwise<HuberLoss>(HUBER, {
    scaled: "values",
    options: () => ({ delta: [inBounds({ min: 0, aboveMin: true, max: 1e6 }), 1] }),
    perOutput: ({ delta }, outputs) => new Float32Array(outputs).fill(delta),
  }),
  binaryCrossEntropy: elementwise(BCE, { targets: (_, outputs) => ({ per: outputs, refuse: probability }) }),
  quantile: elementwise<QuantileLoss>(QUANTILE, {
    scaled: "quantile",
    options: (outputs) => ({
      quantiles: [
        (path, value) => {
          const list = each(inside, "an array of numbers in (0, 1)")(path, value);
          if (list.length === 0 || outputs % list.length > 0) {
            fail(RangeError, path, `a number of quantiles that divides the model's ${outputs} outputs`, value);
          }
          return list;
        },
      ],
    }),
    targets: ({ quantiles: { length } }, outputs) => ({ per: outputs / length, copies: length, refuse: finite }),
    perOutput: ({ quantiles }, outputs) => Float32Array.from({ length: outputs }, (_, k) => quantiles[k % quantiles.length] as number),
  }),
  gaussianNLL: {
    scaled: "gaussianNLL",
    fits(path, outputs) {
      if (outputs % 2 > 0) fail(RangeError, path, "a model with two outputs for each target for gaussianNLL", outputs);
    },
    targets: (_, outputs) => ({ per: outputs / 2, refuse: finite }),
    run: (kernels, _, { pointers: [dy, y, target, weight, each], sizes }) => kernels.gaussianLoss(dy, y, target, weight, each, ...sizes),
  },
  crossEntropy: {
    fits(path, outputs) {
      if (outputs < 2) fail(RangeError, path, "a model with at least two outputs for crossEntropy, one for each class", outputs);
    },
    options: (outputs) => ({
      ignoreIndex: [integerIn(-(2 ** 31), 2 ** 31 - 1), -100],
      // In f32, as the kernel sees them.
      classWeights: [either(null, (path, value) => Array.from(numbers(path, value, outputs, atLeast0), Math.fround)), null],
      labelSmoothing: [share, 0],
    }),
    targets: ({ ignoreIndex, classWeights }, outputs) => {
      return { per: 1, classes: true, refuse: indexBelow(outputs, ignoreIndex), ignored: ignoreIndex, classWeights };
    },
    perOutput: ({ classWeights, labelSmoothing }, outputs) =>
      classWeights ?? (labelSmoothing > 0 ? new Float32Array(outputs).fill(1) : null),
    run: (kernels, { labelSmoothing }, { pointers: [dy, y, target, weight, , perOutput], sizes }) =>
      kernels.softmaxCrossEntropy(dy, y, target, weight, perOutput, labelSmoothing, ...sizes),
  },
  ctc: {
    labels: true,
    fits(path, outputs, output) {
      if (outputs < 2)
        fail(RangeError, path, "a model with at least two outputs for ctc, one for each label and one for the blank", outputs);
      if (output === "last") fail(RangeError, path, 'a model with output "every" for ctc, which aligns labels with steps', "ctc");
    },
    options: (outputs) => ({ blank: [integerIn(0, outputs - 1), 0] }),
    targets: ({ blank }, outputs) => {
      const known = indexBelow(outputs);
      return { per: 1, classes: true, refuse: (label) => (label === blank ? `a label other than ${blank}, the blank` : known(label)) };
    },
    run: (kernels, { blank }, { pointers: [dy, y, target, weight], sizes: [slots, ...sizes], panels, lengths, scratch }) =>
      kernels.ctcLoss(dy, y, target, weight, lengths, scratch, blank, slots / panels, panels, ...sizes),
  },
  custom: {
    scaled: "values",
    options: (outputs) => ({ compute: [checkFunction], targets: [integerIn(1, outputs), outputs] }),
    targets: ({ targets }) => ({ per: targets, refuse: finite }),
    run: runCustom,
  },
};

/** The row of a loss. The cast is needed because the compiler cannot see that a loss and the row of its type belong together. */
export const ruleOf = ({ type }: Pick<Loss, "type">) => RULES[type] as unknown as Rule<Required<Loss>>;

/**
 * @param outputs of the model, or of its head
 * @throws TypeError, RangeError; RangeError if the model standardises targets, but the loss has none to standardise
 */
export function checkLoss(
  path: string,
  value: unknown,
  outputs: number,
  output: "every" | "last",
  { targets, outputs: kind }: HeadScale,
): Required<Loss> {
  const given = named(path, value, RULES);
  const type = typeOf(path, given, RULES, 'a loss such as "mse"');
  const rule = ruleOf({ type });
  rule.fits?.(path, outputs, output);
  const reduction = [oneOf("mean", "sum"), "mean"] as const;
  const missing = rule.labels || type === "crossEntropy" ? {} : { missing: [oneOf("refuse", "ignore"), "refuse"] as const };
  const own = { type: [() => type] as const, reduction, ...missing, ...rule.options?.(outputs) };
  const loss = complete(path, given, own) as unknown as Required<Loss>;
  // The user knows the meaning of the outputs of a custom loss.
  if (targets && rule.scaled !== kind && type !== "custom") {
    const known = Object.keys(RULES).filter((type) => ruleOf({ type } as Loss).scaled === kind);
    fail(RangeError, path, `${known.length > 1 ? "one of " : ""}${known.join(", ")}, as the model's scaler.outputs is "${kind}"`, type);
  }
  const { length } = targets?.mean ?? [];
  const { per } = rule.targets(loss, outputs);
  if (targets && length !== per) fail(RangeError, path, `a loss of ${length} targets, as scaler.targets has them`, per);
  return loss;
}
