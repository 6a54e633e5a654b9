/** Models to ONNX: memcell/onnx. What ONNX Runtime makes of them: onnx/main.ts. */

import { describe, expect, test } from "vitest";
import { conv1d, createModel, dense, gru, type Layer, lstm, lstm97, normalization, pooling } from "../src/index.js";
import { quantize } from "../src/int8.js";
import { fromOnnx, type OnnxOptions, toOnnx } from "../src/onnx.js";
import { drawModel } from "./onnx/models.js";

test("random models become files, the same each time", () => {
  for (let n = 0; n < 40; n++) {
    const { model } = drawModel(n);
    const bytes = toOnnx(model);
    // The IR version 7, and the name of what wrote it.
    expect([...bytes.subarray(0, 4)]).toEqual([8, 7, 18, 7]);
    expect(toOnnx(model)).toEqual(bytes);
  }
});

test("the file of a model with int8 weights has its integers: a quarter of the size, and the same weights", () => {
  const layers: Layer[] = [conv1d({ units: 40, kernel: 2 }), lstm({ units: 48, projection: 40 }), gru({ units: 48 }), dense({ units: 9 })];
  const model = createModel({ input: { features: 40 }, layers });
  const small = quantize(model);
  const bytes = toOnnx(small);
  expect(bytes.length / toOnnx(model).length).toBeLessThan(0.31);
  const back = fromOnnx(bytes).model.parameters();
  for (const [name, { data }] of Object.entries(small.parameters())) if (!/_l0/.test(name)) expect(back[name]?.data, name).toEqual(data);
});

const of = (...layers: Layer[]) => createModel({ input: { features: 2 }, layers });

describe("what ONNX does not have is refused, with its place", () => {
  test.each<[string, () => unknown, string]>([
    ["a cell's normalisation", () => toOnnx(of(gru({ units: 2 }), lstm({ units: 2, layerNorm: true }))), '"layers[1].layerNorm" is true'],
    ["a clipped cell", () => toOnnx(of(lstm({ units: 2, cellClip: 3 }))), '"layers[0].cellClip" is 3, which no node LSTM of ONNX has'],
    ["zoneout", () => toOnnx(of(lstm({ units: 2, zoneout: 0.1 }))), '"layers[0].zoneout" is 0.1'],
    ["gates that see gates", () => toOnnx(of(lstm({ units: 2, fullGateRecurrence: true }))), '"layers[0].fullGateRecurrence"'],
    ["memory cell blocks", () => toOnnx(of(lstm97({ blocks: 2 }))), '"layers[0].type" is lstm97, which ONNX has no node for'],
    [
      "normalisation in an old set of operators",
      () => toOnnx(of(normalization()), { opset: 14 }),
      '"layers[0]" is normalization, for which "opset" must be at least 17',
    ],
    ["an option that is none", () => toOnnx(of(dense({ units: 1 })), { state: true } as OnnxOptions), '"state" is not an option'],
    ["another opset", () => toOnnx(of(dense({ units: 1 })), { opset: 9 }), '"opset" expected an integer from 14 to 21, got 9'],
    ["no model", () => toOnnx({} as never), '"model" expected a model, got an object'],
    [
      "a head that is called as an input is",
      () =>
        toOnnx(createModel({ input: { features: 1 }, layers: [gru({ units: 2 })], heads: { h_l0: dense({ units: 1 }) } }), {
          states: true,
        }),
      '"heads.h_l0" is the name of an input or of a state of the file',
    ],
    [
      "a convolution of final states",
      () => toOnnx(of(gru({ units: 2, bidirectional: "sum" }), conv1d({ units: 2, kernel: 2 }), pooling({ kind: "last" }))),
      '"layers[1]" is conv1d of the final states of layers[0], which ONNX has no node for',
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
