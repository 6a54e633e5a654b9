/** Updates on the thread that calls. */

import { lanesFor } from "../core/lanes.js";
import { Network } from "../model/network.js";
import { meanOf, scalesOf, targetsOf } from "../model/objective.js";
import type { Row } from "../model/window.js";
import { writeWindow } from "../model/window.js";
import { type Learned, Updater } from "./updater.js";

export class LocalUpdater extends Updater<Network> {
  protected override create(T: number, batch: number): Network {
    return new Network(this.engine, T, lanesFor(batch), "train", this.options.seed, false, this.lowest);
  }

  /** Writes the gradient of the loss over the next T steps of the rows, of its mean or its sum, to the region `gradients`. */
  differentiate(rows: readonly (Row | null)[], T: number): Learned {
    const { objective, engine, gradients, mask } = this;
    const network = this.prepare(T, rows.length);
    const counted = writeWindow(engine, network, rows, T, objective.losses);
    const targets = targetsOf(counted);
    network.forward(T, mask);
    engine.memory.fill(gradients, engine.layout.params.bytes / 4);
    if (targets === 0) return { loss: NaN, targets };
    if (this.flows) engine.ready();
    const loss = this.loss(network, T, counted);
    network.backward(T, mask, gradients, this.flows);
    this.spare(gradients);
    return { loss, targets };
  }

  /** The objective over a window that ran forward; leaves the gradient of the outputs, of this mean or of the sum. */
  loss(network: Network, T: number, counted: readonly number[]): number {
    const { objective } = this;
    try {
      return meanOf(objective, network.losses(T, objective.losses, scalesOf(objective, counted)), counted);
    } catch (error) {
      // A loss of the user's own failed: the state is that before this window.
      network.rewind();
      throw error;
    }
  }

  override learn(rows: readonly (Row | null)[], T: number): Learned {
    const learned = this.differentiate(rows, T);
    if (learned.targets > 0) this.take(learned);
    return learned;
  }
}
