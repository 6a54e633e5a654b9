/** The layout of a model: its layers, planned from the input up, and its parameters with their places in memory. */

import { fail, LARGEST } from "../core/check.js";
import { gathers, KINDS, type Layer } from "../layers/index.js";
import { pad4, Table } from "../layers/packing.js";
import { type LayerPlan, numbersBelow, type Parameter, Planner, type SummaryRow } from "../layers/plan.js";
import { OPTIONS as RECURRENT } from "../layers/recurrentOptions.js";
import type { Stage, Workspace } from "../layers/stage.js";
import type { Config } from "./config.js";
import type { Head } from "./heads.js";
import { Input } from "./input.js";
import { planInput } from "./inputStage.js";
import type { StateShape } from "./state.js";

export interface Layout {
  /** Region of the parameters. Gradients and moments have the same layout in regions of their own. */
  params: Table;
  /** Region of the values derived from the parameters: summed biases, transposed packs. */
  derived: Table;
  parameters: Parameter[];
  /** The parts as the summary shows them. */
  rows: SummaryRow[];
  /** The layers from the input up; those of the heads, which all stand on the one below them, are the last. */
  layers: LayerPlan[];
  /** The outputs: of the heads, or of the last layer. */
  heads: Head[];
  /** Padded numbers at each step in what the heads read. */
  trunk: number;
  /** The input of the model at each step, and what the first layer stands on. */
  input: Input;
  below: (workspace: Workspace) => Stage;
  /** The states that a sequence may bring, and ends with; a model of this layout finds them out when first asked. */
  states: () => readonly StateShape[];
  /** Why the model needs whole sequences (no windows, no streams): "a bidirectional layer". Undefined if it does not. */
  whole: string | undefined;
}

/**
 * @param params, derived where the rows of the two regions go
 * @throws RangeError if a layer does not fit the one below it
 */
export function planModel(config: Config, params = new Table(), derived = new Table()): Layout {
  const input = new Input(config.input, gathers(config.layers));
  const planner = new Planner(input, params, derived);
  const kind = input.named ? "columns" : input.tokens ? `${input.tokens} tokens` : "features";
  planner.enter("input", kind).units = input.named ? input.inputs : input.per;
  const below = planInput(planner, input);
  const top = finalLayer(config);
  const pool = poolAt(config);
  const own = config.layers.map((layer, i) => ({ layer, path: `layers[${i}]`, final: i === top }));
  if (pool >= 0) own.splice(pool, 0, { layer: { type: "pooling", kind: "last" }, path: "output", final: false });
  let pooled = false;
  const planLayer = (layer: Layer, path: string): LayerPlan => {
    const row = planner.enter(path, layer.type);
    const plan = KINDS[layer.type].plan(layer, planner);
    if (plan.units > LARGEST) fail(RangeError, planner.path, `at most ${LARGEST} outputs`, plan.units);
    row.units = plan.units;
    pooled ||= plan.pools === true;
    row.once = pooled;
    return plan;
  };
  const layers = own.map(({ layer, path, final }, i) => {
    planner.layer = i;
    planner.final = final;
    const plan = planLayer(layer, path);
    planner.learnsBelow = planner.parameters.length > 0;
    planner.below = numbersBelow(plan.units);
    return plan;
  });
  const trunk = planner.inputs;
  planner.layer = layers.length;
  const { learnsBelow } = planner;
  const heads = Object.entries(config.heads ?? {}).map(([name, layer]): Head => {
    Object.assign(planner, { learnsBelow, named: `heads.${name}` });
    const plan = planLayer(layer, `heads.${name}`);
    return { name, outputs: plan.units, layer: layers.push(plan) - 1 };
  });
  if (heads.length === 0) heads.push({ name: "", outputs: trunk, layer: layers.length - 1 });
  const { parameters, rows } = planner;
  const { whole } = layers.find(({ whole }) => whole) ?? {};
  return { params, derived, parameters, rows, layers, heads, trunk: pad4(trunk), input, below, states: () => [], whole };
}

/** The index of the layer below which the output "last" puts its pooling: the first of those that look at one step alone. -1: none. */
function poolAt({ layers, output }: Config): number {
  if (output === "every" || layers.some(({ type }) => type === "pooling")) return -1;
  return 1 + layers.findLastIndex(({ type }) => KINDS[type].steps || KINDS[type].takes === "tokens");
}

/** The layer whose final states are pooled: the topmost recurrent one. -1 for none. */
export function finalLayer({ layers, output }: Config): number {
  const pooling = layers.find((layer) => layer.type === "pooling");
  return output === "every" || (pooling && pooling.kind !== "last") ? -1 : layers.findLastIndex(({ type }) => type in RECURRENT);
}

/** @throws RangeError where the model cannot run step by step */
export function checkSteps({ whole }: Layout): void {
  if (whole) throw new RangeError(`a model with ${whole} has no streams: it needs whole sequences`);
}

/** A part of the parameter region: its first byte and its count of floats. */
export interface Span {
  at: number;
  count: number;
}

/** The spans of the parameter region that hold matrices (a matrix may lie in two, by its columns or at its end); neighbouring ones are joined. */
export function matrices({ params, parameters }: Layout): Span[] {
  const ends = parameters.flatMap(({ shape: [rows = 1, columns], at }) =>
    columns ? [...Array.from({ length: columns }, (_, column) => 4 * at(0, column)), 4 * at(rows - 1, columns - 1)] : [],
  );
  ends.sort((a, b) => a - b);
  const spans: Span[] = [];
  let next = 0;
  params.offsets.forEach((start, i) => {
    const end = params.offsets[i + 1] ?? params.bytes;
    const holds = (ends[next] ?? Infinity) < end;
    while ((ends[next] ?? Infinity) < end) next++;
    if (!holds) return;
    const before = spans.at(-1);
    if (before && before.at + 4 * before.count === start) before.count += (end - start) / 4;
    else spans.push({ at: start, count: (end - start) / 4 });
  });
  return spans;
}
