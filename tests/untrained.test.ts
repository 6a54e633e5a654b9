/** Models in a program that never learns, whose kernels lack the code that does: nothing that runs a model may need it. */

import { expect, test } from "vitest";
import { compile, whole } from "../src/core/compiled.js";
import { createModel, type Model, trace } from "../src/index.js";
import { quantize } from "../src/int8.js";
import { Model as Class } from "../src/model/model.js";
import { asSequences, CASES, examples } from "./helpers/cases.js";

/** All numbers of outputs, of every head. */
const numbersOf = (value: unknown): number[] =>
  ArrayBuffer.isView(value) ? [...(value as Float32Array)] : Object.values(value as object).flatMap(numbersOf);

test("every model predicts, is evaluated, streams step by step and in lanes, and is quantised", () => {
  compile();
  for (const entry of CASES) {
    const model = createModel(entry.model) as Model;
    const sequences = asSequences(examples(entry));
    for (const each of [model, quantize(model)]) {
      expect(numbersOf(each.predict(sequences, { states: true })).every(Number.isFinite), entry.name).toBe(true);
      expect(each.evaluate(sequences, { loss: entry.loss }).loss, entry.name).toBeLessThan(Infinity);
      const { layout } = Class.engine("model", model);
      if (layout.whole) continue;
      trace(each, { inputs: sequences[0]!.inputs });
      const features = "features" in entry.model.input ? entry.model.input.features : 0;
      if (!features) continue;
      const input = new Float32Array(features).fill(0.5);
      const streams = each.streams({ capacity: 2 });
      const ids = [streams.open(), streams.open()];
      expect(numbersOf(each.stream().step(input)).every(Number.isFinite), entry.name).toBe(true);
      expect(numbersOf(streams.step(ids, Float32Array.from([...input, ...input]))).every(Number.isFinite), entry.name).toBe(true);
    }
  }
  expect(whole()).toBe(false);
});
