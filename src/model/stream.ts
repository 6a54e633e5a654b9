/** One live sequence: synchronous, a step at a time, with a state that is a plain value. */

import { lanesFor } from "../core/lanes.js";
import type { StepInput } from "./columns.js";
import type { Engine } from "./engine.js";
import { allFinite } from "./flatten.js";
import type { GenerateOptions } from "./generate.js";
import { generate } from "./generate.js";
import { byName, destinations } from "./heads.js";
import { checkSteps } from "./layout.js";
import { Network } from "./network.js";
import type { State } from "./state.js";
import { stateFromBytes, stateToBytes } from "./stateBytes.js";
import { readOutputs } from "./window.js";

/**
 * The window of one step that all streams of a model share. It holds the state of the stream that stepped last; the other streams keep
 * theirs. So a lone stream never copies, and dropped streams leave nothing behind in the memory.
 */
class Seat {
  readonly network: Network;
  /** The state in which sequences begin. */
  readonly zero: State;
  owner: Stream<unknown> | null = null;

  constructor(engine: Engine) {
    this.network = new Network(engine, 1, lanesFor(1), "infer");
    this.zero = this.network.zeros();
    // The state lies in slot 1, where each step leaves it.
    this.network.ends[0] = 1;
    engine.memory.i32[this.network.starts / 4] = 1;
  }
}

const seats = new WeakMap<Engine, Seat>();

/** Made by `model.stream()`. */
export class Stream<O = Float32Array> {
  readonly #engine: Engine;
  readonly #seat: Seat;
  /** The state while another stream has the seat; null while this one has it. */
  #state: State | null;
  readonly #input: number;

  /** @internal */
  constructor(engine: Engine) {
    checkSteps(engine.layout);
    let seat = seats.get(engine);
    if (!seat) {
      seat = new Seat(engine);
      seats.set(engine, seat);
    }
    this.#engine = engine;
    this.#seat = seat;
    this.#input = seat.network.input / 4;
    this.#state = seat.zero;
  }

  #sit(): Network {
    const seat = this.#seat;
    if (seat.owner !== this) {
      if (seat.owner) seat.owner.#state = seat.network.readState();
      seat.network.writeState(this.#state as State);
      this.#state = null;
      seat.owner = this;
    }
    return seat.network;
  }

  /**
   * Runs one step.
   * @param input `features` numbers (one number may stand alone), a token, or the columns' values by name or in order; in your units, where
   * the model has a scaler
   * @param out where to put the outputs; default a new array
   * @returns the model's outputs at this step, whether its output is "every" or "last" (logits, after cross-entropy), by name where it has
   * heads; in the targets' units, where the model has a scaler for them
   * @throws TypeError, RangeError if the input is wrong, or the outputs are not finite; then the state is unchanged
   * @example const [y] = stream.step([0.1, 0.2, 0.3]);
   */
  step(input: StepInput, out?: O): O {
    const { memory, layout, config } = this.#engine;
    const room = destinations("out", out, layout.heads);
    const value = layout.input.checkStep("input", input, config.scaler.inputs);
    const network = this.#sit();
    layout.input.writeStep(memory, this.#input, value);
    network.forward(1);
    readOutputs(this.#engine, network, 0, 0, 1, room, 0);
    for (let i = 0; i < room.length; i++) if (!allFinite(room[i] as Float32Array)) this.#undo(network);
    return byName(layout.heads, room) as O;
  }

  /** Goes back to slot 0, which has the state before the step. */
  #undo(network: Network): never {
    network.ends[0] = 0;
    const before = network.readState();
    network.ends[0] = 1;
    network.writeState(before);
    throw new RangeError("the outputs are no longer finite: the stream's state is that before this step");
  }

  /**
   * A copy of the state: `h_l0`, `c_l0`, … for each recurrent layer, [units] each. It is a plain value: keep it, clone it, send it
   * (in JSON as arrays: `Array.from(state.h_l0)`; `restore` accepts those too).
   * @example const before = stream.state(); stream.step(input); stream.restore(before); // the step is undone
   */
  state(): State {
    if (this.#seat.owner === this) return this.#seat.network.readState();
    return structuredClone(this.#state as State);
  }

  /**
   * Continues from a state that `state()` of a stream of a similar model returned.
   * @throws TypeError, RangeError if it is not a valid state; then the present state is unchanged
   * @example const copy = model.stream().restore(stream.state());
   */
  restore(state: Record<string, ArrayLike<number>>): this {
    this.#become(this.#seat.network.checkState(state));
    return this;
  }

  /**
   * The state as bytes, for stores and messages: the same on every machine, 12 and four for each number (524 for an LSTM of 64 units), with
   * a version and a checksum. They do not say which parameters the model had: keep that beside them, such as a hash of its file.
   * @example await redis.set(`session:${id}`, Buffer.from(stream.stateBytes()));
   */
  stateBytes(): Uint8Array<ArrayBuffer> {
    return stateToBytes(this.#engine, this.state());
  }

  /**
   * Continues from what `stateBytes()` returned, here or elsewhere.
   * @throws TypeError, RangeError if the bytes are damaged, of another version or the state of a model with other layers; then the
   * present state is unchanged
   * @example const stream = model.stream().restoreBytes(bytes);
   */
  restoreBytes(bytes: Uint8Array | ArrayBuffer): this {
    return this.restore(stateFromBytes(this.#engine, bytes));
  }

  /**
   * Begins a new sequence: the state becomes zero.
   * @example stream.reset().step(input);
   */
  reset(): this {
    this.#become(this.#seat.zero);
    return this;
  }

  #become(state: State): void {
    if (this.#seat.owner === this) this.#seat.network.writeState(state);
    else this.#state = state;
  }

  /**
   * The stream as a TransformStream of the web: inputs in, outputs out, one step each.
   * @example for await (const y of readable.pipeThrough(stream.transform())) console.log(y);
   */
  transform(): TransformStream<StepInput, O> {
    return new TransformStream({ transform: (input, controller) => controller.enqueue(this.step(input)) });
  }

  /**
   * Generates tokens: draws one from `logits` (the outputs of the step before), steps with it, yields it. `logits` is updated in place, so
   * that you can call `generate` again with it. See `model.generate` for the options.
   * @throws as `model.generate`; TypeError, RangeError if the logits are not a Float32Array of as many finite numbers as there are tokens
   * @example stream.step(7, logits); for (const token of stream.generate(logits, { length: 20 })) write(token);
   */
  generate(logits: Float32Array, options: GenerateOptions = {}): Generator<number, void, undefined> {
    return generate(this.#engine, this as unknown as Stream, logits, options);
  }
}
