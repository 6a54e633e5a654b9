/** A Keras model's configuration as a chain of layers, each with its weights. */

import { checkConfig, clip, fail, isRecord, type ModelConfig, modelOf, type Tensor, type TensorFile } from "./core.js";
import type { Imported } from "./imported.js";
import { addLayer, type Draft, type Json, type KerasLayer, refuse } from "./kerasIn.js";

interface Node {
  class_name: string;
  name?: string;
  config: Json;
  inbound_nodes?: unknown[];
}

/** The names of layers that a layer's calls take from: in Keras 2 [[["a", 0, 0, {}]]], in Keras 3 within `keras_history`. */
function sources(value: unknown, depth = 0): string[] {
  if (depth > 12) return [];
  if (Array.isArray(value)) {
    const [name, at, index] = value;
    if (typeof name === "string" && typeof at === "number" && typeof index === "number") return [name];
  }
  return value && typeof value === "object" ? Object.values(value).flatMap((inner) => sources(inner, depth + 1)) : [];
}

/** The first of these values that is a text, or "". Others are not converted, as a file may hold anything. */
const text = (...values: unknown[]) => (values.find((value) => typeof value === "string") as string | undefined) ?? "";

/** The layers from the input up. @throws RangeError with the layer at which it is no chain */
function chainOf(model: unknown): Node[] {
  const { class_name: type, config } = (isRecord(model) ? model : {}) as { class_name?: string; config?: unknown };
  const layers = Array.isArray(config) ? config : isRecord(config) ? config.layers : undefined;
  const isNode = (node: unknown): node is Node => isRecord(node) && isRecord(node.config) && typeof node.class_name === "string";
  if (!Array.isArray(layers) || !layers.every(isNode))
    return fail(TypeError, "model", "the configuration of a Keras model with layers", model);
  if (type === "Sequential") return layers;
  const nameOf = ({ name, config }: Node) => text(name, config.name);
  const chain: Node[] = [];
  for (let name: string | undefined; chain.length < layers.length; name = nameOf(chain.at(-1) as Node)) {
    const next = layers.filter(({ inbound_nodes: calls = [] }) => {
      const from = sources(calls);
      return name === undefined ? from.length === 0 : from.includes(name);
    });
    const [one] = next;
    if (!one || next.length > 1 || sources(one.inbound_nodes ?? []).length > 1)
      return refuse(name ?? "at the input", "from which no chain of layers leads on: memcell has one after the other");
    chain.push(one);
  }
  return chain;
}

const RANKS: Record<string, number> = { kernel: 0, gamma: 0, embeddings: 0, recurrent_kernel: 1, beta: 1, bias: 2, 0: 0, 1: 1, 2: 2 };
const rank = (path: string) => RANKS[(path.split("/").at(-1) as string).replace(/:\d+$/, "")] ?? -1;
const backwards = (path: string) => Number(/(^|\/)backward_/.test(path));

/** As Keras makes names of classes: LayerNormalization, layer_normalization. */
const snake = (name: string) =>
  name
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();

/**
 * @param model the configuration: `class_name` and `config`
 * @param alpha the slope of a hard sigmoid in this version of Keras
 * @throws TypeError, RangeError with the layer that memcell does not have, or whose weights are missing
 */
export function modelFrom(model: unknown, { tensors, skipped }: Pick<TensorFile, "tensors" | "skipped">, alpha: number): Imported {
  const chain = chainOf(model);
  const paths = Object.keys(tensors).filter((path) => rank(path) >= 0);
  const owners = new Map<string, string[]>();
  for (const path of paths) {
    for (const part of new Set(path.split("/").slice(0, -1))) {
      const own = owners.get(part) ?? [];
      own.push(path);
      owners.set(part, own);
    }
  }
  const counts: Record<string, number> = {};
  const named = chain.map(({ class_name: type, config }) => {
    const base = snake(type);
    const n = counts[base] ?? 0;
    counts[base] = n + 1;
    return { name: text(config.name, base), numbered: n ? `${base}_${n}` : base };
  });
  // Some versions of Keras 3 number layers by their class and pass over their names.
  const byName = [...owners.keys()].some((part) => named.some(({ name, numbered }) => name === part && name !== numbered));
  const draft: Draft = { layers: [], tensors: {}, unknown: [], counts: {}, alpha };
  chain.forEach(({ class_name: type, config }, i) => {
    const { name, numbered } = named[i] as { name: string; numbered: string };
    const inner = isRecord(config.layer) && isRecord(config.layer.config) ? text(config.layer.config.name) : name;
    const own = owners.get(byName || owners.has(name) ? name : numbered) ?? owners.get(inner) ?? [];
    const sorted = [...own].sort((a, b) => backwards(a) - backwards(b) || rank(a) - rank(b));
    addLayer(draft, { type, name, config, weights: sorted.map((path) => tensors[path] as Tensor) } satisfies KerasLayer);
  });
  const { layers, input, unknown } = draft;
  if (!input) throw new RangeError(`"bytes" has no weights of the model's layers, ${clip(named.map(({ name }) => name).join(", "))}`);
  // Dropout as the last layer does nothing outside training, and memcell refuses it there.
  if (layers.at(-1)?.type === "dropout") layers.pop();
  const { model: made, assigned } = modelOf(checkConfig({ input, layers } as ModelConfig), { tensors: draft.tensors, skipped });
  return { model: made, unknown, zeroed: assigned.zeroed, unused: [], skipped };
}
