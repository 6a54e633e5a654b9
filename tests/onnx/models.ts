/** Random models that ONNX can hold. */

import { Random } from "../../src/core/random.js";
import {
  activation,
  type Columns,
  categorical,
  conv1d,
  createModel,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  type ModelConfig,
  normalization,
  numeric,
  pooling,
  rnn,
} from "../../src/index.js";

export interface Drawn {
  config: ModelConfig;
  model: Model;
  /** Numbers a step, or tokens; of columns the numbers of their categories, 0 for numbers. */
  features: number;
  tokens: number;
  columns: { count: number; gaps: boolean }[];
  /** Whether the model can stream. */
  streams: boolean;
  random: Random;
}

const SQUASH = ["tanh", "logistic", "relu", "identity", "[-1,1]", "[-2,2]"] as const;

/** The model of number `n`. Its weights are up to 0.7, so that nothing is near zero. */
export function drawModel(n: number, seed = 1): Drawn {
  const random = new Random(seed, 0, n);
  const below = (most: number) => Math.floor(random.uniform() * most);
  const chance = (p: number) => random.uniform() < p;
  const of = <T>(list: readonly T[]) => list[below(list.length)] as T;
  const tokens = chance(0.25) ? 2 + below(7) : 0;
  const columns = !tokens && chance(0.25) ? drawColumns(below, chance) : undefined;
  const features = columns ? Object.keys(columns).length : 1 + below(6);
  const input = tokens ? { tokens } : columns ? { columns } : { features };
  const layers: Layer[] = [];
  let units = tokens || features;
  // Only a recurrent layer takes one-hot columns of others' weights.
  let hot = tokens > 0 || columns !== undefined;
  let tied = 0;
  if (tokens && chance(0.6)) {
    units = 1 + below(6);
    layers.push(embedding({ units }));
    hot = false;
    if (chance(0.5)) tied = units;
  }
  let whole = false;
  const depth = 1 + below(3);
  for (let i = 0; i < depth; i++) {
    if (!hot && chance(0.2)) {
      units = 1 + below(6);
      layers.push(conv1d({ units, kernel: 1 + below(3), dilation: 1 + below(3) }));
    }
    // Of two numbers it is nearly a step, whose errors no bound has.
    if (!hot && units > 2 && chance(0.1)) layers.push(normalization());
    const H = 1 + below(9);
    const both = chance(0.25) ? of(["concat", "sum"] as const) : undefined;
    const reverse = !both && chance(0.1);
    whole ||= both !== undefined || reverse;
    const around = { ...(both && { bidirectional: both }), ...(reverse && { direction: "reverse" as const }) };
    const gates = chance(0.2) ? { gateActivation: "hardSigmoid" as const, ...(chance(0.5) && { alpha: 0.125 + 0.25 * below(2) }) } : {};
    const kind = below(4);
    let layer: Layer;
    let outputs = H;
    if (kind === 0) layer = rnn({ units: H, ...around, ...(chance(0.3) && { activation: "relu" }) });
    else if (kind === 1) {
      layer = gru({
        units: H,
        ...around,
        ...gates,
        ...(chance(0.4) && { reset: "before" }),
        ...(chance(0.2) && { inputActivation: of(SQUASH) }),
      });
    } else {
      const coupled = chance(0.2);
      const projection = chance(0.2) ? 1 + below(H) : undefined;
      outputs = projection ?? H;
      layer = lstm({
        units: H,
        ...around,
        ...gates,
        ...(chance(0.2) && { peepholes: true }),
        ...(coupled && { coupled }),
        ...(projection && { projection }),
        ...(!coupled && chance(0.1) && { inputGate: false }),
        ...(!coupled && chance(0.1) && { forgetGate: false }),
        ...(chance(0.1) && { outputGate: false }),
        ...(chance(0.15) && { inputActivation: of(SQUASH) }),
        ...(chance(0.15) && { outputActivation: of(SQUASH) }),
      });
    }
    outputs *= both === "concat" ? 2 : 1;
    if (!hot && chance(0.2)) {
      const residual = outputs === units && chance(0.7) ? "sum" : "concat";
      (layer as { residual?: string }).residual = residual;
      if (residual === "concat") outputs += units;
    }
    units = outputs;
    hot = false;
    layers.push(layer);
    if (chance(0.1)) layers.push(dropout({ rate: 0.3 }), activation({ kind: of(["relu", "tanh", "hardSigmoid"]) }));
  }
  const output = chance(0.5) ? "last" : "every";
  if (output === "last" && chance(0.4)) {
    const kind = of(["last", "mean", "max", "attention"] as const);
    whole ||= kind !== "last";
    layers.push(pooling({ kind, ...(kind === "attention" && chance(0.5) && { units: 3 }) }));
  }
  if (units > 2 && chance(0.15)) layers.push(normalization());
  // Some under names that are also within the graph.
  const heads = chance(0.25)
    ? Object.fromEntries(
        ["price", "Add_1", "W_l0"]
          .slice(below(3))
          .map((name) => [name, dense({ units: 1 + below(4), activation: of(SQUASH), bias: chance(0.8) })]),
      )
    : undefined;
  if (heads) tied = 0;
  else if (tied) layers.push(dense({ units: tied }), dense({ units: tokens, tied: true }));
  else if (chance(0.7)) layers.push(dense({ units: 1 + below(4), activation: of(SQUASH), bias: chance(0.8) }));
  const config: ModelConfig = { input, layers, ...(heads && { heads }), output, seed: n };
  const scale = (count: number) => ({
    mean: Array.from({ length: count }, () => random.uniform() - 0.5),
    deviation: Array.from({ length: count }, () => 0.5 + random.uniform()),
  });
  const numbers = columns ? Object.values(columns).filter(({ type }) => type === "numeric").length : tokens ? 0 : features;
  const outputs = () =>
    createModel(config as ModelConfig & { heads?: undefined }).predict([{ inputs: new Array(tokens ? 1 : features).fill(0) }])[0]!.length;
  const targets = heads
    ? Object.fromEntries(Object.entries(heads).flatMap(([name, { units }]) => (chance(0.5) ? [[name, scale(units)]] : [])))
    : !tied && chance(0.3) && scale(outputs());
  const scaler = {
    ...(numbers > 0 && chance(0.3) && { inputs: scale(numbers) }),
    ...(targets && { targets }),
  };
  const model = createModel({ ...config, scaler, ...(chance(0.2) && { metadata: { labels: "a,b", note: `model ${n}` } }) });
  const parameters = Object.entries(model.parameters()).map(([name, { shape, data }]) => {
    const spread = /gain|normalization/.test(name) ? 1 : 0.7;
    return [name, { shape, data: data.map(() => Math.fround(spread * (2 * random.uniform() - 1))) }];
  });
  model.setParameters(Object.fromEntries(parameters));
  const values = Object.values(columns ?? {}).map((column) => ({
    count: column.type === "numeric" ? 0 : (column.categories as number),
    gaps: column.missing !== undefined,
  }));
  return { config: model.config as ModelConfig, model, features, tokens, columns: values, streams: !whole, random };
}

function drawColumns(below: (most: number) => number, chance: (p: number) => boolean): Columns {
  const all = Array.from({ length: 1 + below(4) }, (_, k) => {
    if (chance(0.5)) return [`number ${k}`, numeric(chance(0.6) ? { missing: chance(0.7) ? "last" : "mean" } : {})] as const;
    const options = { ...(chance(0.4) && { missing: "category" as const }), ...(chance(0.5) && { units: 1 + below(3) }) };
    return [`category ${k}`, categorical(1 + below(5), options)] as const;
  });
  return Object.fromEntries(all);
}

/** Inputs of one sequence. */
export function drawInputs({ random, features, tokens, columns }: Drawn, length: number): number[] {
  return Array.from({ length: length * (tokens ? 1 : features) }, (_, i) => {
    const { count = tokens, gaps = false } = columns[i % features] ?? {};
    if (gaps && random.uniform() < 0.4) return NaN;
    return count ? Math.floor(random.uniform() * count) : 2 * random.uniform() - 1;
  });
}
