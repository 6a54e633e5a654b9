import { describe, expect, test } from "vitest";
import { createModel, dense, gru, lstm, type ModelConfig, rnn } from "../src/index.js";
import { CASES, examples, readsBack } from "./helpers/cases.js";

const every = CASES.filter(({ model }) => model.output === "every" && !readsBack(model.layers));

test.each(every.map((entry) => [entry.name, entry] as const))("%s: goes on from bytes as it would have gone on", (_, entry) => {
  const model = createModel({ ...entry.model, seed: 3 });
  const stream = model.stream();
  const [{ inputs }] = examples(entry) as [ReturnType<typeof examples>[number]];
  const half = inputs.length >> 1;
  for (const x of inputs.slice(0, half)) stream.step(x);
  const bytes = stream.stateBytes();
  expect(bytes.length).toBe(12 + 4 * Object.values(stream.state()).reduce((sum, { length }) => sum + length, 0));
  const other = createModel({ ...entry.model, seed: 3 })
    .stream()
    .restoreBytes(structuredClone(bytes).buffer);
  expect(other.state()).toEqual(stream.state());
  expect(inputs.slice(half).map((x) => other.step(x))).toEqual(inputs.slice(half).map((x) => stream.step(x)));
  const streams = model.streams({ capacity: 2 });
  const id = streams.open();
  streams.restoreBytes(id, bytes);
  expect(streams.stateBytes(id)).toEqual(bytes);
});

const config = (...layers: ModelConfig["layers"]): ModelConfig => ({
  input: { features: 1 },
  layers: [...layers, dense({ units: 1 })],
  seed: 1,
});

test("the bytes stay as they are from version to version", () => {
  const stream = createModel(config(lstm({ units: 2 }))).stream();
  stream.restore({ h_l0: [1, -0], c_l0: [0.1, 3e-45] });
  expect(Buffer.from(stream.stateBytes()).toString("hex")).toBe(
    "4d435301" + "b911b866" + "26564dee" + "0000803f" + "00000080" + "cdcccc3d" + "02000000",
  );
});

describe("bytes from strangers are refused, and the state stays", () => {
  const model = createModel(config(lstm({ units: 3 })));
  const stream = model.stream();
  stream.step(0.5);
  const bytes = stream.stateBytes();
  const streams = model.streams({ capacity: 1 });
  const id = streams.open(stream.state());

  const refused = (value: unknown, kind: typeof TypeError | typeof RangeError = RangeError, words = /^"bytes" expected /) => {
    for (const restore of [() => stream.restoreBytes(value as Uint8Array), () => streams.restoreBytes(id, value as Uint8Array)]) {
      expect(restore).toThrow(kind);
      expect(restore).toThrow(words);
    }
  };
  const changed = (change: (copy: Uint8Array, view: DataView) => void) => {
    const copy = bytes.slice();
    change(copy, new DataView(copy.buffer));
    return copy;
  };

  test("each of its bits, if it is another", () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) refused(changed((copy) => (copy[bit >> 3]! ^= 1 << (bit & 7))));
  });

  test("each length but its own", () => {
    for (let length = 0; length < bytes.length; length++) refused(bytes.slice(0, length));
    refused(Uint8Array.of(...bytes, 0));
    refused(new Uint8Array(1 << 20));
  });

  test.each([
    ["no bytes", "MCS", TypeError, /a Uint8Array or an ArrayBuffer, got "MCS"/],
    ["a list", [...bytes], TypeError, /a Uint8Array or an ArrayBuffer, got an array of 36/],
    ["nothing", undefined, TypeError, /got undefined/],
    ["another file", model.save(), RangeError, /a state of stateBytes\(\), version 1, got Uint8Array of \d+$/],
    ["a later version", changed((copy) => (copy[3] = 2)), RangeError, /version 1, got Uint8Array of 36/],
    [
      "another cell",
      createModel(config(gru({ units: 6 })))
        .stream()
        .stateBytes(),
      RangeError,
      /the state of a model with these layers, got/,
    ],
    [
      "other units",
      createModel(config(lstm({ units: 4 })))
        .stream()
        .stateBytes(),
      RangeError,
      /with these layers/,
    ],
    [
      "another number of layers",
      createModel(config(rnn({ units: 3 }), rnn({ units: 3 })))
        .stream()
        .stateBytes(),
      RangeError,
      /with these layers/,
    ],
    ["a number that is another", changed((copy) => (copy[20]! ^= 64)), RangeError, /that is not damaged/],
  ])("%s", (_, value, kind, words) => refused(value, kind as typeof RangeError, words));

  test("a number that is not finite, under a checksum of its own", () => {
    const copy = changed((_, view) => view.setUint32(12, 0x7fc00000, true));
    let sum = 0x811c9dc5;
    for (const word of new Uint32Array(copy.buffer, 12)) sum = Math.imul(sum ^ word, 0x01000193);
    new DataView(copy.buffer).setUint32(8, sum, true);
    refused(copy, RangeError, /^"state.h_l0\[0\]" expected a finite number, got NaN/);
  });

  test("and nothing has changed", () => {
    expect(stream.stateBytes()).toEqual(bytes);
    expect(streams.stateBytes(id)).toEqual(bytes);
  });
});
