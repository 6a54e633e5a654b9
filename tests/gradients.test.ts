import { describe, expect, test } from "vitest";
import { lanesFor } from "../src/core/lanes.js";
import { keys, philox } from "../src/core/random.js";
import { createModel, createTrainer, type Lstm97Layer, type LstmLayer, sgd } from "../src/index.js";
import { Model } from "../src/model/model.js";
import { checkSequences } from "../src/model/sequences.js";
import { wholeRow } from "../src/model/window.js";
import { LocalUpdater } from "../src/training/localUpdater.js";
import { asSequences, asTensors, CASES, type Case, examples, randomParameters, relativeError } from "./helpers/cases.js";
import { type Draws, type Mask, Oracle } from "./helpers/oracle.js";

/** The random bits that the dropout kernel has for the number at `position` of a buffer, in the first update. */
function bits(seed: number, layer: number, position: number): number {
  const counter = Uint32Array.of(4 * (position >> 4) + (position & 3), 1, layer, 0);
  philox(counter, ...keys(seed));
  return counter[(position >> 2) & 3]!;
}

const bound = (rate: number) => Math.floor(Math.fround(rate) * 4294967296);

/** What the kernels draw in the first window, from the positions of numbers in the layout. */
function kernelDraws({ model, lengths }: Case, seed: number): { mask: Mask; draws: Draws } {
  const { width, panels } = lanesFor(lengths.length);
  const place = (units: number, t: number, row: number, unit: number) =>
    ((t * panels + Math.floor(row / width)) * ((units + 3) & ~3) + unit) * width + (row % width);
  const dropouts = model.layers.flatMap((layer, i) =>
    layer.type === "dropout" ? [{ rate: layer.rate, below: model.layers.slice(0, i) }] : [],
  );
  const recurrent = model.layers.filter((layer) => "zoneout" in layer || ["rnn", "gru", "lstm", "lstm97"].includes(layer.type)) as (
    | LstmLayer
    | Lstm97Layer
  )[];
  const number = (k: number, direction: number, kind: number) => 65536 + 4 * (2 * k + direction) + kind;
  return {
    mask: (layer, row, t, unit) => {
      const { rate, below } = dropouts[layer]!;
      const wide = below.findLast((layer) => "units" in layer && layer.type !== "pooling") as LstmLayer | undefined;
      const units = wide ? wide.units * (wide.bidirectional === "concat" ? 2 : 1) : (model.input as { features: number }).features;
      return bits(seed, layer, place(units, t, row, unit)) >= bound(rate) ? 1 / (1 - rate) : 0;
    },
    draws: {
      zone: (k, direction, kind, row, t, unit) => {
        const { zoneout = 0, cellZoneout = 0 } = recurrent[k]!;
        const position = place(rowsOf(recurrent[k]!)[kind ? "cells" : "outputs"], t, row, unit);
        return Number(bits(seed, number(k, direction, 2 + kind), position) >= bound(1 - (kind ? cellZoneout : zoneout)));
      },
      recurrent: (k, direction, row, unit) => {
        const { recurrentDropout = 0 } = recurrent[k]!;
        const { read, at } = rowsOf(recurrent[k]!);
        return bits(seed, number(k, direction, 1), place(read, 0, row, at(unit))) >= bound(recurrentDropout)
          ? 1 / (1 - recurrentDropout)
          : 0;
      },
    },
  };
}

/** Rows of a layer's cells, of its outputs, and of what its recurrent weights read, where each unit has its place. */
function rowsOf(layer: LstmLayer | Lstm97Layer) {
  if (layer.type !== "lstm97") {
    const { units, projection = units } = layer;
    return { cells: units, outputs: projection, read: projection, at: (unit: number) => unit };
  }
  const { blocks, cellsPerBlock = 1, recurrence = "cells+gates", outputGate = true } = layer;
  const cells = blocks * cellsPerBlock;
  const [C, B] = [cells, blocks].map((rows) => (rows + 3) & ~3) as [number, number];
  // Cells, input gates, output gates, each part padded to 4.
  const at = (unit: number) => (unit < cells ? unit : C + B * Math.floor((unit - cells) / blocks) + ((unit - cells) % blocks));
  return { cells, outputs: cells, read: recurrence === "cells" ? C : C + (outputGate ? 2 : 1) * B, at };
}

describe.each(CASES.map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
  const batch = examples(entry);
  const seed = 2 ** 40 + 17;
  const { mask, draws } = kernelDraws(entry, seed);
  /** Anew for each test: a page has address space for some hundred models. */
  const build = () => {
    const model = createModel(entry.model);
    const parameters = randomParameters(model.parameters());
    model.setParameters(asTensors(parameters));
    return { model, parameters };
  };

  test("loss and every gradient are the oracle's", () => {
    const { model, parameters } = build();
    const oracle = new Oracle(entry.model, parameters, true, draws);
    const expected = oracle.learn(batch, entry.loss, undefined, mask);
    const trainer = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }), seed });
    const { loss, gradients } = trainer.gradients(asSequences(batch));
    expect(relativeError([loss], [expected.loss])).toBeLessThan(1e-5);
    expect(Object.keys(gradients)).toEqual(Object.keys(parameters));
    for (const [name, { data }] of Object.entries(gradients)) {
      expect(relativeError(data, oracle.gradients[name]!.data), name).toBeLessThan(1e-5);
    }
  });

  test("what lies between the parameters has no gradient", () => {
    const { model } = build();
    const engine = Model.engine("model", model);
    const { options } = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }), seed });
    const learner = new LocalUpdater(engine, options, {});
    const demands = { engine, losses: learner.objective.losses };
    const rows = checkSequences("sequences", asSequences(batch), demands).map((sequence, ordinal) => wholeRow(sequence, ordinal, false));
    learner.differentiate(rows, Math.max(...entry.lengths));
    const { f32 } = engine.memory;
    for (const parameter of engine.layout.parameters) engine.memory.pack(learner.gradients, parameter, new Float32Array(1e5));
    const from = learner.gradients / 4;
    expect(f32.slice(from, from + engine.layout.params.bytes / 4).every((value) => value === 0)).toBe(true);
  });

  if (entry.model.layers.every(({ type }) => type !== "gru" && type !== "rnn")) {
    test("the gradient of 1997 is that with the recurrent inputs held constant", () => {
      const { model, parameters } = build();
      const constant = new Oracle(entry.model, parameters, false, draws);
      constant.learn(batch, entry.loss, undefined, mask);
      const trainer = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }), seed, gradient: "truncated-1997" });
      const { gradients } = trainer.gradients(asSequences(batch));
      for (const [name, { data }] of Object.entries(gradients)) {
        expect(relativeError(data, constant.gradients[name]!.data), name).toBeLessThan(1e-5);
      }
    });
  }

  test("outputs and evaluation, which know no dropout, are the oracle's", () => {
    const { model, parameters } = build();
    const plain = new Oracle(entry.model, parameters).learn(batch, entry.loss);
    const outputs = model.predict(asSequences(batch));
    outputs.forEach((y, row) => expect(relativeError(y, plain.outputs[row]!.flat()), `row ${row}`).toBeLessThan(1e-5));
    expect(relativeError([model.evaluate(asSequences(batch), { loss: entry.loss }).loss], [plain.loss])).toBeLessThan(1e-5);
  });
});
