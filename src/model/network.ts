/** One window through all layers, forward and back: the kernels in the order in which data flows. */

import { product } from "../core/arithmetic.js";
import { type Lanes, lanesFor, type Mode } from "../core/lanes.js";
import type { EngineParts } from "../core/memory.js";
import type { Carried, Stage, Workspace } from "../layers/stage.js";
import type { Engine } from "./engine.js";
import { Goal } from "./goal.js";
import type { Loss } from "./losses.js";
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
  /** The outputs and their targets: one for each head. */
  readonly goals: Goal[] = [];
  /** The stages below this one run every step, the others once a sequence. */
  #pooled = Infinity;
  /** Pointer: [T][P][rows][width], as the model's input has them. */
  readonly input: number;
  /** The stage below the first layer. */
  readonly below: Stage;
  /** Pointers: the `ends` and `lengths` of stage.ts, [P][width] i32. */
  readonly starts: number;
  readonly lengths: number;
  /** [1] i32, which all threads read: whether a sequence of this window brought the state that it begins from. */
  readonly brought: number;
  /** The stage below the heads. */
  #trunk: Stage;
  /** [T][P][trunk][width]: the gradient of the trunk from one head, to be added to that from the others; 0 where there is one head. */
  #part = 0;
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
      // All heads stand on the same layer, so each counts as the first of them: all have gradients, or none.
      const top = layout.heads[0]?.layer as number;
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
          (mode === "train" && layer >= lowest) || (mode === "score" && layer === top) ? buffer(T, P, rows, width) : 0,
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
      this.below = layout.below(workspace);
      this.#trunk = this.below;
      this.input = this.below.output;
      layout.layers.forEach((plan, i) => {
        layer = Math.min(i, top);
        const trunk = this.#trunk;
        // The backward pass begins with the last head, which writes to the trunk's own gradient; what the others write is added to it.
        const adds = i >= top && i + 1 < layout.layers.length && trunk.gradient;
        if (adds) this.#part ||= buffer(steps, P, layout.trunk, width);
        const below = adds ? { ...trunk, gradient: this.#part } : trunk;
        const stage = plan.stage(steps === T ? workspace : { ...workspace, T: steps }, below);
        this.stages.push(stage);
        if (plan.pools) [steps, this.#pooled] = [1, i + 1];
        if (i < top) this.#trunk = stage;
      });
      if (mode === "train" && most > 0) scratch = buffer(kernels.weightGradientScratch(most) / 4);
      for (const head of layout.heads) this.goals.push(new Goal(engine, this, head, this.stages[head.layer] as Stage, mode !== "infer"));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Goes back to the state from which the last window continued: its forward pass has put it into slot 0. */
  rewind(): void {
    this.ends.fill(0);
  }

  /** A zeroed region that is released with the network. */
  buffer(...shape: number[]): number {
    const pointer = this.#engine.memory.allocate(4 * product(shape));
    this.regions.push(pointer);
    return pointer;
  }

  free(region: number): void {
    this.regions.splice(this.regions.indexOf(region), 1);
    this.#engine.memory.release(region);
  }

  /** Gives the memory back. */
  release(): void {
    for (const region of this.regions) this.#engine.memory.release(region);
  }

  /**
   * Runs a window forward: copies to slot 0 the state from which each sequence continues (the kernels' `ends`, written by writeWindow),
   * then runs each layer.
   * @param update the number from which random masks are drawn
   */
  forward(T: number, update = 0): void {
    this.below.forward(T, update);
    for (let i = 0; i < this.stages.length; i++) this.stages[i]?.forward(i < this.#pooled ? T : 1, update);
  }

  /** Steps of the output in a window of T: 1 above a pooling. */
  outputSteps(T: number): number {
    return this.#pooled < Infinity ? 1 : T;
  }

  /** The sum of each head's loss times its scale; leaves the gradients of the outputs. */
  losses(T: number, losses: readonly Required<Loss>[], scales: readonly number[]): number[] {
    return this.goals.map((goal, i) => goal.loss(T, losses[i] as Required<Loss>, scales[i] as number));
  }

  /**
   * @param gradients a region laid out as the parameters; the gradients are added to it
   * @param full whether errors flow back through the recurrent inputs, or through the cells alone
   */
  backward(T: number, update: number, gradients: number, full: boolean): void {
    for (let i = this.stages.length - 1; i >= Math.max(0, this.lowest); i--) this.backwardStage(i, T, update, gradients, full);
    if (this.lowest < 0) this.below.backward(T, update, gradients, full);
  }

  /** The backward pass of one stage. */
  backwardStage(i: number, T: number, update: number, gradients: number, full: boolean): void {
    const { kernels, layout } = this.#engine;
    const steps = i < this.#pooled ? T : 1;
    this.stages[i]?.backward(steps, update, gradients, full);
    const adds = this.#part && i >= (layout.heads[0]?.layer as number) && i + 1 < this.stages.length;
    if (adds) kernels.blend(this.#trunk.gradient, this.#part, steps * this.lanes.panels * layout.trunk * this.lanes.width, 1, 1);
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
