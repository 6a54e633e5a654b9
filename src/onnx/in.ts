/** A model of an ONNX file. */

import {
  bytes as checkBytes,
  checkConfig,
  clip,
  fail,
  type Model,
  type ModelConfig,
  modelOf,
  options,
  product,
  type Tensor,
} from "../interop/core.js";
import { assemble, type End, endOf } from "./assemble.js";
import { Chain } from "./chain.js";
import { addColumns, type Metadata, ownInput } from "./columnsIn.js";
import { Reader } from "./messages.js";
import { Refused, Run, type Values } from "./run.js";
import { type FunctionProto, type GraphProto, MODEL, type ValueProto } from "./schema.js";
import { PLACES } from "./signal.js";
import { tensorView } from "./tensor.js";
import { type Atom, constant, type Dim, Refusal, type Role, refuse, strided, type View, valuesOf } from "./views.js";

/** The options of `fromOnnx`. */
export interface FromOnnxOptions {
  /** Values of inputs that a model of memcell does not have, such as a sample rate: a number, a list, or a tensor. Default: none. */
  given?: Record<string, number | readonly number[] | Tensor>;
  /**
   * The value of the graph at which the model begins: an input, or the output of a node. Default: the first input that leads to the model's
   * output.
   */
  from?: string;
  /** The value at which it ends. Default: the first output that can be had. */
  to?: string;
  /** The shape of `from`: "T" is the axis of steps, "B" that of sequences; all others are features. Default: what the graph can mean. */
  shape?: readonly (number | "T" | "B")[];
}

/** A file may take this much memory and twice its size. */
const ROOM = 4 << 20;
/** Sizes for axes that a graph leaves open. They are primes, so that they can be found again in the shapes that the graph computes. */
const OPEN: Record<Role, number> = { T: 20011, B: 20021 };

/** The meanings that the axes of an input can have, the likeliest first: steps, sequences, features. */
const MEANINGS: Record<number, string[]> = {
  1: ["T", "B", "F"],
  2: ["BT", "TB", "TF", "BF"],
  3: ["TBF", "BTF", "BFT", "BFF", "TFF"],
};

type Sizes = (number | undefined)[];
const sizesOf = ({ type }: ValueProto): Sizes | undefined =>
  type?.tensor?.shape?.dims.map(({ size }) => (size && size > 0 ? size : undefined));

/** An input of the graph; undefined where it has features without a size. */
function symbol(chain: Chain, name: string, sizes: Sizes, meaning: string, type?: number, state = false): View | undefined {
  const dims = sizes.map((size, k): Dim => {
    const role = meaning[k] as string;
    if (role === "F") return [{ size: size as number, stride: 0 }];
    return [{ size: size ?? (OPEN[role as Role] as number), stride: 0, role: role as Role } as Atom];
  });
  const units = product(dims.flat().map(({ size, role }) => (role ? 1 : size)));
  if (!(units < PLACES)) return undefined;
  const { id } = chain.add(units, `"${clip(name, 80)}"`, { state });
  return { dims: strided(dims), offset: 0, read: (at) => id * PLACES + at, steps: { reversed: false, front: 0, behind: 0 }, type };
}

function constants(given: FromOnnxOptions["given"] = {}): Values {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const tensor =
        typeof value === "number"
          ? { shape: [], data: [value] }
          : Array.isArray(value)
            ? { shape: [value.length], data: value }
            : (value as Tensor);
      const { shape, data } = (tensor ?? {}) as { shape: number[]; data: ArrayLike<number> };
      if (!Array.isArray(shape) || product(shape) !== data?.length)
        fail(TypeError, `given.${name}`, "a number, a list of numbers, or a tensor", value);
      return [name, constant(shape, data)];
    }),
  );
}

export function modelOfOnnx<O>(source: Uint8Array | ArrayBuffer, given: FromOnnxOptions): { model: Model<O>; unknown: string[] } {
  const { given: values, from, to, shape: asked } = options("options", given, ["given", "from", "to", "shape"]) as FromOnnxOptions;
  const file = checkBytes("bytes", source);
  for (const [name, text] of Object.entries({ from, to }))
    if (text !== undefined && typeof text !== "string") fail(TypeError, name, "a name", text);
  const isShape = Array.isArray(asked) && asked.every((n) => n === "T" || n === "B" || (Number.isSafeInteger(n) && n > 0));
  if (asked !== undefined && !isShape) fail(TypeError, "shape", 'sizes, "T" and "B"', asked);
  const reader = new Reader(file, 2 * file.length + ROOM);
  const { graph, metadata, functions } = reader.read(MODEL) as { graph?: GraphProto; metadata: Metadata; functions: FunctionProto[] };
  if (!graph) return fail(RangeError, "bytes", "an ONNX file, with a graph", file);
  const own = from === undefined ? ownInput(metadata) : undefined;
  const known = constants(values);
  const made = new Set(graph.tensors.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !made.has(name) && !(name in known));
  const shape = own ? (["T", "B", own.units] as const) : asked;
  const start = own?.from ?? from;
  const begin =
    start === undefined ? undefined : ([...graph.inputs, ...graph.values].find(({ name }) => name === start) ?? { name: start });
  let worst = new Refused(`expected an input with a shape, got ${inputs.length} inputs: give from and shape`, -1);
  const { left } = reader;
  for (const main of begin ? [begin] : inputs.slice(0, 8)) {
    const sizes = (shape?.map((n) => (typeof n === "number" ? n : undefined)) as Sizes | undefined) ?? sizesOf(main);
    if (!sizes) continue;
    const rank = sizes.length;
    const others = ["BT", "TB", "B"].map((roles) => roles.padEnd(rank, "F"));
    for (const meaning of shape ? [shape.map((n) => (typeof n === "number" ? "F" : n)).join("")] : (MEANINGS[rank] ?? others)) {
      if (sizes.some((size, k) => size === undefined && meaning[k] === "F")) continue;
      (reader as { left: number }).left = left;
      const chain = new Chain((bytes, what) => reader.spend(bytes, what));
      const outer: Values = { ...known };
      const batch = sizes[meaning.indexOf("B")];
      for (const { name, ...rest } of inputs) {
        const own = sizesOf({ name, ...rest });
        // A batch of a fixed size, before a state's units.
        const at = batch && batch > 1 ? own?.slice(0, -1).lastIndexOf(batch) : -1;
        const view =
          own && symbol(chain, name, own, own.map((size, k) => (size && k !== at ? "F" : "B")).join(""), rest.type?.tensor?.type, true);
        outer[name] = view ?? new Refused(`has an input "${clip(name, 80)}" without a shape: give its value`, 0);
      }
      const view = symbol(chain, main.name, sizes, meaning, main.type?.tensor?.type);
      if (!view) continue;
      const fixed: Values = Object.assign(Object.create(null), { [main.name]: view });
      const run = new Run(chain, fixed, tensorView, functions);
      const results = run.graph(graph, Object.assign(Object.create(null), outer, fixed));
      const wanted =
        to === undefined ? results.map((value, k) => ({ value, name: graph.outputs[k]?.name ?? "" })) : [{ value: run.all[to], name: to }];
      const ends = wanted.map(({ value = new Refused(`has no value "${clip(to ?? "", 80)}"`, 0), name }) =>
        attempt(name, () => ending(chain, value, name)),
      );
      const first = ends.find((end): end is End => !(end instanceof Refused));
      // More dense layers of what the first one takes are heads.
      const below = first?.top.layer?.type === "dense" && first.top.below;
      const heads = ends.filter(
        (end): end is End => end === first || (!(end instanceof Refused) && end.top.layer?.type === "dense" && end.top.below === below),
      );
      const model = first
        ? attempt(first.name, () =>
            modelFrom(heads, metadata, own && ((config, tensors) => addColumns(own, config, tensors, run.all, chain.spend))),
          )
        : ((ends[0] as Refused | undefined) ?? new Refused("expected a graph with outputs, got one without", 0));
      if (!(model instanceof Refused)) {
        const rest = graph.outputs.filter((output) => !heads.some(({ name }) => name === output.name));
        return {
          model: model as Model<O>,
          unknown: [...chain.notes, ...rest.map(({ name }) => `the output ${clip(name, 60)} is left out`)],
        };
      }
      if (model.order > worst.order) worst = model;
    }
  }
  throw new RangeError(worst.message.startsWith('"') ? worst.message : `"bytes" ${worst.message}`);
}

function attempt<T>(name: string, make: () => T | Refused): T | Refused {
  try {
    return make();
  } catch (error) {
    if (error instanceof Refusal) return new Refused(`has an output "${clip(name, 80)}" ${error.message}`, 1e9);
    if (error instanceof RangeError || error instanceof TypeError) return new Refused(error.message, 1e9);
    throw error;
  }
}

function ending(chain: Chain, value: View | Refused, name: string): End | Refused {
  if (value instanceof Refused) return value;
  if (!value.steps) return refuse("that is constant");
  const { reversed, front, behind } = value.steps;
  if (reversed || front > 0 || behind > 0) refuse("whose steps are not the input's");
  if (front < 0) chain.notes.add(`the first ${-front} outputs have no counterpart there`);
  if (behind < 0) chain.notes.add(`the last ${-behind} outputs have no counterpart there`);
  return endOf(chain, valuesOf(value, chain.spend), name);
}

function modelFrom(
  ends: readonly End[],
  metadata: Metadata,
  own: ((config: ModelConfig, tensors: Record<string, Tensor>) => void) | undefined,
): Model<unknown> {
  const { config, tensors } = assemble(ends);
  if (own) own(config, tensors);
  const strings = Object.fromEntries(metadata.filter(({ key }) => key !== "memcell").map(({ key, value }) => [key, value]));
  const whole = Object.keys(strings).length > 0 ? { ...config, metadata: strings } : config;
  return modelOf(checkConfig(whole), { tensors, skipped: {} }).model;
}
