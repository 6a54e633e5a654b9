/** The recurrent layers in C. Equations and order of operations are those of assembly/cells/. */

import type { GruLayer, LstmLayer, RnnLayer } from "../index.js";
import { float } from "./text.js";
import { entry, evenRows, type Signal, type Writer } from "./writer.js";

/** The input of a layer: numbers, or a token out of `tokens`. */
export interface Below extends Signal {
  tokens: number;
}

/** Options of recurrent layers that a step of one sequence in C does not have. */
export function refuseOptions(writer: Writer, layer: Record<string, unknown>): void {
  for (const option of ["bidirectional", "zoneout", "cellZoneout", "layerNorm", "fullGateRecurrence"]) {
    if (layer[option]) writer.refuse(option, "none", layer[option]);
  }
  if (layer.direction === "reverse") writer.refuse("direction", '"forward"', "reverse");
}

/** Weights and biases of a layer by PyTorch's names. */
function reader(writer: Writer, k: number) {
  const of = (name: string) => writer.parameter(`${name}_l${k}`) as Float32Array;
  return {
    of,
    table: (name: string, values: ArrayLike<number> = of(name)) => writer.table(`${name}_l${k}`, values),
    matrix: (name: string) => writer.matrix(`${name}_l${k}`),
  };
}

const sums = (a: Float32Array, b: Float32Array) => a.map((value, i) => value + (b[i] as number));

/** net = bias + W x, or bias + the token's column of W; W is written by its columns then. Returns `rows` floats. */
export function inputNet(
  writer: Writer,
  below: Below,
  name: string,
  bias: string,
  rows: number,
  even: number,
  floats?: Float32Array,
): string {
  const net = writer.local(rows);
  const { tokens, units } = below;
  const w = writer.matrix(name, tokens ? (place) => (place % rows) * tokens + Math.floor(place / rows) : undefined, floats);
  if (tokens) writer.each(rows, `${net}[u] = ${entry(w, `token * ${rows} + u`, "u")} + ${bias}[u];`);
  else writer.product(net, bias, w, below.at, rows, units, even);
  return net;
}

export function rnn(writer: Writer, { units: H, activation = "tanh" }: RnnLayer, k: number, below: Below): Signal {
  const { of, table, matrix } = reader(writer, k);
  const h = writer.field(`h_l${k}`, H);
  const even = evenRows(H);
  const net = inputNet(writer, below, `weight_ih_l${k}`, table("bias", sums(of("bias_ih"), of("bias_hh"))), H, even);
  writer.product(net, net, matrix("weight_hh"), h, H, H, even);
  writer.each(H, `${h}[u] = ${activation === "relu" ? `${writer.prefix}_cut(${net}[u], 0.0f, 1e30f)` : writer.call("tanh", `${net}[u]`)};`);
  return { at: h, units: H };
}

export function gru(writer: Writer, layer: GruLayer, k: number, below: Below): Signal {
  const { units: H, reset, inputActivation = "tanh", gateActivation = "logistic", alpha } = layer;
  const { of, table, matrix } = reader(writer, k);
  const h = writer.field(`h_l${k}`, H);
  const [ih, hh] = [of("bias_ih"), of("bias_hh")];
  const bias = table(
    "bias",
    ih.map((value, i) => (i < 2 * H ? value + (hh[i] as number) : value)),
  );
  const net = inputNet(writer, below, `weight_ih_l${k}`, bias, 3 * H, 3 * H);
  const weight = matrix("weight_hh");
  const biasN = table("bias_n", hh.subarray(2 * H));
  const m = writer.local(H);
  // The kernels multiply r, z and n at a time, but where n waits for r.
  const [first, all] = [2 * H, reset === "before" ? undefined : weight.sums];
  writer.product(net, net, weight, h, first, H, first, 0, all);
  const gate = (at: string) => writer.call(gateActivation, at, alpha);
  if (reset === "before") {
    const read = writer.local(H);
    writer.each(H, `${read}[u] = ${gate(`${net}[u]`)} * ${h}[u];`);
    writer.product(m, biasN, weight, read, H, H, evenRows(H), first);
  } else writer.product(m, biasN, weight, h, H, H, H, first, all);
  const unbounded = inputActivation === "relu" || inputActivation === "identity";
  const n = writer.call(inputActivation, "n");
  writer.each(
    H,
    `float z = ${gate(`${net}[${H} + u]`)};`,
    reset === "before" ? `float n = ${net}[${2 * H} + u] + ${m}[u];` : `float n = ${net}[${2 * H} + u] + ${gate(`${net}[u]`)} * ${m}[u];`,
    `n = ${unbounded ? `${writer.prefix}_cut(${n}, -1e30f, 1e30f)` : n};`,
    `${h}[u] = (1.0f - z) * n + z * ${h}[u];`,
  );
  return { at: h, units: H };
}

export function lstm(writer: Writer, layer: LstmLayer, k: number, below: Below): Signal {
  const { units: H, projection, coupled, inputGate = true, forgetGate = true, outputGate = true } = layer;
  const { inputActivation = "tanh", outputActivation = "tanh", gateActivation = "logistic", alpha } = layer;
  const unbounded = inputActivation === "relu" || inputActivation === "identity";
  const clip = layer.cellClip ?? (unbounded ? 1e30 : Infinity);
  const { of, table, matrix } = reader(writer, k);
  const [h, c] = [writer.field(`h_l${k}`, projection ?? H), writer.field(`c_l${k}`, H)];
  const present = ["i", "f", "g", "o"].filter((_, n) => [inputGate && !coupled, forgetGate, true, outputGate][n]);
  const rows = present.length * H;
  const net = inputNet(writer, below, `weight_ih_l${k}`, table("bias", sums(of("bias_ih"), of("bias_hh"))), rows, rows);
  writer.product(net, net, matrix("weight_hh"), h, rows, projection ?? H, rows);
  const peepholes = layer.peepholes ? table("peephole") : "";
  const seen = (name: string, cell: string) => {
    const input = `${net}[${present.indexOf(name) * H} + u]`;
    const at = present.filter((gate) => gate !== "g").indexOf(name) * H;
    return peepholes && name !== "g" ? `(${input} + ${peepholes}[${at} + u] * ${cell})` : input;
  };
  const gate = (name: string, cell: string) => (present.includes(name) ? writer.call(gateActivation, seen(name, cell), alpha) : "1.0f");
  const out = projection ? writer.local(H) : h;
  // A macro's argument would be evaluated twice by relu, so each value has a name.
  writer.each(
    H,
    `float c = ${c}[u], f = ${gate("f", "c")}, i = ${coupled ? "1.0f - f" : gate("i", "c")}, g = ${seen("g", "c")}, o;`,
    `c = f * c + i * ${writer.call(inputActivation, "g")};`,
    ...(clip < Infinity ? [`c = ${writer.prefix}_cut(c, ${float(-clip)}, ${float(clip)});`] : []),
    `o = ${gate("o", "c")};`,
    `${c}[u] = c;`,
    `${out}[u] = o * ${writer.call(outputActivation, "c")};`,
  );
  if (projection) writer.product(h, "0", matrix("weight_hr"), out, projection, H, evenRows(projection));
  return { at: h, units: projection ?? H };
}
