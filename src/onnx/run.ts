/** Runs a graph, node after node, on constants and on what layers will compute. */

import { clip } from "../interop/core.js";
import type { Chain } from "./chain.js";
import { embedding, layerNodes } from "./layerNodes.js";
import { math } from "./math.js";
import { MOVES } from "./moves.js";
import type { Node, Rows } from "./node.js";
import { PRODUCTS } from "./products.js";
import { quantized } from "./quantized.js";
import { recurrences } from "./recurrences.js";
import type { FunctionProto, GraphProto, NodeProto, TensorProto } from "./schema.js";
import { constant, numberAt, Refusal, refuse, uniform, type View } from "./views.js";

/** Functions that call each other. */
const DEEPEST = 32;

let rows: Rows | undefined;
/** Made when first asked for, so that bundlers leave all of it out of a program that has no use for it. */
const allRows = (): Rows => (rows ??= { ...MOVES, ...math(), ...PRODUCTS, ...layerNodes(), ...recurrences(), ...quantized() });

/** A value that cannot be had: the reason, and the count of nodes before. */
export class Refused {
  constructor(
    readonly message: string,
    readonly order: number,
  ) {}
}
type Value = View | Refused;
export type Values = Record<string, Value>;

/** A node, for messages. */
const nameOf = ({ name, op, outputs }: NodeProto) => `"${clip(name || (outputs[0] ?? ""), 80)}" (${clip(op, 30)})`;

export class Run {
  /** Values of all nodes by their names, those of subgraphs too. */
  readonly all: Values = Object.create(null);
  #order = 0;
  #depth = 0;

  /** @param fixed values that stay, whatever node gives them */
  constructor(
    readonly chain: Chain,
    private fixed: Values,
    readonly tensor: (proto: TensorProto) => View,
    readonly functions: readonly FunctionProto[],
  ) {}

  graph({ tensors, nodes, outputs }: Pick<GraphProto, "tensors" | "nodes" | "outputs">, outer: Values): Value[] {
    const values: Values = Object.create(outer);
    for (const tensor of tensors) {
      this.#set(values, tensor.name, this.#try(`a tensor "${clip(tensor.name, 80)}"`, () => [this.tensor(tensor)])[0]);
    }
    for (const node of nodes) {
      this.#order++;
      const results = this.#try(`a node ${nameOf(node)}`, () => this.#node(node, values));
      node.outputs.forEach((name, k) => {
        if (name) this.#set(values, name, results[k] ?? results[0]);
      });
    }
    return outputs.map(({ name }) => values[name] ?? new Refused(`no node gives its output "${clip(name, 80)}"`, this.#order));
  }

  #set(values: Values, name: string, value: Value | undefined): void {
    values[name] = this.fixed[name] ?? value ?? new Refused(`no node gives "${clip(name, 80)}"`, this.#order);
    this.all[name] = values[name] as Value;
  }

  #try(what: string, make: () => (Value | undefined)[]): (Value | undefined)[] {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof RangeError || error instanceof TypeError)) throw error;
      const known = error instanceof Refusal || error.message.startsWith('"bytes"');
      const reason = known ? error.message : "whose inputs or attributes are damaged";
      // Of several readings of the axes, one in which they fit tells more.
      const order = this.#order - (/expected (\[steps|features)/.test(reason) ? 0.5 : 0);
      return [new Refused(reason.startsWith('"') ? reason : `has ${what} ${clip(reason, 400)}`, order)];
    }
  }

  /** A function's nodes, with the values and attributes that the node gives. */
  #call({ inputs, outputs, nodes, defaults }: FunctionProto, { attributes }: NodeProto, given: (Value | undefined)[]): Value[] {
    // Each may call others, twice each.
    this.chain.spend(2048, "its functions take");
    if (++this.#depth > DEEPEST) refuse(`of functions in each other, expected at most ${DEEPEST}`);
    const known = new Map([...defaults, ...attributes].map((attribute) => [attribute.name, attribute]));
    const own = nodes.map((node) => ({
      ...node,
      attributes: node.attributes.flatMap((attribute) => {
        const value = attribute.of ? known.get(attribute.of) : attribute;
        return value ? { ...value, name: attribute.name } : [];
      }),
    }));
    const values: Values = Object.create(null);
    inputs.forEach((name, k) => {
      const value = given[k];
      if (value) values[name] = value;
    });
    // Its names are its own.
    const { fixed } = this;
    this.fixed = {};
    const results = this.graph({ tensors: [], nodes: own, outputs: outputs.map((name) => ({ name })) }, values);
    this.fixed = fixed;
    this.#depth--;
    return results;
  }

  #node(node: NodeProto, values: Values): (Value | undefined)[] {
    const { op, domain, outputs } = node;
    const inputs = node.inputs.map((name) =>
      name ? (values[name] ?? refuse(`that takes "${clip(name, 80)}", which no node before it gives`)) : undefined,
    );
    const attributes = new Map(node.attributes.map((attribute) => [attribute.name, attribute]));
    const refused = inputs.find((value) => value instanceof Refused);
    if (refused) return outputs.map(() => refused);
    const views = inputs as (View | undefined)[];
    const called = this.functions.find((each) => each.name === op && each.domain === domain);
    if (called) return this.#call(called, node, inputs);
    if (domain && domain !== "ai.onnx" && domain !== "com.microsoft")
      refuse(`of "${clip(domain, 40)}", expected one of ONNX's own operators`);
    if (op === "If") {
      const [condition] = views;
      if (!condition || condition.steps) return refuse("whose condition is not constant: give the inputs that it is made of");
      const branch = attributes.get(numberAt(condition, [0]) ? "then_branch" : "else_branch")?.g ?? refuse("without its branch");
      return this.graph(branch, values);
    }
    const own = attributes.get("value")?.t;
    if (op === "Constant") {
      const { t, f, i, ints = [], floats = [] } = node.attributes[0] ?? refuse("without a value");
      if (t) return [this.tensor(t)];
      const list = ints.length > 0 ? ints : floats;
      const type = ints.length > 0 || i !== undefined ? 7 : undefined;
      return [{ ...((f ?? i) === undefined ? constant([list.length], list) : uniform([], (f ?? i) as number)), type }];
    }
    if (op === "ConstantOfShape" && own) views.push(this.tensor(own));
    const known = allRows();
    const row = Object.hasOwn(known, op) ? known[op] : refuse("that memcell has no layer for");
    const seen: Node = {
      name: nameOf(node),
      inputs: views,
      outputs: outputs.length,
      chain: this.chain,
      number: (name, otherwise) => attributes.get(name)?.f ?? attributes.get(name)?.i ?? otherwise,
      text: (name, otherwise) => attributes.get(name)?.s || otherwise,
      numbers(name) {
        const { ints = [], floats = [] } = attributes.get(name) ?? {};
        return attributes.has(name) ? (ints.length > 0 ? ints : floats) : undefined;
      },
      texts: (name) => attributes.get(name)?.strings ?? [],
    };
    const make = op === "Gather" && views[1]?.steps && !views[0]?.steps ? embedding : (row as Rows[string]);
    const made = make(seen);
    const results = Array.isArray(made) ? made : [made];
    return outputs.map(
      (_, k) => results[k] ?? new Refused(`has a node ${nameOf(node)} whose output ${k} memcell does not have`, this.#order),
    );
  }
}
