/** One window through all layers, forward and back: the kernels in the order in which data flows. */

import { product } from "../core/arithmetic.js";
import { clip, fail, isObject, numbers } from "../core/check.js";
import type { Lanes, Mode } from "../core/lanes.js";
import type { EngineParts, Memory } from "../core/memory.js";
import { pad4 } from "../layers/packing.js";
import type { Carried, Stage, Workspace } from "../layers/stage.js";
import type { Engine } from "./engine.js";
import type { Loss, Run } from "./losses.js";
import { ruleOf } from "./losses.js";

/** The recurrent state of one layer: `h` and `c` are [batch][units], row-major. */
export type State = Record<string, Float32Array>;

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
  /** What the first layer stands on. */
  readonly below: Stage;
  readonly starts: number;
  readonly lengths: number;
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
    if (!isObject(state)) fail(TypeError, "state", "what state() returned", state);
    const given = new Map(Object.entries(state));
    const checked: State = {};
    for (const { name, units } of this.carried) {
      checked[name] = Float32Array.from(numbers(`state.${name}`, given.get(name), batch * units));
      given.delete(name);
    }
    for (const name of given.keys()) throw new RangeError(`"state.${clip(name)}" is not a state of this model`);
    return checked;
  }

  /** Copies between [batch][units] and [slot][panel][rows][width], each sequence at its own slot. */
  #copy(state: State, write: boolean): void {
    const { width, panels, batch } = this.lanes;
    for (const carried of this.carried) {
      const { name, pointer, units, rows, single } = carried;
      for (let b = 0; b < batch; b++) {
        const slot = single ? 0 : (this.ends[b] as number);
        const at = pointer / 4 + (slot * panels + Math.floor(b / width)) * rows * width + (b % width);
        copyUnits(this.#engine.memory, carried, at, width, state[name] as Float32Array, b * units, write);
      }
    }
  }
}

/** Copies between the state of one sequence, from `from` on in `data`, and its rows, from `at` on among the floats of the memory. */
export function copyUnits(
  { f32 }: Memory,
  { units, row = (unit) => unit }: Carried,
  at: number,
  width: number,
  data: Float32Array,
  from: number,
  write: boolean,
): void {
  // An overflow has also left NaN in the padding to a multiple of four, so clear it.
  for (let u = 0; write && u < units; u++) {
    for (let r = row(u) & ~3, end = r + 4; r < end; r++) f32[at + r * width] = 0;
  }
  for (let u = 0; u < units; u++) {
    const number = at + row(u) * width;
    if (write) f32[number] = data[from + u] as number;
    else data[from + u] = f32[number] as number;
  }
}
