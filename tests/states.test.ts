/** States that sequences bring and end with, and their gradients. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  adam,
  categorical,
  conv1d,
  createModel,
  createTrainer,
  dense,
  gru,
  type Layer,
  lstm,
  lstm97,
  type ModelConfig,
  numeric,
  rnn,
  type Sequence,
  type State,
  sgd,
} from "../src/index.js";
import { Model } from "../src/model/model.js";
import { asSequences, asTensors, CASES, type Case, examples, f32s, numbers, randomParameters, relativeError } from "./helpers/cases.js";
import { Oracle, type Parameters, type States } from "./helpers/oracle.js";
import { refuses } from "./helpers/refusals.js";

/** Random states of some sequences: as the model takes them, and as the oracle does. */
function drawStates(model: Model, oracle: Oracle, count: number) {
  const next = numbers(23);
  const shapes = Model.engine("model", model).layout.states();
  return Array.from({ length: count }, (_, row) => {
    const theirs = oracle.initialStates();
    if (row % 3 === 2) return { ours: undefined, theirs };
    const ours: State = {};
    for (const { name, units } of shapes) {
      const [, kind, layer, end] = /^(h|c|gates)_l(\d+)(_reverse)?$/.exec(name) ?? [];
      // What convolutions and gaps have seen, the oracle begins with zeros.
      ours[name] = kind ? Float32Array.from(f32s(units, next, 0.8)) : new Float32Array(units);
      if (!kind) continue;
      const state = theirs[Number(layer)]!;
      const own = end ? (state.reverse ??= { h: [], c: [] }) : state;
      own[kind as "h" | "c" | "gates"] = [...ours[name]!];
    }
    // A cell without c has no state of it.
    return { ours, theirs };
  });
}

const RECURRENT = ["rnn", "gru", "lstm", "lstm97"];
const STATEFUL = CASES.filter(
  ({ model, loss }) =>
    model.layers.some(({ type }) => RECURRENT.includes(type)) &&
    // What is drawn has tests of its own, and needs the kernels' draws.
    !model.layers.some(
      (layer) => ["zoneout", "cellZoneout", "recurrentDropout"].some((name) => name in layer) || layer.type === "dropout",
    ) &&
    (typeof loss === "string" || loss.type !== "ctc"),
);

describe.each(STATEFUL.map((entry) => [entry.name, entry] as const))("%s", (_, entry: Case) => {
  test("loss, outputs and gradients from states are the oracle's", () => {
    const model = createModel(entry.model);
    const parameters = randomParameters(model.parameters());
    model.setParameters(asTensors(parameters));
    const oracle = new Oracle(entry.model, parameters);
    const batch = examples(entry);
    const states = drawStates(model, oracle, batch.length);
    const sequences = asSequences(batch).map((sequence, row) => ({ ...sequence, ...(states[row]!.ours && { state: states[row]!.ours }) }));
    const expected = oracle.learn(
      batch,
      entry.loss,
      states.map(({ theirs }): States => structuredClone(theirs)),
    );
    const trainer = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }) });
    const { loss, gradients, states: found } = trainer.gradients(sequences);
    expect(relativeError([loss], [expected.loss])).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(gradients)) {
      expect(relativeError(data, oracle.gradients[name]!.data), name).toBeLessThan(2e-5);
    }
    model.predict(sequences).forEach((y, row) => {
      expect(relativeError(y, expected.outputs[row]!.flat()), `outputs ${row}`).toBeLessThan(1e-5);
    });
    const theirs = expected.begins;
    found!.forEach((own, row) => {
      expect(own === null).toBe(row % 3 === 2);
      for (const [name, data] of Object.entries(own ?? {}))
        expect(relativeError(data, theirs[row]![name]!.d), `${row} ${name}`).toBeLessThan(2e-5);
    });
    const names = Object.keys(found![0]!);
    expect(names).toEqual(Object.keys(states[0]!.ours!).filter((name) => /^[hc]_l/.test(name)));
  });
});

test("the oracle's gradients of states are those of finite differences", () => {
  const layers: Layer[] = [
    lstm({ units: 3, bidirectional: "concat" }),
    gru({ units: 2, reset: "before" }),
    lstm97({ blocks: 2 }),
    lstm({ units: 3, projection: 2, peepholes: true }),
    rnn({ units: 2 }),
    dense({ units: 1 }),
  ];
  const config: ModelConfig = { input: { features: 2 }, layers };
  const model = createModel(config);
  const parameters = randomParameters(model.parameters());
  const next = numbers(5);
  const batch = [4, 2].map((length) => ({
    inputs: Array.from({ length }, () => f32s(2, next)),
    targets: Array.from({ length }, () => f32s(1, next)),
  }));
  const oracle = new Oracle({ ...config, output: "every" } as never, parameters);
  const states = drawStates(model, oracle, 2).map(({ theirs }) => theirs);
  const { begins } = oracle.learn(batch, "mse", structuredClone(states));
  for (const [row, names] of begins.entries()) {
    for (const [name, { d }] of Object.entries(names)) {
      const [, kind, layer, end] = /^(h|c)_l(\d)(_reverse)?$/.exec(name)!;
      const of = (states: States[]) => (end ? states[row]![Number(layer)]!.reverse! : states[row]![Number(layer)]!)[kind as "h" | "c"];
      d.forEach((slope, u) => {
        const at = (e: number) => {
          const moved = structuredClone(states);
          if (of(moved).length === 0) return 0;
          of(moved)[u]! += e;
          return oracle.learn(batch, "mse", moved).objective;
        };
        const numeric = (8 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 1.2e-3;
        expect(Math.abs(numeric - slope), `${row} ${name} ${u}`).toBeLessThan(1e-9);
      });
    }
  }
});

const next = numbers(31);
test.each<[string, Layer]>([
  ["lstm", lstm({ units: 5, zoneout: 0.3, cellZoneout: 0.2, recurrentDropout: 0.3 })],
  ["lstm, projection", lstm({ units: 6, projection: 4, zoneout: 0.3, recurrentDropout: 0.3 })],
  ["gru", gru({ units: 5, zoneout: 0.3, recurrentDropout: 0.3 })],
  ["gru, reset before", gru({ units: 5, reset: "before", zoneout: 0.3, recurrentDropout: 0.3 })],
  ["rnn", rnn({ units: 5, zoneout: 0.3 })],
  ["lstm97", lstm97({ blocks: 2, cellsPerBlock: 2, zoneout: 0.3, cellZoneout: 0.2, recurrentDropout: 0.3 })],
  ["lstm97, cells alone", lstm97({ blocks: 4, recurrence: "cells", zoneout: 0.3 })],
  ["lstm97 without recurrence", lstm97({ blocks: 4, recurrence: "none", zoneout: 0.3 })],
])("random masks: the gradient of the states is that of finite differences, %s", (_, layer) => {
  const model = createModel({ input: { features: 2 }, layers: [layer, dense({ units: 1 })], seed: 6 });
  model.setParameters(asTensors(randomParameters(model.parameters())));
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), seed: 9 });
  const shapes = Model.engine("model", model).layout.states();
  const draw = (): State => Object.fromEntries(shapes.map(({ name, units }) => [name, Float32Array.from(f32s(units, next, 0.8))]));
  // Ten rows: two panels.
  const rows = Array.from({ length: 10 }, (_, i) => {
    const length = 2 + (i % 4);
    return { inputs: f32s(2 * length, next), targets: f32s(length, next), state: draw() };
  });
  const way = rows.map(draw);
  const at = (e: number) =>
    trainer.gradients(
      rows.map((row, i) => {
        const moved = Object.entries(row.state).map(([name, data]) => [name, data.map((x, u) => x + e * way[i]![name]![u]!)]);
        return { ...row, state: Object.fromEntries(moved) as State };
      }),
    ).loss;
  const { states } = trainer.gradients(rows);
  const along = states!.reduce(
    (sum, own, i) =>
      sum + Object.entries(own!).reduce((sum, [name, d]) => sum + d.reduce((sum, x, u) => sum + x * way[i]![name]![u]!, 0), 0),
    0,
  );
  expect(Math.abs((at(0.01) - at(-0.01)) / 0.02 - along)).toBeLessThan(2e-4 + 2e-3 * Math.abs(along));
  expect(Math.abs(along)).toBeGreaterThan(1e-3);
});

const cut = ({ inputs }: { inputs: ArrayLike<number> }, from: number, to: number) => ({ inputs: Array.from(inputs).slice(from, to) });
const LAYERS: [string, Layer[]][] = [
  ["rnn", [rnn({ units: 5 })]],
  ["gru, reset before", [gru({ units: 5, reset: "before" })]],
  ["lstm with all kinds of state", [conv1d({ units: 3, kernel: 3 }), lstm({ units: 5, fullGateRecurrence: true }), lstm97({ blocks: 3 })]],
  ["lstm, layer normalisation, projection", [lstm({ units: 6, layerNorm: true, projection: 3 }), gru({ units: 4, zoneout: 0.2 })]],
];

describe.each(LAYERS)("%s", (_, layers) => {
  const config: ModelConfig = { input: { features: 2 }, layers: [...layers, dense({ units: 2 })], seed: 4 };
  const whole = [9, 4, 7, 12, 5, 6, 8, 10].map((length) => ({ inputs: f32s(2 * length, next) }));

  test("in two pieces, the state passed on, a sequence has the bits that it has whole", () => {
    const model = createModel(config);
    const at = whole.map(({ inputs }) => inputs.length >> 2);
    const first = model.predict(
      whole.map((sequence, i) => cut(sequence, 0, 2 * at[i]!)),
      { states: true },
    );
    const second = model.predict(
      whole.map((sequence, i) => ({ ...cut(sequence, 2 * at[i]!, Infinity), state: first[i]!.state })),
      { states: true },
    );
    const all = model.predict(whole, { states: true });
    all.forEach(({ outputs, state }, i) => {
      expect([...first[i]!.outputs, ...second[i]!.outputs]).toEqual([...outputs]);
      expect(second[i]!.state).toEqual(state);
    });
    // A stream takes and gives the same, one sequence alone as a batch of one.
    const [one] = model.predict([cut(whole[0]!, 0, 8)], { states: true });
    const stream = model.stream();
    for (let t = 0; t < 4; t++) stream.step(whole[0]!.inputs.slice(2 * t, 2 * t + 2));
    expect(one!.state).toEqual(stream.state());
    const [y] = model.predict([{ ...cut(whole[0]!, 8, 10), state: stream.state() }]);
    expect(y).toEqual(stream.step(whole[0]!.inputs.slice(8, 10)));
  });

  test("training from states equals carrying them", () => {
    const targets = (piece: { inputs: number[] }): Sequence => ({ ...piece, targets: piece.inputs.map((x) => Math.fround(x / 2)) });
    const pieces = [0, 1].map((k) => whole.map((sequence) => targets(cut(sequence, 4 * k, 4 * k + 4))));
    const make = () => createTrainer(createModel(config), { loss: "mse", optimizer: adam({ learningRate: 1e-6 }), seed: 3 });
    const noisy = layers.some((layer) => "zoneout" in layer);
    if (noisy) return;
    const carried = make();
    carried.step(pieces[0]!);
    const own = make();
    const states = own.model.predict(pieces[0]!, { states: true }).map(({ state }) => state);
    own.step(pieces[0]!);
    expect(own.step(pieces[1]!.map((piece, i) => ({ ...piece, state: states[i]! })))).toBeCloseTo(
      carried.step(pieces[1]!, { carry: true }),
      5,
    );
  });
});

test("gaps of columns remember what was seen, from piece to piece", () => {
  const model = createModel({
    input: { columns: { a: numeric({ missing: "last" }), b: categorical(3) } },
    layers: [gru({ units: 4 }), dense({ units: 1 })],
    seed: 1,
  });
  const a = [0.5, NaN, 0.25, NaN, NaN, 0.75];
  const b = [0, 1, 2, 2, 1, 0];
  const [all] = model.predict([{ inputs: { a, b } }]);
  const [first] = model.predict([{ inputs: { a: a.slice(0, 3), b: b.slice(0, 3) } }], { states: true });
  const [second] = model.predict([{ inputs: { a: a.slice(3), b: b.slice(3) }, state: first!.state }]);
  expect([...first!.outputs, ...second!]).toEqual([...all!]);
});

test("several windows and fit: only the first window of a sequence begins from its state", () => {
  const model = () => createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dense({ units: 1 })], seed: 2 });
  const inputs = f32s(90, next);
  const state = { h_l0: f32s(4, next), c_l0: f32s(4, next) };
  const [long] = model().predict([{ inputs, state }]);
  const stream = model().stream().restore(state);
  const stepped = inputs.map((x) => stream.step(x)[0]!);
  expect([...long!]).toEqual(stepped);
  const { loss } = model().evaluate([{ inputs, targets: stepped, state }], { loss: "mse" });
  expect(loss).toBeLessThan(1e-12);
});

describe("PyTorch", () => {
  interface Vector {
    name: string;
    layer: Layer;
    parameters: Parameters;
    inputs: number[][];
    targets: number[][];
    states: Record<string, number[]>[];
    outputs: number[][];
    final: Record<string, number[]>[];
    gradients: Record<string, number[]>[];
  }
  const vectors: Vector[] = JSON.parse(readFileSync(new URL("vectors/states.json", import.meta.url), "utf8"));
  test.each(vectors.map((vector) => [vector.name, vector] as const))(
    "%s",
    (_, { layer, parameters, inputs, targets, states, ...expected }) => {
      const model = createModel({ input: { features: 3 }, layers: [layer] });
      model.setParameters(asTensors(parameters));
      const sequences = inputs.map((flat, i) => ({ inputs: flat, targets: targets[i]!, state: states[i]! }));
      model.predict(sequences, { states: true }).forEach(({ outputs, state }, i) => {
        expect(relativeError(outputs, expected.outputs[i]!)).toBeLessThan(1e-5);
        expect(Object.keys(state).sort()).toEqual(Object.keys(expected.final[i]!).sort());
        for (const [name, data] of Object.entries(state)) expect(relativeError(data, expected.final[i]![name]!), name).toBeLessThan(1e-5);
      });
      const { states: found } = createTrainer(model, { loss: "mse", optimizer: adam() }).gradients(sequences);
      found!.forEach((own, i) => {
        for (const [name, data] of Object.entries(own!))
          expect(relativeError(data, expected.gradients[i]![name]!), name).toBeLessThan(1e-4);
      });
    },
  );
});

const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 2 }), dense({ units: 1 })] });
const predict = (state: unknown) => () => model.predict([{ inputs: [1] }, { inputs: [1, 2], state: state as State }]);
refuses([
  ["a state that is missing", TypeError, '"sequences[1].state.c_l0" expected', predict({ h_l0: [0, 0] })],
  [
    "a state too many",
    RangeError,
    '"sequences[1].state.h_l1" is not a state of this model',
    predict({ h_l0: [0, 0], c_l0: [0, 0], h_l1: [0] }),
  ],
  ["a state too long", RangeError, '"sequences[1].state.h_l0" expected 2 numbers', predict({ h_l0: [0, 0, 0], c_l0: [0, 0] })],
  [
    "a state not finite",
    RangeError,
    '"sequences[1].state.c_l0[1]" expected a finite number, got NaN',
    predict({ h_l0: [0, 0], c_l0: [0, NaN] }),
  ],
  ["no state", TypeError, '"sequences[1].state" expected what state() returned, got 3', predict(3)],
  [
    "states that are asked for wrongly",
    TypeError,
    '"states" expected true or false',
    () => model.predict([{ inputs: [1] }], { states: 1 as never }),
  ],
]);
