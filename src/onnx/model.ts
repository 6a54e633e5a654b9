/** A whole model as an ONNX graph. */

import type { Int8Engine } from "../int8/engine.js";
import { type Engine, type Layer, Model } from "../interop/core.js";
import { inputs, scaled } from "./inputs.js";
import { LAYERS } from "./layers.js";
import type { Draft } from "./out.js";
import { Graph } from "./writer.js";

/** The options of `toOnnx`. */
export interface OnnxOptions {
  /**
   * Makes the states of layers inputs and outputs, for streaming: `h_l0` goes in and `h_l0_next` comes out, to go in with the next steps;
   * also `c_l0` of an lstm; `x`, the steps before, of a conv1d; `seen`, what gaps take. [directions or steps, B, units], zeros at the
   * beginning. An lstm with a projection has h before it. Default false.
   */
  states?: boolean;
  /** Adds the input `lengths` [B] int32: the steps that each sequence of a batch has. Default false: all have as many. */
  lengths?: boolean;
  /** The version of ONNX's operators, from 14 to 21. Default 14; 17 for models with layer normalisation, which came with it. */
  opset?: number;
}

const STEPS = /^(rnn|gru|lstm|lstm97|conv1d)$/;
const RECURRENT = /^(rnn|gru|lstm)$/;

export function graphOf(model: Model<unknown>, { states = false, lengths = false, opset: given }: OnnxOptions): Uint8Array<ArrayBuffer> {
  const { config, layout, units, scales = new Map() }: Engine & { scales?: Int8Engine["scales"] } = Model.engine("model", model);
  const opset = given ?? (config.layers.some(({ type }) => type === "normalization") ? 17 : 14);
  // With the pooling that the output "last" stands for.
  let next = 0;
  const layers = layout.rows
    .slice(1)
    .map(({ path }) => ({ path, layer: (path === "output" ? { type: "pooling", kind: "last" } : config.layers[next++]) as Layer }))
    .filter(({ layer }) => layer);
  const pool = layers.findIndex(({ layer }) => layer.type === "pooling");
  const last = layers.some(({ layer }) => layer.type === "pooling" && layer.kind === "last");
  const top = last ? layers.findLastIndex(({ layer }) => RECURRENT.test(layer.type)) : -1;
  const counts: Record<string, number> = {};
  const outputs = config.heads ? Object.keys(config.heads) : ["outputs"];
  const graph = new Graph(outputs);
  const draft: Draft = {
    graph,
    parameters: model.parameters(),
    scales,
    x: "",
    units: 0,
    pooled: false,
    states,
    lengths: lengths ? graph.input("lengths", "int32", ["B"]) : "",
    opset,
    path: "",
    layer: {},
    final: false,
    name(kind) {
      if (draft.path.startsWith("heads.")) return draft.path;
      const count = counts[kind] ?? 0;
      counts[kind] = count + 1;
      return kind === "recurrent" ? `${count}` : `${kind}${count ? `_${count}` : ""}`;
    },
  };
  inputs(draft, config);
  // No reader could tell from the nodes how columns become features: where they end stands in the file.
  const { input, scaler, metadata } = config;
  const columns = "columns" in input && {
    memcell: JSON.stringify({ input, ...(scaler.inputs && { inputs: scaler.inputs }), from: draft.x, units: draft.units }),
  };
  layers.forEach(({ path, layer }, i) => {
    const { type } = layer;
    draft.path = path;
    draft.layer = layer as unknown as Record<string, unknown>;
    const between = layers.slice(i + 1, pool).find(({ layer }) => STEPS.test(layer.type));
    draft.final = i === top && !between;
    const write = Object.hasOwn(LAYERS, type) ? LAYERS[type] : undefined;
    if (!write) throw new RangeError(`"${path}.type" is ${type}, which ONNX has no node for`);
    if (i === top && between && ("bidirectional" in layer || (layer as { direction?: string }).direction === "reverse"))
      throw new RangeError(`"${between.path}" is ${between.layer.type} of the final states of ${path}, which ONNX has no node for`);
    write(draft);
  });
  const trunk = { x: draft.x, units: draft.units };
  outputs.forEach((name, i) => {
    const layer = config.heads?.[name];
    if (layer) LAYERS.dense?.(Object.assign(draft, trunk, { path: `heads.${name}`, layer }));
    const scale = units[i];
    if (scale) draft.x = scaled(graph, draft.x, `scaler.targets.${name}`, ["Mul", scale.deviation], ["Add", scale.mean]);
    graph.result(name, draft.x, [...(draft.pooled ? [] : ["T" as const]), "B", draft.units]);
  });
  return graph.file(opset, { ...metadata, ...columns });
}
