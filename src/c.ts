/** A model as a program in C: `memcell/c`. */

import { lstm97 } from "./c/blocks.js";
import { type Below, gru, lstm, refuseOptions, rnn } from "./c/cells.js";
import { functions } from "./c/text.js";
import { entry, evenRows, type Signal, Writer } from "./c/writer.js";
import type { DenseLayer, Layer, Model } from "./index.js";
import type { Int8Engine } from "./int8/engine.js";
import { type Engine, fail, Model as ModelClass, options } from "./internal.js";

/** The options of `toC`. */
export interface COptions {
  /** Stands before every name in the header, so that a program may have several models. Default "memcell". */
  name?: string;
}

type Emit = (writer: Writer, layer: never, below: Below) => Signal;

/** A recurrent layer, with its residual connection. */
const recurrent =
  (cell: (writer: Writer, layer: never, k: number, below: Below) => Signal): Emit =>
  (writer, layer, below) => {
    const { residual } = layer as { residual?: "sum" | "concat" };
    refuseOptions(writer, layer);
    const own = cell(writer, layer, writer.count("recurrent"), below);
    if (!residual) return own;
    const units = own.units + (residual === "concat" ? below.units : 0);
    const out = writer.local(units);
    writer.each(own.units, `${out}[u] = ${own.at}[u]${residual === "sum" ? ` + ${below.at}[u]` : ""};`);
    if (residual === "concat") writer.each(below.units, `${out}[${own.units} + u] = ${below.at}[u];`);
    return { at: out, units };
  };

function pointwise(writer: Writer, x: string, y: string, units: number, kind: string, alpha?: number): void {
  writer.each(units, `float a = ${x}[u];`, `${y}[u] = ${writer.call(kind, "a", alpha)};`);
}

function dense(writer: Writer, { units, activation = "identity", tied }: DenseLayer, below: Below): Signal {
  const name = writer.name("dense");
  const weight = tied ? "embedding.weight" : `${name}.weight`;
  const bias = writer.parameter(`${name}.bias`);
  const from = bias ? writer.table(`${name}.bias`, bias) : "0";
  const y = writer.local(units);
  writer.product(y, from, writer.matrix(weight), below.at, units, below.units, evenRows(units));
  if (activation !== "identity") pointwise(writer, y, y, units, activation);
  return { at: y, units };
}

const EMIT: Partial<Record<string, Emit>> = {
  rnn: recurrent(rnn),
  gru: recurrent(gru),
  lstm: recurrent(lstm),
  lstm97: recurrent(lstm97),

  embedding(writer, { units }: { units: number }) {
    const table = writer.matrix(`${writer.name("embedding")}.weight`);
    if (!table.scale) return { at: `(${table.at} + token * ${units})`, units };
    const y = writer.local(units);
    writer.each(units, `${y}[u] = ${entry(table, `token * ${units} + u`, "token")};`);
    return { at: y, units };
  },

  dense,

  activation(writer, { kind, alpha }: { kind: string; alpha?: number }, below) {
    const y = writer.local(below.units);
    pointwise(writer, below.at, y, below.units, kind, alpha);
    return { at: y, units: below.units };
  },

  dropout: (_, __, below) => below,

  // A stream answers at every step.
  pooling: (writer, { kind }: { kind: string }, below) => (kind === "last" ? below : writer.refuse("kind", '"last"', kind)),
};

/**
 * Writes a model as one C99 header (C++ as well): weights, state, a step. It calls nothing, allocates nothing, and needs no library, not
 * even for mathematics. Its outputs are those of `model.stream().step` to the bit, where the compiler rounds every operation to float
 * and fuses none: GCC and Clang with `-ffp-contract=off` and without `-ffast-math`, on processors that compute in float (not the x87).
 * Otherwise they differ by some 1e-6.
 *
 * Stacks of rnn, gru, lstm and lstm97, dense, activation, embedding and dropout layers can be written, with features or tokens as
 * inputs, scalers and heads (whose outputs follow each other); not conv1d, normalization, bidirectional or reverse layers, zoneout, layerNorm, fullGateRecurrence.
 * @param model with plain kernels; the stream of one with relaxed ones differs in the last bits. Of a model with int8 weights
 * (`memcell/int8`), the header's weights are its integers.
 * @returns the header: `memcell_state`, `memcell_reset(&state)`, `memcell_step(&state, input, output)`, with a token `memcell_step(&state,
 * token, output)`
 * @throws RangeError with the path of what C cannot have; TypeError if there is no model
 * @example writeFileSync("model.h", toC(model));
 * writeFileSync("small.h", toC(quantize(model)));
 */
export function toC(model: Model<unknown>, cOptions: COptions = {}): string {
  const { config, units, scales }: Engine & { scales?: Int8Engine["scales"] } = ModelClass.engine("model", model);
  const { name: p = "memcell" } = options("options", cOptions, ["name"]) as COptions;
  if (typeof p !== "string") fail(TypeError, "name", "a name in C", p);
  if (!/^[A-Za-z]\w{0,62}$/.test(p)) fail(RangeError, "name", "a name in C", p);
  const { input, layers, scaler } = config;
  if ("columns" in input) fail(RangeError, "input.columns", "features or tokens, for C", input.columns);
  const names = Object.keys(config.heads ?? {}).map(plain);
  if (new Set(names).size < names.length) fail(RangeError, "heads", "names that differ in letters, digits and _, for C", config.heads);
  const tokens = "tokens" in input ? input.tokens : 0;
  const inputs = "features" in input ? input.features : tokens;
  const writer = new Writer(p, model.parameters(), scales);
  let below: Below = { at: "input", units: inputs, tokens };
  if (scaler.inputs) {
    const x = writer.local(below.units);
    const [mean, deviation] = [
      writer.doubles("input_mean", scaler.inputs.mean),
      writer.doubles("input_deviation", scaler.inputs.deviation),
    ];
    writer.each(below.units, `${x}[u] = (float)(((double)input[u] - ${mean}[u]) / ${deviation}[u]);`);
    below = { ...below, at: x };
  }
  layers.forEach((layer: Layer, i) => {
    writer.path = `layers[${i}]`;
    const emit = EMIT[layer.type] ?? writer.refuse("type", `one of ${Object.keys(EMIT).join(", ")}`, layer.type);
    below = { ...emit(writer, layer as never, below), tokens: 0 };
  });
  const heads = Object.entries(config.heads ?? {}).map(([name, head]): Signal => {
    writer.path = writer.named = `heads.${name}`;
    return dense(writer, head, below);
  });
  let outputs = 0;
  const ends = heads.length > 0 ? heads : [below];
  const places = ends.map(({ at, units: count }, i) => {
    const scale = units[i];
    const output = outputs ? `output[${outputs} + u]` : "output[u]";
    if (scale) {
      const [mean, deviation] = (["mean", "deviation"] as const).map((name) => writer.doubles(`output${i || ""}_${name}`, scale[name]));
      writer.each(count, `${output} = (float)((double)${at}[u] * ${deviation}[u] + ${mean}[u]);`);
    } else writer.each(count, `${output} = ${at}[u];`);
    const place = `${names[i]} from ${outputs}`;
    outputs += count;
    return place;
  });
  return header(writer, tokens ? "token" : "input", inputs, outputs, names.length > 0 ? `\n   Outputs: ${places.join(", ")}.` : "");
}

/** A name with what C has in names. */
const plain = (name: string) => name.replace(/\W/g, "_");

function header(
  { prefix: p, fields: own, constants, lines, stack, widest }: Writer,
  input: "input" | "token",
  inputs: number,
  outputs: number,
  places: string,
): string {
  const P = p.toUpperCase();
  // An empty struct would be no C.
  const fields = own.length > 0 ? own : [{ name: "none", count: 1 }];
  const step = {
    type: input === "token" ? "int token" : "const float *input",
    body: lines.map((line) => `  ${line}\n`).join(""),
    bytes: 4 * fields.reduce((sum, { count }) => sum + count, 0),
  };
  const text = {
    about: `/* Written by memcell. Bytes of state: ${step.bytes}, of stack: ${4 * stack + 2 * widest} and a few.${places}
   Compile with -ffp-contract=off, without -ffast-math, for memcell's own bits.

     static ${p}_state state;
     ${p}_reset(&state);
     ${p}_step(&state, ${input}, output); */`,
    guard: `#ifndef ${P}_H
#define ${P}_H

#include <stdint.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif
`,
    types: `#define ${P}_${input.toUpperCase()}S ${inputs}
#define ${P}_OUTPUTS ${outputs}

typedef struct {
${fields.map(({ name, count }) => `  float ${name}[${count}];\n`).join("")}} ${p}_state;

typedef union { float f; uint32_t u; } ${p}_bits;
`,
    constants: constants.join(""),
    functions: functions(p, widest > 0),
    reset: `static inline void ${p}_reset(${p}_state *state) {
  int u;
${fields.map(({ name, count }) => `  for (u = 0; u < ${count}; u++) state->${name}[u] = 0.0f;\n`).join("")}}
`,
    step: `static inline void ${p}_step(${p}_state *state, ${step.type}, float *output) {
  int u;
${widest ? `  int16_t q[${widest}];\n` : ""}${step.body}}

#endif
`,
  };
  return Object.values(text).join("\n");
}
