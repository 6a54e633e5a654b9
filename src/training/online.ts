/** Learning from an endless stream in constant memory: forward in time, by traces (assembly/online.ts). */

import { complete, fail, oneOf, options } from "../core/check.js";
import { checkTensor, type Tensor } from "../core/safetensors.js";
import type { StepInput } from "../model/columns.js";
import type { Engine } from "../model/engine.js";
import { allFinite } from "../model/flatten.js";
import { byName, destinations } from "../model/heads.js";
import { Model } from "../model/model.js";
import type { Network } from "../model/network.js";
import { targetsOf } from "../model/objective.js";
import { checkGoals, type StepTarget, type Targets } from "../model/sequences.js";
import type { State } from "../model/state.js";
import { readOutputs, wholeRow, writeTargets, writeWindow } from "../model/window.js";
import { readCheckpoint, type TrainerFile, writeCheckpoint } from "./checkpoint.js";
import type { Position } from "./epochs.js";
import { type LocalTraces, localTraces } from "./localTraces.js";
import { LocalUpdater } from "./localUpdater.js";
import { HERE, ONLINE_CHANGES, type OnlineResumeOptions, resume } from "./resume.js";
import { noStatistics, RunningScaler, type Statistics, statisticsLike, withInputs, withTargets } from "./runningScale.js";
import { type CheckedTrainerOptions, checkOnlineOptions, ONLINE, type OnlineOptions } from "./trainerOptions.js";

/** The checked targets of a step, and the statistics with them included. */
interface Taught {
  goals: readonly Targets[];
  statistics: Statistics;
}

/** Made by `createOnlineLearner` and `resumeOnlineLearner`. */
export class OnlineLearner<O = Float32Array> {
  readonly model: Model<O>;
  /** All options, with the defaults filled in. */
  readonly options: CheckedTrainerOptions & Pick<OnlineOptions, "scaler">;
  readonly #engine: Engine;
  readonly #learner: LocalUpdater;
  readonly #network: Network;
  readonly #traces: LocalTraces;
  readonly #scaler: RunningScaler;
  #goesOn = false;
  /** The inputs of the last step while it can be taught: the traces do not include it yet. */
  #open: ArrayLike<number> | null = null;
  #loss = NaN;

  /** @internal */
  constructor(model: Model<O>, onlineOptions: unknown, file?: TrainerFile) {
    const engine = Model.engine("model", model);
    this.#engine = engine;
    this.model = model;
    const { scaler, ...trainer } = options("options", onlineOptions, [...ONLINE, "scaler"]);
    const checked = checkOnlineOptions(trainer, engine);
    this.options = scaler === undefined ? checked : Object.freeze({ ...checked, scaler: oneOf("running")("scaler", scaler) });
    const learner = new LocalUpdater(engine, this.options, this);
    learner.flows = false;
    [this.#learner, engine.recorded] = [learner, learner.objective.losses];
    this.#scaler = new RunningScaler(engine, learner.objective.losses);
    const position = file && readCheckpoint(file, learner);
    if (position?.progress || (position?.carried ?? 0) > 1) {
      throw new RangeError('"counters" are those of a trainer, not of an online learner');
    }
    this.#network = learner.prepare(1, 1);
    this.#traces = localTraces(this.#network, engine.layout, learner.gradients, (bytes) => learner.keep(bytes));
    if (scaler !== undefined) {
      const { config, layout } = engine;
      const own = Object.keys(config.scaler).length > 0 && !file;
      if (own) fail(RangeError, "scaler", "a model without a scaler of its own", scaler);
      this.#scaler.set(noStatistics("scaler", layout, learner.objective.losses));
    }
    if (file && position) this.#resume(file, position);
  }

  #resume(file: TrainerFile, { carried, online }: Position): void {
    const { open, ...statistics } = complete("counters.online", online ?? {}, {
      open: (path, value) => this.#engine.layout.input.check(path, value, undefined, 1),
      ...statisticsLike(this.#scaler.statistics, this.#engine.layout.heads),
    }) as { open?: ArrayLike<number> } & Statistics;
    this.#goesOn = carried > 0;
    for (const { name, pointer, count } of this.#goesOn ? this.#traces.regions : []) {
      this.#engine.memory.write(pointer, checkTensor(`trace.${name}`, file.tensors[`trace.${name}`], [count]));
    }
    if (this.options.scaler) this.#scaler.set(statistics);
    if (open) this.#forward(open);
  }

  /** Updates made so far. */
  get updates(): number {
    return this.#learner.updates;
  }

  /** The loss of the last step that had a target, before its update. */
  get loss(): number {
    return this.#loss;
  }

  /**
   * One step of the stream. Returns the outputs. With a target, which may also come later (see `learn`), it then makes an update.
   * @param input as for a stream's `step`
   * @param target `outputs` numbers (one may stand alone) or a class, as the loss takes them, by name where the model has heads; absent
   * where there is none
   * @param out where to put the outputs; default a new array
   * @returns the outputs, before the update
   * @throws TypeError, RangeError if an argument is wrong: then nothing has changed; RangeError if outputs, loss or gradient are not
   * finite: then parameters and scaler are as before, and the next step begins a new sequence, as after `reset`
   * @example const [y] = learner.step([0.1, 0.2], 0.7);
   */
  step(input: StepInput, target?: StepTarget, out?: O): O {
    const { heads } = this.#engine.layout;
    const room = destinations("out", out, heads);
    const statistics = withInputs(this.#scaler.statistics, "step.inputs", input, this.#engine.layout.input);
    const inputs = this.#engine.layout.input.check("step.inputs", input, this.#scaler.of(statistics).inputs, 1);
    const taught = target === undefined ? null : this.#check(target, statistics);
    return this.#orBegin(() => {
      this.#scaler.set(statistics);
      this.#forward(inputs);
      readOutputs(this.#engine, this.#network, 0, 0, 1, room, 0);
      if (!room.every(allFinite)) throw new RangeError("the outputs are no longer finite");
      if (taught) this.#teach(taught);
      return byName(heads, room) as O;
    });
  }

  /**
   * Teaches the last step once the truth is known: `step(input)` and then `learn(target)` equals `step(input, target)` to the bit. Call
   * it before the next step. If the truth comes several steps late, let the learner follow that many steps behind, and look ahead from
   * its `state()` with `model.stream()`.
   * @param target as for `step`
   * @returns the loss, before the update; NaN if the target is one that the loss ignores
   * @throws Error if no step waits for a target: each can be taught once, and not after `reset` or `restore`; TypeError, RangeError
   * as `step`
   * @example const [forecast] = learner.step(now); …; learner.learn(whatCame);
   */
  learn(target: StepTarget): number {
    if (!this.#open) throw new Error("learn() teaches the last step, once: no step waits for its target");
    const taught = this.#check(target, this.#scaler.statistics);
    return this.#orBegin(() => this.#teach(taught));
  }

  /** @param before the statistics without this target */
  #check(target: unknown, before: Statistics): Taught {
    const { losses } = this.#learner.objective;
    const { heads } = this.#engine.layout;
    const statistics = withTargets(before, "step.targets", target, losses, heads);
    this.#engine.change();
    return { goals: checkGoals("step", target, undefined, heads, losses, this.#scaler.of(statistics), 1), statistics };
  }

  /** One step forward. */
  #forward(inputs: ArrayLike<number>): void {
    const network = this.#network;
    if (this.#open) this.#traces.step(false, 0);
    if (!this.#goesOn) this.#clear();
    const row = wholeRow({ inputs, goals: [], length: 1 }, 0, this.#goesOn);
    writeWindow(this.#engine, network, [row], 1);
    network.forward(1, this.updates + 1);
    this.#goesOn = true;
    this.#open = inputs;
  }

  /** Makes the update for the target of the last step. */
  #teach({ statistics, goals }: Taught): number {
    const [network, learner] = [this.#network, this.#learner];
    const { gradients } = learner;
    const row = wholeRow({ inputs: [], goals, length: 1 }, 0, true);
    const counted = writeTargets(this.#engine, network, [row], 1, learner.objective.losses);
    const targets = targetsOf(counted);
    const loss = targets > 0 ? learner.loss(network, 1, counted) : NaN;
    if (targets > 0) {
      this.#loss = loss;
      this.#engine.memory.fill(gradients, this.#engine.layout.params.bytes / 4);
    }
    this.#traces.step(targets > 0, this.updates + 1);
    if (targets > 0) learner.take({ loss, targets });
    if (targets > 0 && this.#traces.bound()) this.#engine.refresh(false);
    this.#scaler.set(statistics);
    this.#open = null;
    return loss;
  }

  /** Runs work that may stop being finite: then parameters and scaler are as before, and a new sequence begins, lest the state be why. */
  #orBegin<T>(work: () => T): T {
    const before = this.#scaler.statistics;
    try {
      return work();
    } catch (error) {
      this.#scaler.set(before);
      this.reset();
      throw error;
    }
  }

  #clear(): void {
    for (const { pointer, count } of this.#traces.regions) this.#engine.memory.fill(pointer, count);
  }

  /**
   * A copy of the state after the last step, in the form of a stream's `state()`: `model.stream().restore(state)` continues from there,
   * to look further ahead. It has no traces; `save` keeps those.
   */
  state(): State {
    return this.#goesOn ? this.#network.readState() : this.#network.zeros();
  }

  /**
   * Continues from a state of this or a similar model, including its streams'. Gradients reach back only to here, as the traces are zero.
   * @throws TypeError, RangeError if it is not a valid state; then nothing has changed
   */
  restore(state: Record<string, ArrayLike<number>>): this {
    const checked = this.#network.checkState(state);
    this.reset().#clear();
    this.#network.writeState(checked);
    this.#goesOn = true;
    return this;
  }

  /** Begins a new sequence: state and traces become zero. A running scaler keeps its statistics. */
  reset(): this {
    this.#goesOn = false;
    this.#open = null;
    return this;
  }

  /**
   * The gradient of the last step that had a target, by every parameter's name: the error at that step times the traces, which hold the
   * derivatives through all earlier steps of the same layer.
   */
  gradients(): Record<string, Tensor> {
    return this.#engine.tensors(this.#learner.gradients);
  }

  /** The running mean of the parameters, with the option `average`. */
  averaged(): Record<string, Tensor> {
    return this.#engine.tensors(this.#learner.mean);
  }

  /**
   * Everything needed to continue bit for bit: a safetensors file with the model, the optimizer's moments, state, traces and the running
   * scaler. A step that waits for its target can still be taught after resuming. `loadModel` reads the model from it, with the scaler as
   * it is now.
   */
  save(): Uint8Array<ArrayBuffer> {
    const traces = (this.#goesOn ? this.#traces.regions : []).map(({ name, pointer, count }): [string, Tensor] => {
      return [`trace.${name}`, { shape: [count], data: this.#engine.memory.read(pointer, count) }];
    });
    // For a step that waits for its target, save the state before it and its input: resuming runs it again.
    const [network, open] = [this.#network, this.#open];
    const online = { ...(open && { open: Array.from(open) }), ...this.#scaler.statistics };
    const position = { epochs: 0, progress: null, carried: Number(this.#goesOn), best: null, online };
    if (open) network.rewind();
    const bytes = writeCheckpoint(this.model, this.options, this.#learner, position, Object.fromEntries(traces));
    if (open) network.ends.fill(1);
    return bytes;
  }
}

/**
 * Makes a learner for an endless stream: memory and time per step depend on the number of weights, not on the length of the stream.
 * For lstm97 and lstm its gradient is exactly that of `gradient: "truncated-1997"` over the whole stream so far (Hochreiter &
 * Schmidhuber 1997, equations 21 to 28; with forget gate Gers et al. 2000). For rnn and gru it is SnAp-1, an approximation (Menick et
 * al. 2021). The model is changed in place.
 *
 * Its first layer is recurrent; any layers without state and further recurrent ones may stand above it, but no conv1d. With several
 * recurrent layers the gradient is an approximation for all types: each layer has the traces of its own past, and the error goes down
 * through the layers at the present step alone (as in e-prop, Bellec et al. 2020). What a lower layer did earlier for the present state
 * of an upper one is left out; so a layer between two recurrent ones learns from the present step alone.
 * Expect no gain from depth: where the present needs a number of two steps ago, one gru learns it and two do not.
 *
 * That approximation does not hold the recurrent weights back: a taught step leaves the sum of |w| over each row of `weight_hh` at no
 * more than 1 for a relu (or a gru with `inputActivation: "identity"`), whose state could explode, and for other rnn and gru at no more than 2, or what it was.
 * @example
 * const learner = createOnlineLearner(model, { loss: "mse", optimizer: sgd({ learningRate: 0.01 }) });
 * for await (const { input, target } of sensor) console.log(learner.step(input, target));
 * @example
 * // The truth comes after the forecast, in any units.
 * const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.003 }), scaler: "running" });
 * let forecast;
 * for await (const value of sensor) {
 *   if (forecast) learner.learn(value);
 *   forecast = learner.step(value);
 * }
 */
export function createOnlineLearner<O>(model: Model<O>, onlineOptions: OnlineOptions): OnlineLearner<O>;
export function createOnlineLearner(model: Model, onlineOptions: OnlineOptions): OnlineLearner;
export function createOnlineLearner<O>(model: Model<O>, onlineOptions: OnlineOptions): OnlineLearner<O> {
  return new OnlineLearner(model, onlineOptions);
}

/**
 * Resumes the learner that `save` saved, with its model (`learner.model`). It continues bit for bit, except for the options you change:
 * an `optimizer` of the same type, `schedule`, `clipNorm`, `clipValue`, and where no gradients wait for an update `accumulate`.
 * @throws TypeError, RangeError if the file is damaged or holds no learner, or an option may not change
 * @example const learner = resumeOnlineLearner(bytes, { optimizer: sgd({ learningRate: 0.001 }) });
 */
export function resumeOnlineLearner<O = Float32Array>(
  bytes: Uint8Array | ArrayBuffer,
  resumeOptions: OnlineResumeOptions = {},
): OnlineLearner<O> {
  const { model, file } = resume<O>(bytes, resumeOptions, ONLINE_CHANGES, HERE);
  const given = Object.entries(file.options as object).filter(([key]) => ["scaler", ...ONLINE].includes(key));
  return new OnlineLearner(model, Object.fromEntries(given), file);
}
