/** Updates: a window forward and back, clipping, the optimizer. Owns the gradients, the moments and what windows run in. */

import { power } from "../core/arithmetic.js";
import { fail } from "../core/check.js";
import { lanesFor } from "../core/lanes.js";
import { dropped } from "../core/memory.js";
import type { Engine } from "../model/engine.js";
import type { Span } from "../model/layout.js";
import { matrices } from "../model/layout.js";
import { Network, type State } from "../model/network.js";
import type { Row } from "../model/window.js";
import { writeWindow } from "../model/window.js";
import type { Optimizer, Update } from "./optimizers.js";
import { addDecay, RULES } from "./optimizers.js";
import type { Seen } from "./schedules.js";
import { factorAfter } from "./schedules.js";
import type { CheckedTrainerOptions } from "./trainerOptions.js";

/**
 * A longer gradient counts as not finite, and so do longer parameters: squares of longer ones leave f32. With these bounds, those of
 * moments that are read from a file (optimizers.ts) and the cuts in assembly/optimizer.ts, whatever the options, what an update
 * leaves is finite: steps are below 1e37.
 */
const LARGEST = 1e18;

/** What the windows of a batch run in, with the state that is carried from one to the next: a network, or several in parallel. */
export interface BatchNetwork {
  /** The longest window. */
  readonly T: number;
  readonly lanes: { readonly batch: number };
  readState(): State;
  writeState(state: State): void;
  /** The state that the last window went on from is present again. */
  rewind(): void;
  release(): void;
}

/** A window that was learned: the mean loss, and the sum of weights that it is the mean over (0: the loss is NaN). */
export interface Learned {
  loss: number;
  targets: number;
}

/** All but how a gradient comes about. */
export abstract class Updater<B extends BatchNetwork = BatchNetwork> {
  /** Regions, laid out as the parameters. */
  readonly gradients: number;
  readonly moments: number[];
  /** The gradient of the windows since the last update, of their mean or their sum; 0 where each window is an update. */
  readonly accumulated: number;
  /** The running mean of the parameters; 0 for none. */
  readonly average: number;
  /** Updates that are in it. */
  averaged = 0;
  readonly #matrices: Span[];
  /** What is derived from the running mean, once it is asked for. */
  #derived = 0;
  readonly #regions: number[] = [];
  network: B | null = null;
  /** State to be carried that no network has yet: what a checkpoint brought, of so many rows. */
  resumed: { batch: number; state: State } | null = null;
  /** Updates made. */
  updates = 0;
  /** What `accumulated` is the gradient of. */
  pending = { windows: 0, targets: 0 };
  /** Whether a window is under way, on other threads. */
  busy = false;
  /** What the schedule has seen of the epochs. */
  seen: Seen = { factor: 1, loss: null, epochs: 0 };

  /** @param owner the object with which the regions go */
  constructor(
    readonly engine: Engine,
    public options: CheckedTrainerOptions,
    owner: object,
  ) {
    const { memory, layout } = engine;
    const without = layout.layers.some(({ recurrent }) => recurrent && !recurrent.cells);
    if (options.gradient === "truncated-1997" && without) {
      fail(RangeError, "gradient", '"full", as the model has a recurrent layer without cells', options.gradient);
    }
    if (this.overlap > 0 && (layout.whole || engine.config.output === "last")) {
      const reason = layout.whole ? "model has a bidirectional layer" : 'model\'s output is "last"';
      fail(RangeError, "stride", `${options.window}, the window, as the ${reason}`, options.stride);
    }
    const regions = this.#regions;
    const region = () => this.keep(layout.params.bytes);
    this.gradients = region();
    this.moments = RULES[options.optimizer.type].moments.map(region);
    this.accumulated = options.accumulate > 1 ? region() : 0;
    this.average = options.average > 0 ? region() : 0;
    this.#matrices = matrices(layout);
    dropped.register(owner, () => {
      for (const region of regions) memory.release(region);
      this.network?.release();
    });
  }

  /** A region that goes when the learner goes. */
  keep(bytes: number): number {
    const region = this.engine.memory.allocate(bytes);
    this.#regions.push(region);
    return region;
  }

  /** Where the running mean lies; without one, or before the first update, the parameters. */
  get mean(): number {
    return this.averaged > 0 ? this.average : this.engine.params;
  }

  /** The engine with the running mean for its parameters: what `fit` validates. */
  averagedEngine(): Engine {
    if (this.averaged === 0) return this.engine;
    this.#derived ||= this.keep(this.engine.layout.derived.bytes);
    return this.engine.beside(this.average, this.#derived);
  }

  protected abstract create(T: number, batch: number): B;

  /** The gradient, and if it is time one step along it. @throws RangeError, before the step, if loss or gradient is not finite */
  abstract learn(rows: readonly (Row | null)[], T: number): Learned | Promise<Learned>;

  /** Makes room for windows of T steps of `batch` rows. State that is carried is kept if the rows stay the same. */
  prepare(T: number, batch: number): B {
    const present = this.network;
    if (present && present.T >= T && present.lanes.batch === batch) return present;
    // The old one goes only when the new one is there: if memory for it is not to be had, nothing has changed.
    const network = this.create(T, batch);
    const state = this.carried(batch);
    if (state) network.writeState(state);
    present?.release();
    this.network = network;
    this.resumed = null;
    return network;
  }

  /** The state that so many rows carry; null if there is none of as many. */
  carried(batch: number): State | null {
    if (this.network?.lanes.batch === batch) return this.network.readState();
    return this.resumed?.batch === batch ? this.resumed.state : null;
  }

  /** Steps of a window that were learned before. */
  get overlap(): number {
    const { window, stride } = this.options;
    // Infinity less Infinity is no number.
    return window === stride ? 0 : window - stride;
  }

  /** Floats in each region. */
  get #count(): number {
    return this.engine.layout.params.bytes / 4;
  }

  /** Copies one region to another. */
  #copy(to: number, from: number): void {
    this.engine.memory.copy(to, from, this.#count);
  }

  /** Which masks are drawn for the window: each that learns has its own. */
  get mask(): number {
    return this.updates * this.options.accumulate + this.pending.windows + 1;
  }

  /** Keeps the state that is carried; what it returns brings it back. */
  hold(): () => void {
    const { network, resumed } = this;
    if (!network) {
      return () => {
        if (!resumed) return;
        this.network?.release();
        this.network = null;
        this.resumed = resumed;
      };
    }
    const [{ T, lanes }, state] = [network, network.readState()];
    return () => this.prepare(T, lanes.batch).writeState(state);
  }

  /** Takes what `gradients` holds, of the loss over so many targets, towards the next update. */
  take({ loss, targets }: Learned): void {
    const windows = this.pending.windows + 1;
    const total = this.pending.targets + targets;
    if (windows > 1) {
      const weigh = (targets: number) => (this.options.loss.reduction === "sum" ? 1 : targets / total);
      this.engine.kernels.blend(this.gradients, this.accumulated, this.#count, weigh(targets), weigh(this.pending.targets));
    }
    if (!Number.isFinite(loss)) this.#refuse("loss");
    if (windows === this.options.accumulate) this.#update();
    else {
      if (!(this.#norm() < LARGEST)) this.#refuse("gradient");
      this.#copy(this.accumulated, this.gradients);
      this.pending = { windows, targets: total };
    }
  }

  /** Makes the update that is due before its time. */
  flush(): void {
    if (this.pending.windows === 0) return;
    this.#copy(this.gradients, this.accumulated);
    this.#update();
  }

  /** The learning rate of this update, counted from 1. */
  rate(update: number): number {
    const { optimizer, schedule } = this.options;
    return optimizer.learningRate * factorAfter(schedule, update - 1, this.seen);
  }

  #norm(region = this.gradients): number {
    return Math.sqrt(this.engine.kernels.squaredNorm(region, this.#count));
  }

  #refuse(what: string): never {
    this.network?.rewind();
    throw new RangeError(
      `the ${what} is no longer finite in update ${this.updates + 1}: the parameters are those of the update before (try a lower learningRate or clipNorm)`,
    );
  }

  /** A step along `gradients`. */
  #update(): void {
    const { engine, gradients } = this;
    engine.change();
    const { kernels } = engine;
    const { clipNorm, clipValue, optimizer } = this.options;
    if (clipValue < Infinity) kernels.clipValues(gradients, this.#count, clipValue);
    const norm = this.#norm();
    const scale = Math.min(1, clipNorm / (norm + 1e-6));
    const size = this.#norm(engine.params);
    if (!(size < LARGEST)) this.#refuse("norm of the parameters");
    if (!(norm * scale + optimizer.weightDecay * size < LARGEST)) this.#refuse("gradient");
    const update: Update = {
      parameter: engine.params,
      gradient: gradients,
      moments: this.moments,
      count: this.#count,
      matrices: this.#matrices,
      scale,
      rate: this.rate(this.updates + 1),
      step: this.updates + 1,
    };
    addDecay(kernels, optimizer, update);
    // One rule per type: the compiler cannot see that rule and optimizer belong together.
    const rule = RULES[optimizer.type] as { update(kernels: Engine["kernels"], o: Required<Optimizer>, u: Update): void };
    rule.update(kernels, optimizer, update);
    if (this.average) {
      // Corrected as Adam's means are: after n updates their weights are those of n terms of the series, and the first is a copy.
      const { average: decay } = this.options;
      kernels.lerp(this.average, engine.params, update.count, (1 - decay) / (1 - power(decay, ++this.averaged)));
    }
    this.updates = update.step;
    this.pending = { windows: 0, targets: 0 };
    engine.refresh();
  }
}

/** On one thread. */
export class LocalUpdater extends Updater<Network> {
  protected override create(T: number, batch: number): Network {
    return new Network(this.engine, T, lanesFor(batch), "train", this.options.seed);
  }

  /** The gradient of the loss over the next T steps of the rows, of its mean or its sum, into the region `gradients`. */
  differentiate(rows: readonly (Row | null)[], T: number): Learned {
    const { options, engine, gradients, mask } = this;
    const network = this.prepare(T, rows.length);
    const targets = writeWindow(engine, network, rows, T, options.loss);
    network.forward(T, mask);
    engine.memory.fill(gradients, engine.layout.params.bytes / 4);
    if (targets === 0) return { loss: NaN, targets };
    const loss = this.loss(network, T, targets);
    network.backward(T, mask, gradients, options.gradient === "full");
    return { loss, targets };
  }

  /** The mean loss of a window that ran forward; leaves the gradient of the outputs, of this mean or of the sum. */
  loss(network: Network, T: number, targets: number): number {
    const { loss } = this.options;
    const sum = loss.reduction === "sum";
    return network.loss(T, loss, sum ? 1 : 1 / targets) / (sum ? targets : 1);
  }

  override learn(rows: readonly (Row | null)[], T: number): Learned {
    const learned = this.differentiate(rows, T);
    if (learned.targets > 0) this.take(learned);
    return learned;
  }
}
