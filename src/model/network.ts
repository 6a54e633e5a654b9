/** One window through all layers, forward and back: the kernels in the order in which data flows. */

import { product } from "../core/arithmetic.js";
import { type Lanes, lanesFor, type Mode } from "../core/lanes.js";
import type { EngineParts } from "../core/memory.js";
import { pad4 } from "../layers/packing.js";
import type { Carried, Stage, Workspace } from "../layers/stage.js";
import type { Engine } from "./engine.js";
import type { Loss, Run } from "./losses.js";
import { ruleOf } from "./losses.js";
import { checkState, copyUnits, type State, type StateShape } from "./state.js";

/** The parts of a model's engine that a network needs. */
export type NetworkParts = Pick<Engine, "config" | "layout" | keyof EngineParts>;

export class Network {
  readonly #engine: NetworkParts;
  /** All regions, in order of allocation. */
  readonly regions: number[] = [];
  /** State that crosses windows. */
  readonly carried: Carried[] = [];
  readonly stages: Stage[] = [];
  readonly #output: Stage;
  /** The stages below this one run every step, the others once a sequence. */
  #pooled = Infinity;
  /**
   * Pointers: [T][P][rows][width], as the model's input has them; [P][width] i32 (stage.ts says what); [T][P][outputs][width] or classes;
   * [T][P][width]. Above a pooling T of targets and outputs is 1.
   */
  readonly input: number;
  /** The stage below the first layer. */
  readonly below: Stage;
  readonly starts: number;
  readonly lengths: number;
  /** [1] i32, which all threads read: whether a sequence of this window brought the state that it begins from. */
  readonly brought: number;
  readonly target: number = 0;
  readonly counts: number = 0;
  /** [1] i32, which all threads read: pointer to the weights of single target numbers, [T][P][outputs][width]; 0: all are 1. */
  readonly #each: number = 0;
  #apart = 0;
  /** Memory in which a loss aligns labels: its bytes, and [1] i32, which all threads read, the pointer. */
  #aligned = 0;
  readonly #alignment: number = 0;
  /** [outputs], padded with zeros: the loss's number for each output. */
  readonly #perOutput: number = 0;
  /** The slot, out of T+1, of each sequence's present state: at its own end, not at that of its padding. */
  readonly ends: Int32Array;

  constructor(
    engine: NetworkParts,
    /** The longest window. */
    readonly T: number,
    readonly lanes: Lanes,
    readonly mode: Mode,
    /** Seed of the random numbers in training. */
    readonly seed = 0,
    watched = false,
    /** The lowest layer that learns; -1 for the input's own vectors. No gradient flows below it. */
    readonly lowest = -1,
  ) {
    this.#engine = engine;
    this.ends = new Int32Array(lanes.batch);
    const { layout, kernels, memory, params, derived } = engine;
    const { width, panels: P } = lanes;
    const buffer = (...shape: number[]) => this.buffer(...shape);
    try {
      this.starts = buffer(P, width);
      this.lengths = buffer(P, width);
      this.brought = buffer(1);
      let [scratch, most, steps, layer] = [0, 0, T, -1];
      const workspace: Workspace = {
        kernels,
        memory,
        params,
        derived,
        ...lanes,
        T,
        mode,
        seed,
        watched,
        ends: this.starts,
        lengths: this.lengths,
        scratch: mode === "train" ? buffer(4, 4) : 0,
        buffer,
        gradient: (rows, T = steps) =>
          (mode === "train" && layer >= lowest) || (mode === "score" && layer === layout.layers.length - 1) ? buffer(T, P, rows, width) : 0,
        weightGradient: (code, rows) => {
          most = Math.max(most, rows);
          return (dw, dbx, dbh, dy, x, h, kx, kh, slots) =>
            kernels.weightGradient(dw, dbx, dbh, dy, x, h, scratch, code, rows, kx, kh, slots, width);
        },
        carry: (state) => this.carried.push(state),
        beginning: (rows) => (mode === "train" ? buffer(P, rows, width) : 0),
        clear: (beginning, rows) => {
          if (!beginning || !memory.i32[this.brought / 4]) return 0;
          memory.fill(beginning, P * rows * width);
          return beginning;
        },
      };
      let below = layout.below(workspace);
      this.below = below;
      this.input = below.output;
      for (const plan of layout.layers) {
        layer++;
        below = plan.stage(steps === T ? workspace : { ...workspace, T: steps }, below);
        this.stages.push(below);
        if (plan.pools) [steps, this.#pooled] = [1, this.stages.length];
      }
      this.#output = below;
      if (mode === "train" && most > 0) scratch = buffer(kernels.weightGradientScratch(most) / 4);
      if (mode !== "infer") {
        this.target = buffer(steps, P, pad4(layout.outputs), width);
        this.counts = buffer(steps, P, width);
        this.#each = buffer(1);
        this.#alignment = buffer(1);
        this.#perOutput = buffer(pad4(layout.outputs));
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Goes back to the state from which the last window continued: its forward pass has put it into slot 0. */
  rewind(): void {
    this.ends.fill(0);
  }

  /** Memory for the weights of single target numbers, which the next losses use. Allocated on first use. */
  apart(): number {
    const { memory, layout } = this.#engine;
    const { panels, width } = this.lanes;
    this.#apart ||= this.buffer(this.outputSteps(this.T), panels, pad4(layout.outputs), width);
    memory.i32[this.#each / 4] = this.#apart;
    return this.#apart;
  }

  /** Makes all numbers of a step count as much as the step. */
  together(): void {
    this.#engine.memory.i32[this.#each / 4] = 0;
  }

  /** Makes room to align up to so many labels with the steps of a sequence (assembly/ctc.ts has the layout). */
  align(labels: number): void {
    const { memory } = this.#engine;
    const { panels, width } = this.lanes;
    const bytes = 4 * ((this.T + 4) * (pad4(2 * labels + 1) + 8) + pad4(this.T * panels * width));
    if (bytes <= this.#aligned) return;
    const pointer = this.buffer(bytes / 4);
    const before = memory.i32[this.#alignment / 4] as number;
    memory.i32[this.#alignment / 4] = pointer;
    this.#aligned = bytes;
    if (before) this.regions.splice(this.regions.indexOf(before), 1);
    memory.release(before);
  }

  /** A zeroed region that is released with the network. */
  buffer(...shape: number[]): number {
    const pointer = this.#engine.memory.allocate(4 * product(shape));
    this.regions.push(pointer);
    return pointer;
  }

  /** Gives the memory back. */
  release(): void {
    for (const region of this.regions) this.#engine.memory.release(region);
  }

  /** The deviation of each target in the user's units, where the model standardises them. */
  get deviation(): number[] | undefined {
    return this.#engine.config.scaler.targets?.deviation;
  }

  /** [T][P][outputs][width] of the last layer; above a pooling T is 1. */
  get output(): number {
    return this.#output.output;
  }

  /**
   * Runs a window forward: copies to slot 0 the state from which each sequence continues (the kernels' `ends`, written by writeWindow),
   * then runs each layer.
   * @param update the number from which random masks are drawn
   */
  forward(T: number, update = 0): void {
    this.below.forward(T, update);
    this.stages.forEach((stage, i) => stage.forward(i < this.#pooled ? T : 1, update));
  }

  /** Steps of the output in a window of T: 1 above a pooling. */
  outputSteps(T: number): number {
    return this.#pooled < Infinity ? 1 : T;
  }

  /** The sum of the loss times `scale`; leaves the gradient of the outputs. Or the result of another kernel on the same panels. */
  loss(T: number, loss: Required<Loss>, scale: number, run?: Run, numbers?: ArrayLike<number> | null): number {
    const { kernels, layout, memory } = this.#engine;
    const { panels, width } = this.lanes;
    const { output: y, gradient: dy } = this.#output;
    const { outputs: O } = layout;
    const rule = ruleOf(loss);
    numbers ??= rule.perOutput?.(loss, O);
    if (numbers) memory.write(this.#perOutput, numbers);
    const pointers = [dy, y, this.target, this.counts, memory.i32[this.#each / 4] as number, numbers ? this.#perOutput : 0] as const;
    const [lengths, scratch] = [this.lengths, memory.i32[this.#alignment / 4] as number];
    return (run ?? rule.run)(kernels, loss, { pointers, sizes: [this.outputSteps(T) * panels, O, width, scale], panels, lengths, scratch });
  }

  /**
   * @param gradients a region laid out as the parameters; the gradients are added to it
   * @param full whether errors flow back through the recurrent inputs, or through the cells alone
   */
  backward(T: number, update: number, gradients: number, full: boolean): void {
    for (let i = this.stages.length - 1; i >= Math.max(0, this.lowest); i--) {
      (this.stages[i] as Stage).backward(i < this.#pooled ? T : 1, update, gradients, full);
    }
    if (this.lowest < 0) this.below.backward(T, update, gradients, full);
  }

  /** The state in which `batch` new sequences begin. */
  zeros(batch = this.lanes.batch): State {
    return Object.fromEntries(this.carried.map(({ name, units }) => [name, new Float32Array(batch * units)]));
  }

  /** A copy of the present state, for each recurrent layer and kind [batch][units]. */
  readState(): State {
    const state = this.zeros();
    this.#copy(state, false);
    return state;
  }

  /** Writes a state that readState or checkState returned. */
  writeState(state: State): void {
    this.#copy(state, true);
  }

  /** @throws TypeError, RangeError if a state is missing, unknown, of another length or not finite */
  checkState(state: unknown, batch = this.lanes.batch): State {
    return checkState("state", state, this.carried, batch);
  }

  /** Writes to slot 0 the state in which the sequence of row `b` begins. */
  begin(b: number, state: State): void {
    for (const carried of this.carried) {
      const data = state[carried.name];
      if (data) copyUnits(this.#engine.memory, carried, this.#at(carried, b), this.lanes.width, data, 0, true);
    }
  }

  /** The state of row `b` at its end. */
  stateOf(b: number): State {
    return this.#row(this.carried, b, this.ends[b]);
  }

  /** After a pass back, the gradient of the state in which the sequence of row `b` began. */
  stateGradient(b: number): State {
    const gradients = this.carried.flatMap((carried) => (carried.gradient ? [{ ...carried, pointer: carried.gradient }] : []));
    return this.#row(gradients, b);
  }

  /** The first float of row `b` in a slot [P][rows][width] of a state. */
  #at({ pointer, rows }: Carried, b: number, slot = 0): number {
    const { width, panels } = this.lanes;
    return pointer / 4 + (slot * panels + Math.floor(b / width)) * rows * width + (b % width);
  }

  /** The numbers of row `b` in a slot of some states. */
  #row(carried: readonly Carried[], b: number, slot = 0): State {
    return Object.fromEntries(
      carried.map((each) => {
        const data = new Float32Array(each.units);
        copyUnits(this.#engine.memory, each, this.#at(each, b, slot), this.lanes.width, data, 0, false);
        return [each.name, data];
      }),
    );
  }

  /** Copies between [batch][units] and [slot][panel][rows][width], each sequence at its own slot. */
  #copy(state: State, write: boolean): void {
    const { width, batch } = this.lanes;
    for (const carried of this.carried) {
      const { name, units, single } = carried;
      for (let b = 0; b < batch; b++) {
        const at = this.#at(carried, b, single ? 0 : this.ends[b]);
        copyUnits(this.#engine.memory, carried, at, width, state[name] as Float32Array, b * units, write);
      }
    }
  }
}

/** The states that a sequence may bring, and ends with: those that a network carries. */
export function statesOf(engine: NetworkParts): StateShape[] {
  const network = new Network(engine, 1, lanesFor(1), "infer");
  network.release();
  return network.carried.map(({ name, units }) => ({ name, units }));
}
