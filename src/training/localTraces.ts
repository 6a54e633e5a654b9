/** The traces of all recurrent layers of an online learner, and the error of one step down through the layers. */

import { product } from "../core/arithmetic.js";
import { type EligibilityTraces, tracesOf } from "../layers/eligibility.js";
import type { Stage } from "../layers/stage.js";
import type { Layout } from "../model/layout.js";
import type { Network } from "../model/network.js";

export interface LocalTraces extends Pick<EligibilityTraces, "regions"> {
  /** Call after a step forward. If `learns`, the gradient of the outputs goes down, and adds to the parameters' gradients. */
  step(learns: boolean, update: number): void;
  /** As that of one layer, for all of them. */
  bound(): boolean;
}

/**
 * Each recurrent layer has traces of its own: the derivatives of its state through its own past. The error goes down through the layers
 * at the present step alone, through a recurrent one by the derivative of its present output by its present input. What is left out are
 * the paths from an earlier step of a lower layer through the state of an upper one, as in e-prop (Bellec et al. 2020) and SnAp-1 (Menick
 * et al. 2021). With one recurrent layer there are none.
 * @param gradients the region of the parameters' gradients
 * @param keep reserves bytes
 * @throws RangeError if a layer has no such traces, with its path
 */
export function localTraces(network: Network, layout: Layout, gradients: number, keep: (bytes: number) => number): LocalTraces {
  const { below, stages } = network;
  const { layers, input, params } = layout;
  const wrong = layers.findIndex(({ carries, whole }, i) => whole || ((carries || i === 0) && !stages[i]?.recurrence?.traced));
  if (wrong >= 0 || input.learned.length > 0) {
    throw new RangeError(
      `an online learner needs a model whose first layer is recurrent, whose recurrent layers run in one direction, without reset: before, peepholes, projection, layerNorm, fullGateRecurrence, zoneout or recurrentDropout, with no conv1d of several steps (its earlier inputs have no traces) and no pooling of whole sequences, and whose categories are one-hot, got ${wrong < 0 ? "learned vectors in input.columns" : `layers[${wrong}]`}`,
    );
  }
  const all = stages.map(({ recurrence }, i) =>
    tracesOf(recurrence, (stages[i - 1] ?? below) as Stage, gradients, (...shape) => keep(4 * product(shape))),
  );
  const own = all.filter((traces) => traces !== undefined);
  // The gradients of an upper recurrent layer are those of its traces: those of its backward pass go where nobody reads them.
  const unread = own.length > 1 ? keep(params.bytes) : 0;
  return {
    regions: own.flatMap(({ regions }, k) => regions.map((region) => (k ? { ...region, name: `${region.name}_l${k}` } : region))),
    step(learns, update) {
      for (let i = stages.length - 1; i >= 0; i--) {
        const traces = all[i];
        // The traces read the gates, which the backward pass overwrites.
        traces?.step(learns);
        if (learns && i > 0) network.backwardStage(i, 1, update, traces ? unread : gradients, !traces);
      }
    },
    bound: () => own.filter(({ bound }) => bound?.()).length > 0,
  };
}
