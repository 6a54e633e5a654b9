/** Updates from the gradients of several threads, added in the order of their rows: the same number of threads gives the same bits. */

import {
  type CheckedTrainerOptions,
  checkSendable,
  type Engine,
  type Learned,
  meanOf,
  type Row,
  scalesOf,
  targetsOf,
  Updater,
} from "../internal.js";
import type { Pool } from "./pool.js";
import { Shards } from "./shards.js";

export class ParallelUpdater extends Updater<Shards> {
  /** Regions for the gradients of the threads' rows; the first is `gradients`. */
  readonly #regions: number[];

  constructor(
    engine: Engine,
    options: CheckedTrainerOptions,
    owner: object,
    readonly pool: Pool,
  ) {
    checkSendable(options);
    super(engine, options, owner);
    const { bytes } = engine.layout.params;
    this.#regions = Array.from({ length: pool.size }, (_, i) => (i === 0 ? this.gradients : this.keep(bytes)));
  }

  protected override create(T: number, batch: number): Shards {
    return new Shards(this.pool, T, batch, "train", this.options.seed, this.lowest);
  }

  /** Writes the gradient of the loss over the next T steps of the rows, of its mean or its sum, to the region `gradients`. */
  async differentiate(rows: readonly (Row | null)[], T: number): Promise<Learned> {
    const { engine, objective, gradients, mask, pool } = this;
    const shards = this.prepare(T, rows.length);
    const parts = shards.write(rows, objective.losses);
    const sums = (of: readonly (readonly number[])[]) =>
      objective.losses.map((_, head) => of.reduce((sum, part) => sum + (part[head] ?? 0), 0));
    const counted = sums(parts.map(({ counted }) => counted));
    const targets = targetsOf(counted);
    const count = engine.layout.params.bytes / 4;
    if (targets === 0) {
      await shards.run(parts);
      engine.memory.fill(gradients, count);
      return { loss: NaN, targets };
    }
    if (this.flows) engine.ready();
    const losses = await shards.run(parts, (i) => ({
      // Each thread draws its own masks.
      mask: mask * pool.size + i,
      losses: objective.losses,
      scales: scalesOf(objective, counted),
      gradients: this.#regions[i] as number,
      full: this.flows,
    }));
    if (parts[0]?.T === 0) engine.memory.fill(gradients, count);
    parts.forEach(({ T }, i) => {
      if (i > 0 && T > 0) engine.kernels.blend(gradients, this.#regions[i] as number, count, 1, 1);
    });
    this.spare(gradients);
    return { loss: meanOf(objective, sums(losses), counted), targets };
  }

  /** Does something that needs the model's threads to be idle. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.busy = true;
    try {
      return await this.pool.alone(work);
    } finally {
      this.busy = false;
    }
  }

  override learn(rows: readonly (Row | null)[], T: number): Promise<Learned> {
    return this.alone(async () => {
      const learned = await this.differentiate(rows, T);
      if (learned.targets > 0) this.take(learned);
      return learned;
    });
  }
}
