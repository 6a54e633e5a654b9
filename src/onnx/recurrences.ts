/** ONNX's nodes RNN, GRU and LSTM as layers. */

import { GATES, OWN } from "./gates.js";
import { finalOf } from "./lastStep.js";
import { given, idsOf, input, type Node, type Rows, shaped, spendOf, wholeSequence } from "./node.js";
import { type Json, type Numbers, PLACES, type Signal } from "./signal.js";
import { type Dim, hasRole, numberAt, refuse, type Steps, shapeOf, sizeOf, slice, transpose, type View, walk } from "./views.js";
import { shortest } from "./written.js";

/** memcell's name of an activation, and the slope of a hard sigmoid. */
function activationOf(name: string, numbers: { alpha: number[]; beta: number[] }): [kind: string, alpha?: number] {
  const known: Record<string, string> = { sigmoid: "logistic", tanh: "tanh", relu: "relu" };
  const plain = known[name.toLowerCase()];
  if (plain) return [plain];
  const [alpha = 0.2, beta = 0.5] = [numbers.alpha.shift(), numbers.beta.shift()];
  const text = `${name} ${alpha} ${beta}`.toLowerCase();
  if (text === "affine 1 0") return ["identity"];
  if (/^scaledtanh [12] 0.5$/.test(text)) return [`[-${alpha},${alpha}]`];
  if (/^hardsigmoid .* 0.5$/.test(text)) return ["hardSigmoid", alpha];
  return refuse(`with the activation ${text}, expected Sigmoid, Tanh, Relu, HardSigmoid of beta 0.5, or Affine of 1 and 0`);
}

function activations(node: Node, type: string, D: number): Json {
  const names = node.texts("activations");
  const usual = type === "rnn" ? ["Tanh"] : type === "gru" ? ["Sigmoid", "Tanh"] : ["Sigmoid", "Tanh", "Tanh"];
  const all = names.length > 0 ? names : Array.from({ length: D }, () => usual).flat();
  const numbers = { alpha: [...(node.numbers("activation_alpha") ?? [])], beta: [...(node.numbers("activation_beta") ?? [])] };
  const found = all.map((name) => activationOf(name, numbers));
  const each = usual.length;
  if (all.length !== each * D || JSON.stringify(found.slice(0, each)) !== JSON.stringify(found.slice(-each)))
    refuse(`with the activations ${all}, expected ${each} for a direction, the same for both`);
  const own = found.slice(0, each);
  const [gate, candidate = gate, output] = type === "rnn" ? [undefined, own[0]] : own;
  const layer: Json = {};
  if (type === "rnn") {
    if (!/tanh|relu/.test(candidate?.[0] ?? "")) refuse(`with the activation ${all[0]}, expected Tanh or Relu`);
    return candidate?.[0] === "relu" ? { activation: "relu" } : {};
  }
  const [kind, alpha] = gate as [string, number?];
  if (kind === "hardSigmoid") {
    const slope = shortest(alpha as number);
    Object.assign(layer, { gateActivation: kind, ...(slope !== 0.2 && { alpha: slope }) });
  } else if (kind !== "logistic") refuse(`with ${all[0]} for gates, expected Sigmoid or HardSigmoid`);
  for (const [option, given] of [
    ["inputActivation", candidate],
    ["outputActivation", output],
  ] as const) {
    if (given?.[0] === "hardSigmoid") refuse("with HardSigmoid for the cell, expected it for gates alone");
    if (given && given[0] !== "tanh") layer[option] = given[0];
  }
  return layer;
}

/** Rows of a matrix, block by block: those of a gate, with their sign. */
type Block = readonly [from: number, sign: number];

function rows(node: Node, view: View, d: number, H: number, blocks: readonly Block[]): Numbers {
  const spend = spendOf(node);
  return () => {
    const own = slice(view, 0, d, 1, 1, spend);
    const parts = blocks.map(([from]) => slice(own, 1, from * H, H, 1, spend));
    const each = parts[0] ? shapeOf(parts[0]).reduce((a, b) => a * b, 1) : 0;
    const out = node.chain.floats(each * blocks.length);
    parts.forEach((part, k) => {
      walk(part, (value, i) => {
        out[k * each + i] = (blocks[k] as Block)[1] * value;
      });
    });
    return out;
  };
}

/** Whether the rows of one gate are those of another, negative, in all directions. */
function opposite(view: View, a: number, b: number, H: number): boolean {
  const [D = 0, , columns] = shapeOf(view);
  for (let d = 0; d < D; d++) {
    for (let r = 0; r < H; r++) {
      for (let i = 0; i < (columns ?? 1); i++) {
        if (numberAt(view, [d, a * H + r, i]) !== -numberAt(view, [d, b * H + r, i])) return false;
      }
    }
  }
  return true;
}

/** A tensor of one number is not 0. */
function isZero(view: View): boolean {
  let zero = true;
  const dims = view.dims.map((dim) => dim.filter(({ stride }) => stride !== 0));
  walk({ ...view, dims }, (value) => {
    zero &&= value === 0;
  });
  return zero;
}

function checkStates(node: Node, view: View | undefined): void {
  if (!view || (!view.steps && isZero(view))) return;
  const first = view.steps && node.chain.signals[Math.floor(view.read(view.offset) / PLACES)];
  if (!first || first.layer || first.terms) refuse("with an initial state that is neither 0 nor an input of the graph");
  else node.chain.begins(first);
}

function checkLengths(node: Node, view: View | undefined, T: number): void {
  if (!view) return;
  if (view.steps) node.chain.lengths = view;
  else if (view.dims.flat().some(({ size, stride }) => size > 1 && stride !== 0) || numberAt(view, [0]) !== T)
    refuse("with constant sequence_lens, expected an input of the graph, or none");
}

const only = (dim: Dim, role: "T" | "B") => dim.every((atom) => atom.size === 1 || atom.role === role);

function recurrence(type: string): (node: Node) => View[] {
  return (node) => {
    const { chain, name } = node;
    const batchFirst = node.number("layout", 0) === 1;
    const view = input(node);
    const x = batchFirst ? transpose(view, [1, 0, 2]) : view;
    const [time = [], batch = [], last = []] = x.dims;
    if (x.dims.length !== 3 || !only(time, "T") || !only(batch, "B") || hasRole(last.filter(({ size }) => size > 1)))
      refuse(`of [${shapeOf(x)}], expected [steps, sequences, features]`);
    wholeSequence(x);
    const [W, R] = [given(node, 1), given(node, 2)];
    const gates = GATES[type] as string;
    const G = gates.length;
    const [D = 0, all = 0, I = 0] = shapeOf(W);
    const H = all / G;
    const text = node.text("direction", "forward");
    const B = node.inputs[3] && given(node, 3);
    const P = type === "lstm" && node.inputs[7] ? given(node, 7) : undefined;
    const shapes: [View | undefined, number[]][] = [
      [W, [text === "bidirectional" ? 2 : 1, G * H, sizeOf(last)]],
      [R, [D, G * H, H]],
      [B, [D, 2 * G * H]],
      [P, [D, 3 * H]],
    ];
    for (const [view, shape] of shapes)
      if (view && shapeOf(view).join() !== shape.join()) refuse(`with weights of [${shapeOf(view)}], expected [${shape}]`);
    if (node.number("clip", 0)) refuse("with clip, which memcell does not have before activations, expected none");
    checkLengths(node, node.inputs[4], sizeOf(time));
    checkStates(node, node.inputs[5]);
    if (type === "lstm") checkStates(node, node.inputs[6]);

    const place = (gate: string) => gates.indexOf(gate);
    const forgets = type === "lstm" && node.number("input_forget", 0) === 1;
    const [i, f] = [place("i"), place("f")];
    // ONNX couples f to i and memcell i to f: both as f = logistic(-z) = 1 - logistic(z).
    const negative = () => (!B || (opposite(B, i, f, H) && opposite(B, G + i, G + f, H))) && (!P || opposite(P, 0, 2, H));
    const coupled = forgets || (type === "lstm" && negative() && opposite(R, i, f, H) && opposite(W, i, f, H));
    const own = [...(OWN[type] as string)].filter((gate) => !(coupled && gate === "i"));
    const blocks = own.map((gate): Block => (forgets && gate === "f" ? [i, -1] : [place(gate), 1]));
    const steps = x.steps as Steps;
    if (D === 2 && steps.reversed) refuse("in both directions, of a reversed sequence");
    const reverse = D === 1 && (text === "reverse") !== steps.reversed;
    const { signal: below, weight, bias, shifted } = chain.through(idsOf(node, x));
    const parts: Signal["parts"] = {};
    const projected: Signal["parts"] = {};
    const [left, right] = R.product ?? [];
    (D === 2 ? ["", "_reverse"] : [reverse ? "_reverse" : ""]).forEach((end, d) => {
      const put = (part: string, shape: number[], data: Numbers) => {
        parts[part + end] = { shape, data };
      };
      const count = own.length * H;
      const fill = (add: (row: number, feature: number, weight: number) => void) => {
        rows(node, W, d, H, blocks)().forEach((value, at) => add(Math.floor(at / I), at % I, value));
      };
      put("weight_ih", [count, below.units], weight(count, fill));
      put("weight_hh", [count, H], rows(node, R, d, H, blocks));
      const half = (from: number) =>
        B
          ? rows(
              node,
              B,
              d,
              H,
              blocks.map(([at, sign]): Block => [from + at, sign]),
            )
          : () => chain.floats(count);
      const shift = bias(count, fill);
      put("bias_ih", [count], shifted ? () => half(0)().map((value, at) => value + (shift()[at] as number)) : half(0));
      put("bias_hh", [count], half(G));
      const seen = own.filter((gate) => gate !== "g").map((gate): Block => (forgets && gate === "f" ? [0, -1] : ["iof".indexOf(gate), 1]));
      if (P) put("peephole", [seen.length * H], rows(node, P, d, H, seen));
      if (!left || !right) return;
      const [, size = 0] = shapeOf(right);
      projected[`weight_hh${end}`] = { shape: [count, size], data: rows(node, left, d, H, blocks) };
      projected[`weight_hr${end}`] = { shape: [size, H], data: rows(node, right, d, size, [[0, 1]]) };
    });
    const layer = {
      type,
      units: H,
      ...activations(node, type, D),
      ...(type === "gru" && !node.number("linear_before_reset", 0) && { reset: "before" }),
      ...(P && { peepholes: true }),
      ...(coupled && { coupled: true }),
      ...(D === 2 && { bidirectional: "concat" }),
      ...(reverse && { direction: "reverse" }),
    };
    const projection = right && { base: right.base, parts: projected };
    const signal = chain.add(D * H, name, { layer, below, parts, ahead: below.ahead || D === 2 || reverse, projection });
    const directions: Dim = [{ size: D, stride: H }];
    const units: Dim = [{ size: H, stride: 1 }];
    const Y = shaped(x, signal, batchFirst ? [batch, time, directions, units] : [time, directions, batch, units]);
    // Where a call is one step, its state is that after it.
    const alone = !x.dims.some((dim) => hasRole(dim, "T"));
    const final = shaped(x, alone ? signal : finalOf(node, signal), batchFirst ? [batch, directions, units] : [directions, batch, units]);
    return [Y, final];
  };
}

export const recurrences = (): Rows => ({ RNN: recurrence("rnn"), GRU: recurrence("gru"), LSTM: recurrence("lstm") });
