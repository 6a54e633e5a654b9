/** Updates: a window forward and back, clipping, the optimizer. Owns the gradients, the moments and the networks of the windows. */

import { power, product } from "../core/arithmetic.js";
import { fail } from "../core/check.js";
import { learning } from "../core/compiled.js";
import { dropped } from "../core/memory.js";
import type { Engine } from "../model/engine.js";
import type { Span } from "../model/layout.js";
import { matrices } from "../model/layout.js";
import { type Objective, objectiveOf, summed } from "../model/objective.js";
import type { State } from "../model/state.js";
import type { Row } from "../model/window.js";
import { frozen, lowestLearning } from "./freeze.js";
import type { Optimizer, Update } from "./optimizers.js";
import { addDecay, RULES } from "./optimizers.js";
import type { Seen } from "./schedules.js";
import { factorAfter } from "./schedules.js";
import type { CheckedTrainerOptions } from "./trainerOptions.js";

/**
 * The longest gradient, and the longest parameters, that count as finite: the squares of longer ones overflow f32. Together with the
 * bounds on moments read from a file (optimizers.ts) and the cuts in assembly/optimizer.ts this keeps every update finite, whatever
 * the options: steps are below 1e37.
 */
const LARGEST = 1e18;

/** Runs the windows of a batch and keeps the state carried between them: one network, or several in parallel. */
export interface BatchNetwork {
  /** The longest window. */
  readonly T: number;
  readonly lanes: { readonly batch: number };
  readState(): State;
  writeState(state: State): void;
  /** After a pass back, the gradient of the state in which the sequence of row `b` began. */
  stateGradient(b: number): State;
  /** Goes back to the state from which the last window continued. */
  rewind(): void;
  release(): void;
}

/** The result of a learned window: the mean loss, and the weights of the targets of all heads that it is over (0: the loss is NaN). */
export interface Learned {
  loss: number;
  targets: number;
}

/** The base of updates; subclasses compute the gradient. */
export abstract class Updater<B extends BatchNetwork = BatchNetwork> {
  /** Regions, laid out as the parameters. */
  readonly gradients: number;
  readonly moments: number[];
  /** The gradient of the windows since the last update, of their mean or their sum; 0 where each window is an update. */
  readonly accumulated: number;
  /** The running mean of the parameters; 0 for none. */
  readonly average: number;
  /** Number of updates in the mean. */
  averaged = 0;
  /** Ones, and zeros for frozen parameters; 0 if none are frozen. */
  readonly #mask: number = 0;
  /** The parameters times the mask, as weight decay takes them. */
  readonly #decaying: number = 0;
  readonly objective: Objective;
  /** The lowest layer that learns: see Network. */
  readonly lowest: number;
  readonly #matrices: Span[];
  /** The derived region of the running mean, made on first use. */
  #derived = 0;
  readonly #regions: number[] = [];
  network: B | null = null;
  /** State from a checkpoint, of `batch` rows, which no network has taken yet. */
  resumed: { batch: number; state: State } | null = null;
  /** Updates made. */
  updates = 0;
  /** Number of windows and targets in `accumulated`. */
  pending = { windows: 0, targets: 0 };
  /** Whether a window is running on other threads. */
  busy = false;
  /** Whether errors flow back through the recurrent weights. */
  flows: boolean;
  /** The schedule's memory of the epochs. */
  seen: Seen = { factor: 1, loss: null, epochs: 0 };

  /** @param owner the regions are freed when this object is garbage-collected */
  constructor(
    readonly engine: Engine,
    public options: CheckedTrainerOptions,
    owner: object,
  ) {
    engine.learn(learning);
    const { memory, layout } = engine;
    this.flows = options.gradient === "full";
    const without = layout.layers.some(({ recurrent }) => recurrent && !recurrent.cells);
    if (options.gradient === "truncated-1997" && without) {
      fail(RangeError, "gradient", '"full", as the model has a recurrent layer without cells', options.gradient);
    }
    if (this.overlap > 0 && (layout.whole || engine.config.output === "last")) {
      const reason = layout.whole ? `model has ${layout.whole}` : 'model\'s output is "last"';
      fail(RangeError, "stride", `${options.window}, the window, as the ${reason}`, options.stride);
    }
    this.objective = objectiveOf(layout, options);
    const regions = this.#regions;
    const region = () => this.keep(layout.params.bytes);
    this.gradients = region();
    this.moments = RULES[options.optimizer.type].moments.map(region);
    this.accumulated = options.accumulate > 1 ? region() : 0;
    this.average = options.average > 0 ? region() : 0;
    this.#matrices = matrices(layout);
    this.lowest = lowestLearning(layout, options.freeze);
    if (options.freeze.length > 0) {
      [this.#mask, this.#decaying] = [region(), region()];
      memory.fill(this.#mask, this.#count, 1);
      for (const parameter of frozen(layout, options.freeze)) {
        memory.pack(this.#mask, parameter, new Float32Array(product(parameter.shape)));
      }
    }
    dropped.register(owner, () => {
      for (const region of regions) memory.release(region);
      this.network?.release();
    });
  }

  /** A region that is freed together with the learner's. */
  keep(bytes: number): number {
    const region = this.engine.memory.allocate(bytes);
    this.#regions.push(region);
    return region;
  }

  /** Region of the running mean; without one, or before the first update, of the parameters. */
  get mean(): number {
    return this.averaged > 0 ? this.average : this.engine.params;
  }

  /** The engine with the running mean as its parameters, for validation. */
  averagedEngine(): Engine {
    if (this.averaged === 0) return this.engine;
    this.#derived ||= this.keep(this.engine.layout.derived.bytes);
    return this.engine.beside(this.average, this.#derived);
  }

  protected abstract create(T: number, batch: number): B;

  /** Computes the gradient and, when due, makes an update. @throws RangeError, before the update, if loss or gradient is not finite */
  abstract learn(rows: readonly (Row | null)[], T: number): Learned | Promise<Learned>;

  /** Makes room for windows of T steps of `batch` rows. Carried state is kept if the number of rows stays the same. */
  prepare(T: number, batch: number): B {
    const present = this.network;
    if (present && present.T >= T && present.lanes.batch === batch) return present;
    // Release the old network only when the new one exists: if memory runs out, nothing has changed.
    const network = this.create(T, batch);
    const state = this.carried(batch);
    if (state) network.writeState(state);
    present?.release();
    this.network = network;
    this.resumed = null;
    return network;
  }

  /** The state that `batch` rows carry; null if another number of rows does, or none. */
  carried(batch: number): State | null {
    if (this.network?.lanes.batch === batch) return this.network.readState();
    return this.resumed?.batch === batch ? this.resumed.state : null;
  }

  /** Steps of a window that an earlier window has learned. */
  get overlap(): number {
    const { window, stride } = this.options;
    // Infinity - Infinity is NaN.
    return window === stride ? 0 : window - stride;
  }

  /** Floats in each region. */
  get #count(): number {
    return this.engine.layout.params.bytes / 4;
  }

  /** Sets the numbers of frozen parameters in a region to 0, so that updates spare those. */
  spare(region: number, to = region): void {
    if (this.#mask) this.engine.kernels.multiply(to, region, this.#mask, this.#count);
  }

  #copy(to: number, from: number): void {
    this.engine.memory.copy(to, from, this.#count);
  }

  /** The number from which the window's masks are drawn: each window that learns has its own. */
  get mask(): number {
    return this.updates * this.options.accumulate + this.pending.windows + 1;
  }

  /** Saves the carried state. @returns a function that restores it */
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

  /** Adds the loss and the gradient in `gradients`, of a loss over this many targets, to the next update. */
  take({ loss, targets }: Learned): void {
    const windows = this.pending.windows + 1;
    const total = this.pending.targets + targets;
    if (windows > 1) {
      const weigh = (targets: number) => (summed(this.objective) ? 1 : targets / total);
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

  /** Makes a pending update early. */
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

  /** One optimizer step along `gradients`. */
  #update(): void {
    const { engine, gradients } = this;
    engine.change();
    const { kernels } = engine;
    const { clipNorm, clipValue, optimizer } = this.options;
    if (clipValue < Infinity) kernels.clipValues(gradients, this.#count, clipValue);
    const norm = this.#norm();
    const scale = Math.min(1, clipNorm / (norm + 1e-6));
    const size = this.#norm(engine.params);
    this.spare(engine.params, this.#decaying);
    if (!(size < LARGEST)) this.#refuse("norm of the parameters");
    if (!(norm * scale + optimizer.weightDecay * size < LARGEST)) this.#refuse("gradient");
    const update: Update = {
      parameter: engine.params,
      gradient: gradients,
      moments: this.moments,
      count: this.#count,
      matrices: this.#matrices,
      decaying: this.#decaying,
      scale,
      rate: this.rate(this.updates + 1),
      step: this.updates + 1,
    };
    addDecay(kernels, optimizer, update);
    // One rule per type: the compiler cannot see that rule and optimizer belong together.
    const rule = RULES[optimizer.type] as { update(kernels: Engine["kernels"], o: Required<Optimizer>, u: Update): void };
    rule.update(kernels, optimizer, update);
    if (this.average) {
      // Corrected as Adam's means are: after n updates it is the weighted mean of n terms, without the initial zero; the first is a copy.
      const { average: decay } = this.options;
      kernels.lerp(this.average, engine.params, update.count, (1 - decay) / (1 - power(decay, ++this.averaged)));
    }
    this.updates = update.step;
    this.pending = { windows: 0, targets: 0 };
    engine.refresh(this.flows);
  }
}
