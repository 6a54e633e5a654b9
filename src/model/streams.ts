/** Many live sequences over one model. Any of them may step at once, eight side by side. */

import { PANEL } from "../../assembly/codes.js";
import { arrayLike, complete, fail, refuse, size } from "../core/check.js";
import { dropped } from "../core/memory.js";
import type { Carried } from "../layers/stage.js";
import type { Inputs } from "./columns.js";
import type { Engine } from "./engine.js";
import { byName, destinations } from "./heads.js";
import { checkSteps } from "./layout.js";
import { Network } from "./network.js";
import { copyUnits, type State } from "./state.js";
import { stateFromBytes, stateToBytes } from "./stateBytes.js";
import { readOutputs } from "./window.js";

/** The options of `model.streams`. */
export interface StreamsOptions {
  /** How many may be open at once. Memory for the states and inputs of all is taken at the start. */
  capacity: number;
}

/** Streams in one call of the kernels. More would not help: at (I, H) = (32, 64), 32 are 1 % faster, 1,000 are 4 % slower. */
const LANES = PANEL;

/**
 * Made by `model.streams()`. States lie in rows, one for each stream. A step moves those of eight streams to the lanes of a panel and
 * back, which takes a fortieth of its time at (I, H) = (32, 64). A step of fewer streams has eight lanes as well, so a stream's outputs
 * do not depend, to the bit, on which others step with it. One stream alone takes as long as eight: use `model.stream()` for that. Its
 * outputs may differ in the last bits (3e-7 has been seen), as its kernels add in another order.
 */
export class Streams<O = Float32Array> {
  /** How many streams may be open at once. */
  readonly capacity: number;
  readonly #engine: Engine;
  readonly #network: Network;
  /** The state that each stream carries: a region [capacity][floats] beside the one that the network works on. */
  readonly #states: (Carried & { region: number; floats: number })[];
  /** The row of each open stream's state, by id. */
  readonly #rows = new Map<unknown, number>();
  /** Rows of closed streams, for reuse. */
  readonly #free: number[] = [];
  #opened = 0;
  /** Region: the rows of the streams that step, [capacity] i32. */
  readonly #chosen: number;
  /** Region: their inputs, [capacity][floats], as the model's input has them. */
  readonly #inputs: number;
  /** Region: 0 to 7, i32, the order of inputs in a panel. */
  readonly #order: number;
  /** For each row, its latest position among the streams that stepped. */
  readonly #turns: Int32Array;

  /** @internal */
  constructor(engine: Engine, streamsOptions: StreamsOptions) {
    const { capacity } = complete("options", streamsOptions, { capacity: [size] });
    const { memory, layout } = engine;
    checkSteps(layout);
    const network = new Network(engine, 1, { batch: LANES, width: LANES, panels: 1 }, "infer");
    dropped.register(this, () => network.release());
    // Unused lanes need room as well.
    const region = (floats: number) => network.buffer(capacity + LANES, floats);
    this.capacity = capacity;
    this.#engine = engine;
    this.#network = network;
    this.#states = network.carried.map((carried) => {
      const floats = carried.rows * (carried.slots ?? 1);
      return { ...carried, region: region(floats), floats };
    });
    this.#chosen = region(1);
    this.#inputs = region(layout.input.floats);
    this.#order = region(1);
    memory.i32.set([0, 1, 2, 3, 4, 5, 6, 7], this.#order / 4);
    this.#turns = new Int32Array(capacity);
  }

  /** Number of open streams. */
  get size(): number {
    return this.#rows.size;
  }

  /** Whether a stream with this id is open. */
  has(id: number): boolean {
    return this.#rows.has(id);
  }

  /**
   * Opens a stream.
   * @param state where to continue: the result of `state()` here or of a `model.stream()`. Default: a new sequence
   * @returns its id: an integer that no other stream gets, even after this one is closed
   * @throws RangeError if `capacity` are open; TypeError, RangeError if the state is not valid
   * @example const id = streams.open();
   */
  open(state: Record<string, ArrayLike<number>> = this.#network.zeros(1)): number {
    const checked = this.#network.checkState(state, 1);
    if (this.size === this.capacity) throw new RangeError(`all ${this.capacity} streams are open`);
    const row = this.#free.pop() ?? this.size;
    this.#rows.set(this.#opened, row);
    this.#copy(row, checked, true);
    return this.#opened++;
  }

  /**
   * Runs one step of some of the streams.
   * @param ids of open streams, each once, in any order
   * @param inputs for each of them `features` numbers, flat or in an array each, or a token, or the columns' values as a sequence has
   * those of a step; in your units, where the model has a scaler. A flat Float32Array is fastest
   * @param out where to put the outputs; default a new array
   * @returns the model's outputs at this step, [ids x outputs], by name where it has heads; in the targets' units, where the model has a
   * scaler for them. A stream whose outputs are not finite keeps its state of before the step; the others are not affected
   * @throws TypeError, RangeError if an id or an input is wrong; then no state is changed
   * @example const y = streams.step([a, b], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]);
   */
  step(ids: ArrayLike<number>, inputs: Inputs, out?: O): O {
    const { kernels, memory, layout } = this.#engine;
    const { input, heads } = layout;
    const [network, states] = [this.#network, this.#states];
    const { length } = arrayLike("ids", ids, "an array of ids");
    const room = destinations("out", out, heads, length);
    this.#choose(ids);
    input.writeRows(this.#engine, this.#inputs, "inputs", inputs, this.#engine.config.scaler.inputs, length);
    // The remaining lanes repeat the last stream.
    for (let i = length; i % LANES > 0; i++) {
      memory.copy(this.#chosen + 4 * i, this.#chosen + 4 * (i - 1), 1);
      memory.copy(this.#inputs + 4 * input.floats * i, this.#inputs + 4 * input.floats * (i - 1), input.floats);
    }
    for (let i = 0; i < length; i += LANES) {
      const rows = this.#chosen + 4 * i;
      input.toPanel(this.#engine, network.input, this.#inputs + 4 * input.floats * i, this.#order, LANES);
      for (const { region, pointer, floats } of states) kernels.embeddingForward(pointer, rows, region, 0, 1, 0, 1, floats, LANES);
      network.forward(1);
      for (const { region, pointer, rows: R, floats } of states) {
        kernels.scatterRows(region, rows, pointer + 4 * R * LANES, 1, floats);
      }
      for (let b = 0; b < LANES && i + b < length; b++) {
        readOutputs(this.#engine, network, b, 0, 1, room, i + b);
        let finite = 0;
        for (const all of room) {
          const outputs = all.length / length;
          for (let k = 0; k < outputs; k++) finite += 0 * (all[(i + b) * outputs + k] as number);
        }
        if (finite !== 0) this.#undo(b, memory.i32[rows / 4 + b] as number);
      }
    }
    return byName(heads, room) as O;
  }

  /** Restores a row from slot 0, which has the state of the stream in this lane before the step. */
  #undo(lane: number, row: number): void {
    const { f32 } = this.#engine.memory;
    for (const { region, pointer, floats } of this.#states) {
      for (let r = 0; r < floats; r++) f32[region / 4 + row * floats + r] = f32[pointer / 4 + r * LANES + lane] as number;
    }
  }

  /** Looks up the rows of the streams that step. */
  #choose(ids: ArrayLike<number>): void {
    const { i32 } = this.#engine.memory;
    const chosen = this.#chosen / 4;
    for (let i = 0; i < ids.length; i++) {
      const row = this.#rows.get(ids[i]) ?? this.#row(ids[i], `ids[${i}]`);
      const turn = this.#turns[row] as number;
      if (turn < i && i32[chosen + turn] === row) fail(RangeError, `ids[${i}]`, `another stream than ids[${turn}]`, ids[i]);
      this.#turns[row] = i;
      i32[chosen + i] = row;
    }
  }

  #row(id: unknown, path = "id"): number {
    const row = this.#rows.get(id);
    if (row === undefined) refuse("number", path, "the id of an open stream", id);
    return row;
  }

  /** @internal Checks the inputs of `length` streams, for the batcher. */
  check(path: string, inputs: unknown, length: number): Float32Array | Int32Array {
    const { layout, config } = this.#engine;
    return layout.input.check(path, inputs, config.scaler.inputs, length);
  }

  /**
   * A copy of a stream's state: a plain value, interchangeable with that of `model.stream()`.
   * @throws TypeError, RangeError if no such stream is open
   * @example const copy = streams.open(streams.state(id));
   */
  state(id: number): State {
    const state = this.#network.zeros(1);
    this.#copy(this.#row(id), state, false);
    return state;
  }

  /**
   * Lets a stream continue from a state that `state()` returned here or of a `model.stream()`.
   * @throws TypeError, RangeError if it is not a valid state, or no such stream is open; then nothing is changed
   */
  restore(id: number, state: Record<string, ArrayLike<number>>): void {
    this.#copy(this.#row(id), this.#network.checkState(state, 1), true);
  }

  /**
   * The state of a stream as bytes: those of `model.stream().stateBytes()`.
   * @throws TypeError, RangeError if no such stream is open
   */
  stateBytes(id: number): Uint8Array<ArrayBuffer> {
    return stateToBytes(this.#engine, this.state(id));
  }

  /**
   * Lets a stream continue from what `stateBytes` returned, here or elsewhere.
   * @throws TypeError, RangeError if the bytes are damaged, of another version or the state of a model with other layers, or no such
   * stream is open; then nothing is changed
   */
  restoreBytes(id: number, bytes: Uint8Array | ArrayBuffer): void {
    this.restore(id, stateFromBytes(this.#engine, bytes));
  }

  /**
   * Lets a stream begin a new sequence: its state becomes zero.
   * @throws TypeError, RangeError if no such stream is open
   */
  reset(id: number): void {
    this.restore(id, this.#network.zeros(1));
  }

  /**
   * Closes a stream, which makes room for another.
   * @throws TypeError, RangeError if no such stream is open
   * @example const state = streams.stateBytes(id); streams.close(id); // later streams.restoreBytes(streams.open(), state)
   */
  close(id: number): void {
    this.#free.push(this.#row(id));
    this.#rows.delete(id);
  }

  #copy(row: number, state: State, write: boolean): void {
    for (const carried of this.#states) {
      const at = carried.region / 4 + row * carried.floats;
      copyUnits(this.#engine.memory, carried, at, 1, state[carried.name] as Float32Array, 0, write);
    }
  }
}
