/** One live sequence: a step at a time, synchronous, with a state that is a value. */

import { fail, integer, numbers } from "./check.js";
import type { Engine } from "./engine.js";
import type { GenerateOptions } from "./generate.js";
import { generate } from "./generate.js";
import { lanesFor } from "./layout.js";
import type { State } from "./network.js";
import { Network } from "./network.js";

/**
 * The window of one step that the streams of a model share. The state of the stream that stepped last lies in it; those of
 * the others lie with them. So a lone stream never copies, and a stream that is dropped leaves nothing behind.
 */
class Seat {
  readonly network: Network;
  owner: Stream | null = null;

  constructor(engine: Engine) {
    this.network = new Network(engine, 1, lanesFor(1), "infer");
    engine.memory.i32[this.network.pointer("going") / 4] = -1;
  }
}

const seats = new WeakMap<Engine, Seat>();

/** Made by `model.stream()`. */
export class Stream {
  readonly #engine: Engine;
  readonly #seat: Seat;
  /** While another stream has the seat. */
  #state: State | null;
  readonly #input: number;
  readonly #features: number;

  /** @internal */
  constructor(engine: Engine) {
    let seat = seats.get(engine);
    if (!seat) {
      seat = new Seat(engine);
      seats.set(engine, seat);
    }
    const { input } = engine.config;
    this.#engine = engine;
    this.#seat = seat;
    this.#input = seat.network.pointer("input") / 4;
    this.#features = "tokens" in input ? 0 : input.features;
    this.#state = zeros(seat.network.readState());
  }

  #sit(): Network {
    const seat = this.#seat;
    if (seat.owner !== this) {
      if (seat.owner) seat.owner.#state = seat.network.readState();
      seat.network.writeState(this.#state);
      this.#state = null;
      seat.owner = this;
    }
    return seat.network;
  }

  /**
   * One step.
   * @param input `features` numbers (one number may stand alone), or a token
   * @param out where to put the outputs; default a new array
   * @returns the model's outputs (logits, for a model trained with cross-entropy)
   * @throws TypeError, RangeError if the input is not that; then the state is unchanged
   * @example const [y] = stream.step([0.1, 0.2, 0.3]);
   */
  step(input: ArrayLike<number> | number, out?: Float32Array): Float32Array {
    const { memory, layout } = this.#engine;
    const { outputs } = layout;
    if (out !== undefined && (!(out instanceof Float32Array) || out.length !== outputs)) {
      fail(out instanceof Float32Array ? RangeError : TypeError, "out", `a Float32Array of ${outputs}`, out);
    }
    this.#check(input);
    const network = this.#sit();
    if (this.#features === 0) memory.i32[this.#input] = input as number;
    else if (typeof input === "number") memory.f32[this.#input] = input;
    else for (let k = 0; k < this.#features; k++) memory.f32[this.#input + k] = input[k] as number;
    network.carry();
    network.forward(1);
    const result = out ?? new Float32Array(outputs);
    const from = network.output / 4;
    for (let k = 0; k < outputs; k++) result[k] = memory.f32[from + k] as number;
    return result;
  }

  #check(input: unknown): void {
    const { config } = this.#engine;
    if ("tokens" in config.input) integer("input", input, 0, config.input.tokens - 1);
    else numbers("input", typeof input === "number" ? [input] : input, this.#features);
  }

  /** A copy of the state: `h_l0`, `c_l0`, … for each recurrent layer. A plain value: keep it, store it, send it. */
  state(): State {
    if (this.#seat.owner === this) return this.#seat.network.readState();
    return structuredClone(this.#state as State);
  }

  /**
   * Goes on from a state that `state()` of a stream of a like model returned.
   * @throws TypeError, RangeError if it is not that; then the present state is unchanged
   * @example const copy = model.stream().restore(stream.state());
   */
  restore(state: State): this {
    this.#sit().writeState(state);
    return this;
  }

  /** Begins a new sequence: the state is zero. */
  reset(): this {
    this.#sit().resetState();
    return this;
  }

  /** Goes on by itself: draws a token from `logits`, yields it, steps with it. See `model.generate`. */
  generate(logits: Float32Array, options: GenerateOptions = {}): Generator<number, void, undefined> {
    return generate(this.#engine, this, logits, options);
  }
}

function zeros(state: State): State {
  for (const data of Object.values(state)) data.fill(0);
  return state;
}
