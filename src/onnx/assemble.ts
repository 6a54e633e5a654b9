/** A chain of signals as a configuration and its tensors. */

import type { ModelConfig, Tensor } from "../interop/core.js";
import type { Chain } from "./chain.js";
import type { Json, Signal } from "./signal.js";
import { refuse } from "./views.js";

const RECURRENT = /^(rnn|gru|lstm)$/;

type Scale = NonNullable<Signal["scaler"]>;

/** The scale of outputs, which double precision tells from what a layer could do. */
function targetsOf(chain: Chain, ids: Float64Array): { ids: Float64Array; scale?: Scale } {
  const top = chain.whole(ids);
  const below = top?.terms?.length === 1 ? chain.whole(top.terms[0]?.ids as Float64Array) : undefined;
  const [[op, mean], [other, deviation]] = [top?.by ?? [], below?.by ?? []];
  const good = top?.double && op === "Add" && other === "Mul" && deviation?.every((value) => value > 0);
  return good
    ? {
        ids: below?.terms?.[0]?.ids as Float64Array,
        scale: { mean: [...(mean as Float64Array)], deviation: [...(deviation as Float64Array)] },
      }
    : { ids };
}

/** An output: the layer on top, and the scale of what it gives. */
export interface End {
  name: string;
  top: Signal;
  scale: Scale | undefined;
}

export function endOf(chain: Chain, outputs: Float64Array, name: string): End {
  const { ids, scale } = targetsOf(chain, outputs);
  const top = chain.plain(ids, `"${name}"`);
  if (top.layer?.type !== "softmax") return { name, top, scale };
  chain.notes.add(`${top.name} is left to the loss crossEntropy, and to predict(sequences, { as: "probabilities" })`);
  return { name, top: top.below as Signal, scale };
}

/** @param ends the first output, and more dense layers of what it takes */
export function assemble(ends: readonly End[]): { config: ModelConfig; tensors: Record<string, Tensor> } {
  const [{ top, scale }] = ends as [End];
  const signals: Signal[] = [];
  const several = ends.length > 1;
  for (let signal: Signal | undefined = several ? top.below : top; signal; signal = signal.below) signals.unshift(signal);
  const counts: Record<string, number> = {};
  const count = (kind: string) => {
    const n = counts[kind] ?? 0;
    counts[kind] = n + 1;
    return n;
  };
  const [root] = signals as [Signal];
  const layers: Json[] = [];
  const tensors: Record<string, Tensor> = {};
  let { scaler } = root;
  let table: unknown;
  for (const signal of signals) {
    const { layer, parts, wrong, units } = signal;
    if (wrong) throw new RangeError(`"bytes" has a node ${signal.name} ${wrong}`);
    scaler ??= signal.scaler;
    const type = `${layer?.type ?? ""}`;
    if (!type) continue;
    const own: Json = { ...layer };
    const recurrent = RECURRENT.test(type);
    const given = { ...parts };
    if (type === "normalization" && !given.weight) {
      given.weight = { shape: [units], data: () => new Float32Array(units).fill(1) };
      given.bias = { shape: [units], data: () => new Float32Array(units) };
    }
    if (type === "embedding") table = signal.table;
    if (type === "dense") {
      if (!given.bias) own.bias = false;
      if (signal.table && signal.table === table) {
        own.tied = true;
        delete given.weight;
        table = undefined;
      }
    }
    layers.push(own);
    const names = Object.entries(given);
    if (names.length === 0 && !own.tied) continue;
    const n = count(recurrent ? "" : type);
    for (const [part, { shape, data }] of names) {
      const [base, end = ""] = part.split("_reverse").length > 1 ? [part.slice(0, -8), "_reverse"] : [part];
      tensors[recurrent ? `${base}_l${n}${end}` : `${type}${n ? `_${n}` : ""}.${part}`] = { shape, data: data() };
    }
  }
  if (layers.length === 0 && !several) return refuse("that no layer computes");
  const each = several ? ends : [];
  const heads = each.map(({ name, top }) => [name, { ...top.layer, ...(!top.parts.bias && { bias: false }) }]);
  const targets = each.flatMap(({ name, scale }) => (scale ? [[name, scale]] : []));
  for (const { name, top } of each) {
    for (const [part, { shape, data }] of Object.entries(top.parts)) tensors[`heads.${name}.${part}`] = { shape, data: data() };
  }
  const { tokens, units } = root;
  const given = several ? targets.length > 0 && Object.fromEntries(targets) : scale;
  const config = {
    input: tokens ? { tokens: units } : { features: units },
    layers,
    ...(several && { heads: Object.fromEntries(heads) }),
    ...((scaler || given) && { scaler: { ...(scaler && { inputs: scaler }), ...(given && { targets: given }) } }),
  };
  return { config: config as unknown as ModelConfig, tensors };
}
