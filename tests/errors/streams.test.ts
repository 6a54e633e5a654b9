/** Streams, one and many, and generation: refused steps name their place and leave all states as they were. */

import { describe, expect, test } from "vitest";
import { createBatcher } from "../../src/batcher.js";
import { createModel, lstm } from "../../src/index.js";
import { any, features, type Refusal, refuses, tokens } from "../helpers/refusals.js";

describe("streams and generation", () => {
  const stream = createModel(features).stream();
  const model = createModel(tokens);
  const talk = model.stream();
  const state = stream.state();
  refuses([
    ["a step too short", RangeError, '"input" expected 2 numbers, got an array of 1', () => stream.step([1])],
    ["a bare number for two features", RangeError, '"input" expected 2 numbers, got an array of 1', () => stream.step(1)],
    ["NaN", RangeError, '"input[1]" expected a finite number, got NaN', () => stream.step([1, NaN])],
    ["text", TypeError, '"input" expected 2 numbers, got "12"', () => stream.step(any("12"))],
    ["nothing", TypeError, '"input" expected 2 numbers, got undefined', () => stream.step(any(undefined))],
    [
      "an out too short",
      RangeError,
      '"out" expected a Float32Array of 2, got Float32Array of 1',
      () => stream.step([1, 2], new Float32Array(1)),
    ],
    [
      "an out of doubles",
      TypeError,
      '"out" expected a Float32Array of 2, got Float64Array of 2',
      () => stream.step([1, 2], any(new Float64Array(2))),
    ],
    ["a token too large", RangeError, '"input" expected an integer from 0 to 4, got 5', () => talk.step(5)],
    ["an array for a token", TypeError, '"input" expected an integer from 0 to 4, got an array of 1', () => talk.step([1])],
    ["no state", TypeError, '"state" expected what state() returned, got undefined', () => stream.restore(any(undefined))],
    ["a state without c", TypeError, '"state.c_l0" expected 3 numbers, got undefined', () => stream.restore({ h_l0: state.h_l0! })],
    [
      "a state too long",
      RangeError,
      '"state.h_l0" expected 3 numbers, got Float32Array of 4',
      () => stream.restore({ ...state, h_l0: new Float32Array(4) }),
    ],
    [
      "a state NaN",
      RangeError,
      '"state.c_l0[2]" expected a finite number, got NaN',
      () => stream.restore({ ...state, c_l0: Float32Array.of(1, 2, NaN) }),
    ],
    [
      "a state of another model",
      RangeError,
      '"state.h_l1" is not a state of this model',
      () => stream.restore({ ...state, h_l1: new Float32Array(3) }),
    ],
    ["generate from features", RangeError, "generate needs a model with tokens as input", () => createModel(features).generate([1])],
    ["an empty prompt", RangeError, '"prompt" expected at least one token', () => model.generate([])],
    ["a prompt's token too large", RangeError, '"prompt[1]" expected an integer from 0 to 4, got 7', () => model.generate([1, 7])],
    ["an unknown option", RangeError, '"temp" is not an option', () => model.generate([1], any({ temp: 1 }))],
    [
      "a temperature below 0",
      RangeError,
      '"temperature" expected a number in [0, 1000000], got -1',
      () => model.generate([1], { temperature: -1 }),
    ],
    ["topK of 0", RangeError, '"topK" expected a positive integer, got 0', () => model.generate([1], { topK: 0 })],
    ["topP of 0", RangeError, '"topP" expected a number in (0, 1], got 0', () => model.generate([1], { topP: 0 })],
    ["a length of -1", RangeError, '"length" expected an integer of at least 0, got -1', () => model.generate([1], { length: -1 })],
    ["a stop token too large", RangeError, '"stop[1]" expected an integer from 0 to 4, got 9', () => model.generate([1], { stop: [1, 9] })],
    [
      "logits of another length",
      RangeError,
      '"logits" expected 5 numbers, got Float32Array of 4',
      () => talk.generate(new Float32Array(4)),
    ],
  ]);

  test("a refused step leaves the state as it was", () => {
    stream.step([1, 2]);
    const before = stream.state();
    expect(() => stream.step([1, Infinity])).toThrow(RangeError);
    expect(() => stream.restore({ ...before, c_l0: new Float32Array(1) })).toThrow(RangeError);
    expect(stream.state()).toEqual(before);
  });
});

describe("many streams", () => {
  const model = createModel(features);
  const streams = model.streams({ capacity: 3 });
  const [a, b, closed] = [streams.open(), streams.open(), streams.open()];
  streams.close(closed);
  const wide = createModel({ input: { features: 4 }, layers: [lstm({ units: 2 })] }).streams({ capacity: 2 });
  const ofWide = [wide.open(), wide.open()];
  const talk = createModel(tokens).streams({ capacity: 1 });
  const said = talk.open();
  const state = streams.state(a);
  const full = createModel(features).streams({ capacity: 1 });
  full.open();
  refuses([
    ["no options", TypeError, '"options" expected an object with capacity, got undefined', () => model.streams(any(undefined))],
    ["no capacity", TypeError, '"capacity" expected an integer from 1 to 1048576, got undefined', () => model.streams(any({}))],
    ["a capacity of 0", RangeError, '"capacity" expected an integer from 1 to 1048576, got 0', () => model.streams({ capacity: 0 })],
    [
      "an unknown option",
      RangeError,
      '"size" is not an option; the options are capacity',
      () => model.streams(any({ capacity: 1, size: 1 })),
    ],
    [
      "a bidirectional layer",
      RangeError,
      "a model with a bidirectional layer has no streams",
      () => createModel({ ...features, layers: [lstm({ units: 2, bidirectional: "sum" })] }).streams({ capacity: 1 }),
    ],
    ["more streams than there is room for", RangeError, "all 1 streams are open", () => full.open()],
    [
      "a closed stream's step",
      RangeError,
      '"ids[1]" expected the id of an open stream, got 2',
      () => streams.step([a, closed], [1, 2, 3, 4]),
    ],
    ["a closed stream's state", RangeError, '"id" expected the id of an open stream, got 2', () => streams.state(closed)],
    ["closing twice", RangeError, '"id" expected the id of an open stream, got 2', () => streams.close(closed)],
    ["resetting a stream that never was", RangeError, '"id" expected the id of an open stream, got 7', () => streams.reset(7)],
    ["an id that is text", TypeError, '"ids[0]" expected the id of an open stream, got "0"', () => streams.step(any(["0"]), [1, 2])],
    ["an id NaN", RangeError, '"ids[0]" expected the id of an open stream, got NaN', () => streams.step([NaN], [1, 2])],
    ["one id for ids", TypeError, '"ids" expected an array of ids, got 0', () => streams.step(any(a), [1, 2])],
    [
      "the same stream twice",
      RangeError,
      '"ids[2]" expected another stream than ids[0], got 0',
      () => streams.step([a, b, a], [1, 2, 3, 4, 5, 6]),
    ],
    ["too few inputs", RangeError, '"inputs" expected 4 numbers (2 steps of 2), got an array of 2', () => streams.step([a, b], [1, 2])],
    ["an odd number of them", RangeError, '"inputs" expected a multiple of 2 numbers', () => streams.step([a, b], [1, 2, 3])],
    ["no inputs", TypeError, '"inputs" expected an array or a typed array, got undefined', () => streams.step([a], any(undefined))],
    [
      "an input that is too short",
      RangeError,
      '"inputs, step 1" expected 2 numbers, got an array of 1',
      () => streams.step([a, b], [[1, 2], [3]]),
    ],
    ["NaN", RangeError, '"inputs, step 1, feature 0" expected a finite number, got NaN', () => streams.step([a, b], [1, 2, NaN, 4])],
    [
      "infinity, the last among many",
      RangeError,
      '"inputs, step 1, feature 3" expected a finite number, got Infinity',
      () => wide.step(ofWide, Float32Array.of(1, 2, 3, 4, 5, 6, 7, Infinity)),
    ],
    [
      "too many inputs of the fastest kind",
      RangeError,
      '"inputs" expected 4 numbers (1 step of 4), got Float32Array of 8',
      () => wide.step([ofWide[0]!], new Float32Array(8)),
    ],
    ["a token too large", RangeError, '"inputs, step 0" expected an integer from 0 to 4, got 5', () => talk.step([said], [5])],
    [
      "an out too short",
      RangeError,
      '"out" expected a Float32Array of 4, got Float32Array of 2',
      () => streams.step([a, b], [1, 2, 3, 4], new Float32Array(2)),
    ],
    ["a state that is none", TypeError, '"state" expected what state() returned, got 5', () => streams.open(any(5))],
    ["a state without c", TypeError, '"state.c_l0" expected 3 numbers, got undefined', () => streams.restore(a, { h_l0: state.h_l0! })],
    [
      "the state of eight",
      RangeError,
      '"state.h_l0" expected 3 numbers, got Float32Array of 24',
      () => streams.open({ ...state, h_l0: new Float32Array(24) }),
    ],
    ["a state NaN", RangeError, '"state.h_l0[0]" expected a finite number, got NaN', () => streams.open({ ...state, h_l0: [NaN, 0, 0] })],
  ]);

  const batcher = createBatcher(streams, { queue: 1 });
  const wait = (options: unknown) => () => createBatcher(streams, any(options));
  refuses([
    [
      "a batcher of no streams",
      TypeError,
      '"streams" expected what model.streams() returned, got a Model',
      () => createBatcher(any(model)),
    ],
    ["of nothing", TypeError, '"streams" expected what model.streams() returned, got null', () => createBatcher(any(null))],
    ["a deadline below 0", RangeError, '"deadline" expected a number in [0, 1000], got -1', wait({ deadline: -1 })],
    ["a deadline without end", RangeError, '"deadline" expected a number in [0, 1000], got Infinity', wait({ deadline: Infinity })],
    ["batches of 0", RangeError, '"batch" expected a positive integer, got 0', wait({ batch: 0 })],
    ["a queue as text", TypeError, '"queue" expected a positive integer, got "9"', wait({ queue: "9" })],
    ["an option that a batcher does not have", RangeError, '"size" is not an option', wait({ size: 1 })],
  ]);
  test.each<Refusal>([
    ["a closed stream", RangeError, '"id" expected the id of an open stream, got 2', () => batcher.step(closed, [1, 2])],
    ["an id that is text", TypeError, '"id" expected the id of an open stream, got "0"', () => batcher.step(any("0"), [1, 2])],
    ["an input too short", RangeError, '"input, step 0" expected 2 numbers, got an array of 1', () => batcher.step(a, [1])],
    ["an array in an array", RangeError, '"input, step 0" expected 2 numbers, got an array of 1', () => batcher.step(a, any([[1, 2]]))],
    ["text", RangeError, '"input, step 0" expected 2 numbers, got an array of 1', () => batcher.step(a, any("12"))],
    ["NaN", RangeError, '"input, step 0, feature 1" expected a finite number, got NaN', () => batcher.step(a, [1, NaN])],
    ["a setting unknown", RangeError, '"settings.abort" is not an option', () => batcher.step(a, [1, 2], any({ abort: 1 }))],
    ["a signal that is none", TypeError, '"settings.signal" expected an AbortSignal', () => batcher.step(a, [1, 2], any({ signal: 1 }))],
  ])("batcher.step: %s", async (_, kind, message, attempt) => {
    const refusal = attempt() as Promise<unknown>;
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toThrow(kind);
    expect(batcher.waiting).toBe(0);
  });

  test("a refused step leaves all states as they were", () => {
    streams.step([b, a], [1, 2, 3, 4]);
    const states = () => [a, b].map((id) => streams.state(id));
    const before = states();
    expect(() => streams.step([a, b], [1, 2, 3, NaN])).toThrow(RangeError);
    expect(() => streams.step([a, b, closed], [1, 2, 3, 4, 5, 6])).toThrow(RangeError);
    expect(() => streams.step([a, b], [1, 2, 3, 4], new Float32Array(3))).toThrow(RangeError);
    expect(() => streams.restore(a, { ...state, c_l0: [1, 2, Infinity] })).toThrow(RangeError);
    expect(() => streams.open({})).toThrow(TypeError);
    expect(states()).toEqual(before);
    expect(streams.size).toBe(2);
  });
});
