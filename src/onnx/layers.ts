/** The other layers as ONNX's nodes. */

import type { Tensor } from "../interop/core.js";
import { recurrent } from "./cells.js";
import { activate, type Draft, lastStep, masked, matrix, reduce, stateIn, stateOut, transposed } from "./out.js";

/** A row for each kind of layer: adds its nodes, and makes their output the signal. */
export const LAYERS: Record<string, (draft: Draft) => void> = {
  rnn: recurrent,
  gru: recurrent,
  lstm: recurrent,

  embedding(draft) {
    const { graph, layer, x } = draft;
    const name = `${draft.name("embedding")}.weight`;
    draft.x = graph.node("Gather", [matrix(draft, name), x], { axis: 0 });
    draft.units = layer.units as number;
  },

  dense(draft) {
    const { graph, layer, parameters, x } = draft;
    const name = draft.name("dense");
    const W = layer.tied
      ? graph.node("Transpose", [matrix(draft, "embedding.weight")], { perm: [1, 0] })
      : transposed(draft, `${name}.weight`);
    const bias = parameters[`${name}.bias`];
    let y = graph.node("MatMul", [x, W]);
    if (bias) y = graph.node("Add", [y, graph.tensor(`${name}.bias`, bias.shape, bias.data)]);
    draft.x = activate(draft, y, `${layer.activation ?? "identity"}`);
    draft.units = layer.units as number;
  },

  activation(draft) {
    const { kind, alpha } = draft.layer as { kind: string; alpha?: number };
    draft.x = activate(draft, draft.x, kind, alpha);
  },

  dropout() {},

  normalization(draft) {
    const { graph, parameters, x, opset } = draft;
    if (opset < 17)
      throw new RangeError(`"${draft.path}" is normalization, for which "opset" must be at least 17: LayerNormalization came with it`);
    const name = draft.name("normalization");
    const [gain, bias] = ["weight", "bias"].map((part) => {
      const { shape, data } = parameters[`${name}.${part}`] as Tensor;
      return graph.tensor(`${name}.${part}`, shape, data);
    }) as [string, string];
    draft.x = graph.node("LayerNormalization", [x, gain, bias], { axis: -1, epsilon: 1e-5 });
  },

  conv1d(draft) {
    const { graph, layer, states, units: inputs } = draft;
    const { kernel, dilation = 1, units } = layer as { kernel: number; dilation?: number; units: number };
    const name = draft.name("conv1d");
    const past = (kernel - 1) * dilation;
    let { x } = draft;
    if (states && past > 0) {
      const own = name.replace("conv1d", "x");
      x = graph.node("Concat", [stateIn(draft, own, [past, "B", inputs]), x], { axis: 0 });
      stateOut(draft, own, x, past, inputs);
    }
    const [W, b] = [matrix(draft, `${name}.weight`), matrix(draft, `${name}.bias`)];
    const turned = graph.node("Transpose", [x], { perm: [1, 2, 0] });
    const attributes = { kernel_shape: [kernel], dilations: [dilation], strides: [1], pads: [states ? 0 : past, 0] };
    draft.x = graph.node("Transpose", [graph.node("Conv", [turned, W, b], attributes)], { perm: [2, 0, 1] });
    draft.units = units;
  },

  pooling(draft) {
    const { graph, layer, parameters, lengths, x, pooled } = draft;
    const { kind } = layer;
    draft.pooled = true;
    if (pooled) return;
    if (kind === "last") draft.x = lastStep(draft, x);
    else if (kind === "attention") {
      const name = draft.name("pooling");
      const part = (end: string) => parameters[`${name}.${end}`] as Tensor;
      const bias = graph.tensor(`${name}.bias`, part("bias").shape, part("bias").data);
      const scores = graph.node("MatMul", [x, transposed(draft, `${name}.weight`)]);
      const u = graph.node("Tanh", [graph.node("Add", [scores, bias])]);
      const e = graph.node("MatMul", [u, transposed(draft, `${name}.v`)]);
      const a = graph.node("Softmax", [masked(draft, e, -Infinity)], { axis: 0 });
      draft.x = reduce(draft, "ReduceSum", graph.node("Mul", [masked(draft, x, 0), a]));
    } else if (kind === "max") draft.x = reduce(draft, "ReduceMax", masked(draft, x, -Infinity));
    else if (lengths) {
      const count = graph.node("Cast", [graph.node("Unsqueeze", [lengths, graph.integers([1])])], { to: 1 });
      draft.x = graph.node("Div", [reduce(draft, "ReduceSum", masked(draft, x, 0)), count]);
    } else draft.x = reduce(draft, "ReduceMean", x);
  },
};
