/** What training is set to, and one update: a window forward and back, clipping, the optimizer. Owns the gradients, the moments and the network. */

import { boolean, deepFreeze, integer, number, oneOf, options } from "./check.js";
import type { Engine } from "./engine.js";
import { lanesFor } from "./lanes.js";
import type { Span } from "./layout.js";
import { matrices } from "./layout.js";
import type { Loss } from "./losses.js";
import { checkLoss } from "./losses.js";
import { Network } from "./network.js";
import type { Optimizer, Update } from "./optimizers.js";
import { addDecay, checkOptimizer, RULES } from "./optimizers.js";
import type { Row } from "./window.js";
import { writeWindow } from "./window.js";

export interface TrainerOptions {
  /** "mse", "crossEntropy", or one of them with options. */
  loss: Loss | Loss["type"];
  optimizer: Optimizer;
  /** The gradient is scaled down to this norm, over all parameters, where it is longer. Default `Infinity`: never. */
  clipNorm?: number;
  /** Every number of the gradient is cut to plus or minus this, before its norm is taken. Default `Infinity`: not at all. */
  clipValue?: number;
  /**
   * Steps of a window: how far gradients flow back. `Infinity` is full BPTT. Default 64. Windows start with their sequence;
   * where the model's output is "last" they end with it, so that the one that learns is whole.
   */
  window?: number;
  /**
   * "full", or "truncated-1997": errors flow back in time through the cells alone and are cut at the gates' and the cells'
   * recurrent inputs (Hochreiter & Schmidhuber 1997, appendix A.1; with forget gate Gers et al. 2000). For models whose
   * recurrent layers are all lstm. Default "full".
   */
  gradient?: "full" | "truncated-1997";
  /** Sequences side by side. Default 32. */
  batch?: number;
  /** `fit` takes an array's sequences in a new random order in every epoch. Default true. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0. */
  seed?: number;
}

export type CheckedTrainerOptions = Required<Omit<TrainerOptions, "loss" | "optimizer">> & {
  loss: Required<Loss>;
  optimizer: Required<Optimizer>;
};

export function checkTrainerOptions(value: unknown, outputs: number): CheckedTrainerOptions {
  const o = options("options", value, ["loss", "optimizer", "clipNorm", "clipValue", "window", "gradient", "batch", "shuffle", "seed"]);
  return deepFreeze({
    loss: checkLoss("loss", o.loss, outputs),
    optimizer: checkOptimizer("optimizer", o.optimizer),
    clipNorm:
      o.clipNorm === undefined ? Infinity : number("clipNorm", o.clipNorm, { min: 0, aboveMin: true, expected: "a positive number" }),
    clipValue:
      o.clipValue === undefined ? Infinity : number("clipValue", o.clipValue, { min: 0, aboveMin: true, expected: "a positive number" }),
    window: o.window === undefined ? 64 : o.window === Infinity ? Infinity : integer("window", o.window),
    gradient: o.gradient === undefined ? "full" : oneOf("gradient", o.gradient, ["full", "truncated-1997"]),
    batch: o.batch === undefined ? 32 : integer("batch", o.batch, 1, 65536),
    shuffle: o.shuffle === undefined ? true : boolean("shuffle", o.shuffle),
    seed: o.seed === undefined ? 0 : integer("seed", o.seed, 0),
  });
}

/** A longer gradient counts as not finite: with the largest learning rate and momentum, an update could leave f32. */
const LARGEST = 1e25;

/** Gives the regions of a dropped trainer back to its model. */
const dropped = new FinalizationRegistry<() => void>((release) => release());

export class Learner {
  /** Regions, laid out as the parameters. */
  readonly gradients: number;
  readonly moments: number[];
  readonly #matrices: Span[];
  network: Network | null = null;
  /** Updates made. */
  updates = 0;

  /** @param owner the object with which the regions go */
  constructor(
    readonly engine: Engine,
    readonly options: CheckedTrainerOptions,
    owner: object,
  ) {
    const { memory, layout } = engine;
    const without = layout.layers.find((layer) => layer.type === "recurrent" && !layer.cell.states.some((state) => state === "c"));
    if (options.gradient === "truncated-1997" && without) {
      throw new RangeError(
        '"gradient" expected "full", as the model has a recurrent layer without cells for the error to flow through, got "truncated-1997"',
      );
    }
    const regions = [0, ...RULES[options.optimizer.type].moments].map(() => memory.allocate(layout.params.bytes));
    [this.gradients, ...this.moments] = regions as [number, ...number[]];
    this.#matrices = matrices(layout);
    dropped.register(owner, () => {
      for (const region of regions) memory.release(region);
      this.network?.release();
    });
  }

  /** Makes room for windows of T steps of `batch` rows. State that is carried is kept if the rows stay the same. */
  prepare(T: number, batch: number): Network {
    const present = this.network;
    if (present && present.T >= T && present.lanes.batch === batch) return present;
    // The old one goes only when the new one is there: if memory for it is not to be had, nothing has changed.
    const network = new Network(this.engine, T, lanesFor(batch), "train", this.options.seed);
    if (present?.lanes.batch === batch) network.writeState(present.readState());
    present?.release();
    this.network = network;
    return network;
  }

  /**
   * The gradient of the mean loss over the next T steps of the rows, into the region `gradients`.
   * @returns the loss, the number of targets it is the mean of (0: the loss is NaN, the gradient zero), and the norm of the gradient
   */
  differentiate(rows: readonly (Row | null)[], T: number): { loss: number; targets: number; norm: number } {
    const { kernels, memory, layout } = this.engine;
    const network = this.prepare(T, rows.length);
    const targets = writeWindow(this.engine, network, rows, T, this.options.loss);
    network.forward(T, this.updates + 1);
    const count = layout.params.bytes / 4;
    memory.f32.fill(0, this.gradients / 4, this.gradients / 4 + count);
    if (targets === 0) return { loss: NaN, targets, norm: 0 };
    const loss = network.loss(T, this.options.loss, 1 / targets);
    network.backward(T, this.updates + 1, this.gradients, this.options.gradient === "full");
    if (this.options.clipValue < Infinity) kernels.clipValues(this.gradients, count, this.options.clipValue);
    return { loss, targets, norm: Math.sqrt(kernels.squaredNorm(this.gradients, count)) };
  }

  /** Does something with the network, and leaves the state that is carried as it was. */
  undisturbed<T>(work: () => T): T {
    const { network } = this;
    const kept = network && { T: network.T, batch: network.lanes.batch, state: network.readState() };
    try {
      return work();
    } finally {
      if (kept) this.prepare(kept.T, kept.batch).writeState(kept.state);
    }
  }

  /** The gradient, and one step along it. @throws RangeError, before the step, if loss or gradient is not finite */
  learn(rows: readonly (Row | null)[], T: number): { loss: number; targets: number } {
    const { loss, targets, norm } = this.differentiate(rows, T);
    if (targets === 0) return { loss, targets };
    const { engine, gradients } = this;
    const { kernels } = engine;
    const { clipNorm, optimizer } = this.options;
    const update: Update = {
      parameter: engine.params,
      gradient: gradients,
      moments: this.moments,
      count: engine.layout.params.bytes / 4,
      matrices: this.#matrices,
      rate: optimizer.learningRate,
      step: this.updates + 1,
    };
    const scale = Math.min(1, clipNorm / (norm + 1e-6));
    if (scale < 1) kernels.blend(gradients, gradients, update.count, scale, 0);
    const length = norm * scale + addDecay(kernels, optimizer, update);
    if (!Number.isFinite(loss) || !(length < LARGEST)) {
      // The forward pass has put the state that it went on from into slot 0: present again.
      this.network?.ends.fill(0);
      throw new RangeError(
        `the ${Number.isFinite(loss) ? "gradient" : "loss"} is no longer finite in update ${update.step}: the parameters are those of the update before (try a lower learningRate or clipNorm)`,
      );
    }
    // One rule per type: the compiler cannot see that rule and optimizer belong together.
    const rule = RULES[optimizer.type] as { update(kernels: Engine["kernels"], o: Required<Optimizer>, u: Update): void };
    rule.update(kernels, optimizer, update);
    this.updates = update.step;
    engine.refresh();
    return { loss, targets };
  }
}
