/** The recurrent layers as ONNX's nodes RNN, GRU and LSTM, and what of memcell's options folds into them. */

import type { Tensor } from "../interop/core.js";
import { GATES, OWN } from "./gates.js";
import { type Draft, lastStep, matrix, refuse, stateIn } from "./out.js";
import type { Attribute } from "./writer.js";

/** ONNX's name of an activation, its alpha and its beta. */
function activationOf(kind: string, alpha = 0.2): [name: string, numbers: [alpha: number, beta: number] | null] {
  if (kind === "identity") return ["Affine", [1, 0]];
  if (kind === "hardSigmoid") return ["HardSigmoid", [alpha, 0.5]];
  // The logistic function stretched is tanh of the half.
  if (kind[0] === "[") return ["ScaledTanh", [Number(kind[1] === "-" && kind[2]), 0.5]];
  return [kind === "logistic" ? "Sigmoid" : kind === "tanh" ? "Tanh" : "Relu", null];
}

/** One block of rows for each of `gates`: with the sign that its letter's row has, or `value` where there is none. */
function blocks(data: Float32Array, rows: number, gates: readonly [at: number, sign: number, value: number][]): number[] {
  const each = data.length / rows;
  return gates.flatMap(([at, sign, value]) =>
    Array.from({ length: each }, (_, i) => (at < 0 ? value : sign * (data[at * each + i] as number))),
  );
}

export function recurrent(draft: Draft): void {
  const { graph, layer, parameters, scales, x, units: inputs, lengths, states, final } = draft;
  const {
    type,
    units: H,
    bidirectional,
    projection,
    residual,
    alpha,
  } = layer as Record<string, string> & { units: number; projection?: number } & {
    alpha?: number;
  };
  for (const option of ["layerNorm", "fullGateRecurrence", "cellClip", "zoneout", "cellZoneout"]) {
    if (layer[option] && layer[option] !== Infinity) refuse(draft, option, `no node ${type?.toUpperCase()} of ONNX has`);
  }
  const k = draft.name("recurrent");
  const ends = bidirectional ? ["", "_reverse"] : [layer.direction === "reverse" ? "_reverse" : ""];
  const D = ends.length;
  const P = projection ?? H;
  const coupled = layer.coupled === true;
  const present = [...(OWN[type as string] as string)].filter(
    (gate) =>
      !(gate === "i" && (coupled || layer.inputGate === false)) &&
      !(gate === "f" && layer.forgetGate === false) &&
      !(gate === "o" && layer.outputGate === false),
  );
  // A missing gate is open by a bias, where the logistic function is 1 in single precision; a coupled one's numbers are f's, negative.
  const open = layer.gateActivation === "hardSigmoid" ? Math.max(40, 1 / (alpha ?? 0.2)) : 40;
  const rowsOf = (gates: string, own: string[], value = 0) =>
    [...gates].map((gate): [number, number, number] => {
      const minus = gate === "i" && coupled;
      return [own.indexOf(minus ? "f" : gate), minus ? -1 : 1, value];
    });
  const gates = GATES[type as string] as string;
  const G = gates.length;
  const of = (name: string, end: string) => parameters[`${name}_l${k}${end}`] as Tensor;
  const all = (name: string, own = present, order = gates) =>
    ends.flatMap((end) => blocks(of(name, end).data, own.length, rowsOf(order, own)));
  const tensor = (name: string, shape: number[], values: number[]) => graph.tensor(`${name}_l${k}`, shape, Float32Array.from(values));

  /** A matrix; of int8 weights, with the scales of its rows, which go the ways of the rows. */
  const weight = (name: string, from: string, columns: number) => {
    const given = ends.flatMap((end) => scales.get(`${from}_l${k}${end}`) ?? []);
    const rows = given.flatMap((own) => blocks(own, present.length, rowsOf(gates, present, 1)).map(Math.abs));
    const tensor = { shape: [D, G * H, columns], data: Float32Array.from(all(from)) };
    return matrix(draft, `${name}_l${k}`, tensor, rows.length > 0 ? Float32Array.from(rows) : undefined);
  };

  const W = weight("W", "weight_ih", inputs);
  let R = weight("R", "weight_hh", P);
  const biases = ends.flatMap((end) => [
    ...blocks(of("bias_ih", end).data, present.length, rowsOf(gates, present, open)),
    ...blocks(of("bias_hh", end).data, present.length, rowsOf(gates, present)),
  ]);
  const B = tensor("B", [D, 2 * G * H], biases);
  const seen = present.filter((gate) => gate !== "g");
  const peepholes = layer.peepholes ? tensor("P", [D, 3 * H], all("peephole", seen, "iof")) : "";
  let projected = (y: string) => y;
  if (projection) {
    const name = `weight_hr_l${k}`;
    const both = (values: (end: string) => Float32Array) => Float32Array.from(ends.flatMap((end) => [...values(end)]));
    const rows = scales.size > 0 ? both((end) => scales.get(`${name}${end}`) as Float32Array) : undefined;
    const hr = matrix(draft, name, { shape: [D, P, H], data: both((end) => of("weight_hr", end).data) }, rows);
    // The projection that the state goes through is folded into its weights when the file is loaded: R P h = (R P) h.
    R = graph.node("MatMul", [R, hr]);
    const turned = graph.node("Transpose", [hr], { perm: [0, 2, 1] });
    projected = (y) => graph.node("MatMul", [y, turned]);
  }

  const gate = activationOf(`${layer.gateActivation ?? "logistic"}`, alpha);
  const input = activationOf(`${layer.activation ?? layer.inputActivation ?? "tanh"}`);
  const output = activationOf(`${layer.outputActivation ?? "tanh"}`);
  const functions = type === "rnn" ? [input] : type === "gru" ? [gate, input] : [gate, input, output];
  const both = ends.flatMap(() => functions);
  const numbers = both.flatMap(([, given]) => (given ? [given] : []));
  const attributes: Record<string, Attribute> = {
    hidden_size: H,
    direction: D > 1 ? "bidirectional" : ends[0] ? "reverse" : "forward",
    activations: both.map(([name]) => name),
    ...(numbers.length > 0 && { activation_alpha: numbers.map(([a]) => a), activation_beta: numbers.map(([, b]) => b) }),
    ...(type === "gru" && { linear_before_reset: Number(layer.reset !== "before") }),
  };
  const kept = type === "lstm" ? ["h", "c"] : ["h"];
  const state = (name: string) => `${name}_l${k}${D === 1 ? ends[0] : ""}`;
  const initial = kept.map((name) => stateIn(draft, state(name), [D, "B", H]));
  const ended = kept.map((name, i) => (states ? `${state(name)}_next` : i === 0 && final ? "Y_h?" : ""));
  const results = graph.nodes(
    (type as string).toUpperCase(),
    [x, W, R, B, lengths, ...initial, ...(type === "lstm" ? ["", ""].slice(initial.length).concat(peepholes) : [])],
    attributes,
    [final ? "" : "Y?", ...ended],
  );
  if (states) for (const name of ended) graph.output(name, [D, "B", H]);

  // [T, D, B, H], or the final states [D, B, H], to [T, B, H].
  const y = projected(results[final ? 1 : 0] as string);
  const axis = final ? 0 : 1;
  let out: string;
  if (D === 1) out = graph.node("Squeeze", [y, graph.integers([axis])]);
  else if (bidirectional === "sum") out = graph.node("ReduceSum", [y, graph.integers([axis])], { keepdims: 0 });
  else {
    const turned = graph.node("Transpose", [y], { perm: final ? [1, 0, 2] : [0, 2, 1, 3] });
    out = graph.node("Reshape", [turned, graph.integers(final ? [0, 2 * P] : [0, 0, 2 * P])]);
  }
  draft.units = bidirectional === "concat" ? 2 * P : P;
  draft.pooled = final;
  if (residual) {
    const below = final ? lastStep(draft, x) : x;
    out = residual === "sum" ? graph.node("Add", [out, below]) : graph.node("Concat", [out, below], { axis: -1 });
    if (residual === "concat") draft.units += inputs;
  }
  draft.x = out;
}
