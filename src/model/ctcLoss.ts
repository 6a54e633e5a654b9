/** Connectionist temporal classification: labels whose place in the sequence is unknown. */

import { typedData } from "../core/check.js";

/**
 * The negative logarithm of the probability of a sequence's labels, over all ways in which its steps may spell them (Graves et al.
 * 2006), in nats; PyTorch's `CTCLoss`. A step says one label, or blank; equal neighbours are one label, blanks none. The model's outputs
 * are logits, one for each label and one for the blank.
 *
 * The targets of a sequence are its labels, in order, without blanks: from none up to as many as its steps can spell, where two equal
 * ones in a row need a blank between them. The mean is over the sequences by their weights, however many labels they have (PyTorch's
 * "mean" also divides each by the number of its labels).
 *
 * Sequences are not cut: the trainer's `window` is `Infinity`. `memcell/ctc` reads labels from the outputs.
 */
export interface CtcLoss {
  type: "ctc";
  /** The label that stands for none. Default 0. */
  blank?: number;
  /** The function that updates differentiate: the mean over the sequences, or their sum. Reported losses are means. Default "mean". */
  reduction?: "mean" | "sum";
}

/**
 * Connectionist temporal classification: the loss for labels whose place in the sequence is unknown.
 * @example createTrainer(model, { loss: ctc({ blank: 0 }), optimizer: adam() }) // targets: [3, 1, 20], whatever the number of steps
 */
export const ctc = (options: Omit<CtcLoss, "type"> = {}): CtcLoss => typedData("ctc", options, "blank: 0");
