/** A configuration for the modules of a PyTorch state dict, from the names and shapes of their tensors. */

import { clip, type Layer, listed, type ModelConfig, type Tensor } from "./core.js";

type Tensors = Record<string, Tensor>;

/** A way to read a module: the layers that it is, and the values that go in and out. */
interface Reading {
  /** The prefix of its parameters in memcell; "" for a recurrent layer. */
  kind: string;
  /** 0 if it takes tokens. */
  takes: number;
  gives: number;
  layers: object[];
  /** Facts that its tensors do not tell, each with the assumption made. */
  unknown?: string;
}

interface Module {
  prefix: string;
  shapes: Record<string, readonly number[]>;
  readings: Reading[];
}

/** The most modules, or layers of one, to look at. */
const MOST = 100;

const TYPES: Record<number, string> = { 1: "rnn", 3: "gru", 4: "lstm" };

/** A stack of recurrent layers, from layer `k` up. */
function recurrent(shapes: Module["shapes"], k = 0): Reading[] {
  const [ih, hh, hr] = ["ih", "hh", "hr"].map((part) => shapes[`weight_${part}_l${k}`]);
  if (!ih || !hh || k > MOST) return [];
  const units = (hr ?? hh)[1] as number;
  const type = TYPES[(ih[0] as number) / units];
  const both = `weight_ih_l${k}_reverse` in shapes;
  const outputs = (hr?.[0] ?? units) * (both ? 2 : 1);
  const layer = { type, units, ...(both && { bidirectional: "concat" }), ...(hr && { projection: hr[0] }) };
  const [above] = recurrent(shapes, k + 1);
  if (!type || (above && above.takes !== outputs)) return [];
  const unknown = type === "rnn" ? { unknown: 'the activation is "tanh"' } : {};
  return [{ kind: "", takes: ih[1] as number, gives: above?.gives ?? outputs, layers: [layer, ...(above?.layers ?? [])], ...unknown }];
}

/** All ways to read a module, the likeliest first; none if it is of no kind that memcell knows. */
function readingsOf(prefix: string, shapes: Module["shapes"]): Reading[] {
  const { weight, bias, ...rest } = shapes;
  if (!weight) return recurrent(shapes);
  const [units = 0, inputs = 0, kernel] = weight;
  if (Object.keys(rest).length > 0 || (bias && bias[0] !== units)) return [];
  const one = (kind: string, takes: number, gives: number, layer: object, unknown?: string): Reading[] => {
    return [{ kind, takes, gives, layers: [{ type: kind, ...layer }], ...(unknown && { unknown }) }];
  };
  if (weight.length === 3) return one("conv1d", inputs, units, { units, kernel }, "the dilation is 1, all padding is in front");
  if (weight.length === 1) return bias ? one("normalization", units, units, {}, "it is nn.LayerNorm") : [];
  if (weight.length !== 2) return [];
  const linear = one("dense", inputs, units, { units, ...(!bias && { bias: false }) }, "no activation follows it");
  if (bias) return linear;
  const table = one("embedding", 0, inputs, { units: inputs });
  return /emb|tok|wte|look|char|word/i.test(prefix) ? [...table, ...linear] : [...linear, ...table];
}

/** Orders in which each module takes what the one before it gives: at most two, found in at most 20,000 steps. */
function ordersOf(modules: readonly Module[]): [Module, Reading][][] {
  const found: [Module, Reading][][] = [];
  let steps = 0;
  const extend = (order: [Module, Reading][]): void => {
    if (order.length === modules.length) found.push(order);
    for (const module of modules) {
      if (order.some(([used]) => used === module)) continue;
      for (const reading of module.readings) {
        if (found.length > 1 || steps++ > 20000) return;
        const below = order.at(-1)?.[1].gives;
        if (below === undefined ? reading.kind !== "normalization" : reading.takes === below) extend([...order, [module, reading]]);
      }
    }
  };
  extend([]);
  return found;
}

/**
 * @param sorted whether the file has its tensors by name, as safetensors, and not in the order of the modules
 * @returns the configuration, the tensor for each of its parameters, and what names and shapes do not tell
 * @throws RangeError with tensors that no layer takes, or if no order of the modules fits
 */
export function propose(given: Tensors, sorted: boolean): { config: ModelConfig; tensors: Tensors; unknown: string[] } {
  const groups = new Map<string, Module["shapes"]>();
  for (const [name, { shape }] of Object.entries(given)) {
    const prefix = name.slice(0, name.lastIndexOf(".") + 1);
    const shapes = groups.get(prefix) ?? {};
    groups.set(prefix, shapes);
    shapes[name.slice(prefix.length)] = shape;
  }
  const modules = [...groups].map(([prefix, shapes]): Module => ({ prefix, shapes, readings: readingsOf(prefix, shapes) }));
  const namesOf = (modules: Module[]) =>
    listed(modules.flatMap(({ prefix, shapes }) => Object.keys(shapes).map((name) => clip(prefix + name, 50))));
  const foreign = modules.filter(({ readings }) => readings.length === 0);
  // Embeddings come first. A file sorted by name tells nothing of the order: there dense layers come last, as heads do, and numbers in
  // names count by their value, which is the order of nn.Sequential.
  const place = ({ readings: [first] }: Module) => (first?.kind === "embedding" ? 0 : sorted && first?.kind === "dense" ? 2 : 1);
  modules.sort((a, b) => place(a) - place(b) || (sorted ? a.prefix.localeCompare(b.prefix, "en", { numeric: true }) : 0));
  const [order = [], other] = foreign.length > 0 || modules.length > MOST ? [] : ordersOf(modules);
  const [first] = order;
  if (!first) {
    const problem = foreign.length ? `tensors of no layer: ${namesOf(foreign)}` : `no modules in a row: ${namesOf(modules)}`;
    throw new RangeError(`"bytes" has ${problem}; give the configuration, and prefixes of its layers`);
  }
  const tensors: Tensors = {};
  const counts: Record<string, number> = {};
  const unknown = ['output: "every"'];
  for (const [{ prefix, shapes }, { kind, layers, unknown: own }] of order) {
    const count = counts[kind] ?? 0;
    counts[kind] = count + layers.length;
    if (own) unknown.push(`${prefix}weight: ${own}`);
    for (const name of Object.keys(shapes)) {
      const stacked = name.replace(/_l(\d+)/, (_, k) => `_l${count + Number(k)}`);
      tensors[kind ? `${kind}${count ? `_${count}` : ""}.${name}` : stacked] = given[prefix + name] as Tensor;
    }
  }
  if (other) unknown.push(`the order is ${listed(order.map(([{ prefix }]) => clip(prefix, 50)))}`);
  const { takes } = first[1];
  const input = takes ? { features: takes } : { tokens: first[0].shapes.weight?.[0] as number };
  return { config: { input, layers: order.flatMap(([, { layers }]) => layers as Layer[]) }, tensors, unknown };
}
