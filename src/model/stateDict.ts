/**
 * Assigns tensors to parameters: by the model's own names, or by those in a PyTorch module, which put a prefix before the names of each
 * layer: `rnn.weight_ih_l0`, `fc.weight`.
 */

import { arrayLike, clip, fail, listed } from "../core/check.js";
import { checkShape, sameShape, type Tensor } from "../core/safetensors.js";
import type { Parameter } from "../layers/plan.js";

/** The result of `setParameters`: names of the model's parameters, and of tensors that were not used. */
export interface Assigned {
  /** Parameters that got a tensor's numbers. */
  set: string[];
  /** Biases of layers whose weights were set without any bias (PyTorch's `bias=False`): they are now 0. */
  zeroed: string[];
  /** Parameters that were not changed. */
  kept: string[];
  /** Tensors under none of the `prefixes`; without `strict` also those that fit no layer. */
  unused: string[];
}

/** The options of `setParameters`. */
export interface SetOptions {
  /**
   * One for each layer that has parameters, from the input up: `["encoder.", "head."]`; null leaves a layer as it is. Needed where names
   * and shapes are ambiguous, or to take a part of the tensors. Layers with the same prefix are a stack, numbered in it from 0.
   */
  prefixes?: readonly (string | null)[];
  /**
   * false leaves out what does not fit, instead of an error: a layer whose tensors are not there, or of which one has another shape (a
   * head for other classes), stays as it is (`kept`); tensors of no layer are `unused`. Default true.
   */
  strict?: boolean;
}

/** The parameters of one layer, with their names in a PyTorch module; in a stack these include the number of the layer. */
interface Group {
  name: string;
  recurrent: boolean;
  parameters: { parameter: Parameter; local(number: number): string; bias: boolean }[];
}

const NUMBERED = /^(.+)_l(\d+)(_reverse)?$/;

/** The layer that a parameter belongs to, as its name says: `l0` (both directions), `dense_1`, `embedding`. */
export function layerOf(name: string): string {
  const [, , number] = NUMBERED.exec(name) ?? [];
  return number === undefined ? name.slice(0, name.lastIndexOf(".")) : `l${number}`;
}

function groupsOf(parameters: readonly Parameter[]): Group[] {
  const groups = new Map<string, Group>();
  for (const parameter of parameters) {
    const [, base, , end = ""] = NUMBERED.exec(parameter.name) ?? [];
    const name = layerOf(parameter.name);
    const kind = base ?? parameter.name.slice(name.length + 1);
    const group = groups.get(name) ?? { name, recurrent: base !== undefined, parameters: [] };
    groups.set(name, group);
    group.parameters.push({ parameter, local: (n) => (base ? `${base}_l${n}${end}` : kind), bias: kind.startsWith("bias") });
  }
  return [...groups.values()];
}

/** The prefix under which a layer's weights are found by name and shape: its own, or the only one; undefined if there is none. */
function find({ name, recurrent, parameters }: Group, number: number, tensors: Record<string, Tensor>): string | undefined {
  const weights = parameters.filter(({ bias }) => !bias);
  const asked = weights.length > 0 ? weights : parameters;
  const first = asked[0]?.local(number) as string;
  const fits = (prefix: string) =>
    asked.every(({ parameter, local }) => sameShape(tensors[prefix + local(number)]?.shape, parameter.shape));
  const ends = Object.keys(tensors).filter((tensor) => tensor === first || tensor.endsWith(`.${first}`));
  const found = ends.map((tensor) => tensor.slice(0, tensor.length - first.length)).filter(fits);
  const own = recurrent ? "" : `${name}.`;
  if (found.includes(own)) return own;
  if (found.length > 1) {
    const known = listed(found.map((prefix) => JSON.stringify(clip(prefix))));
    throw new RangeError(`"parameters" has several that "${name}" could be, ${known}: say which with prefixes`);
  }
  return found[0];
}

/** Checks that there is a prefix for each group. @param none what may stand in place of a prefix */
function checkPrefixes(groups: readonly Group[], prefixes: unknown, none?: null): string[] {
  const list = arrayLike("prefixes", prefixes, "prefixes of layers");
  const layers = listed(groups.map(({ name }) => name));
  if (list.length !== groups.length) fail(RangeError, "prefixes", `${groups.length}, one for each of ${layers}`, prefixes);
  groups.forEach((_, i) => {
    if (typeof list[i] !== "string" && list[i] !== none) fail(TypeError, `prefixes[${i}]`, 'a prefix such as "rnn."', list[i]);
  });
  return list as unknown as string[];
}

/** Numbers the layers of stacks, those with the same prefix, each from 0. */
function numbering(): (prefix: string, recurrent: boolean) => number {
  const stacks = new Map<string, number>();
  return (prefix, recurrent) => {
    const number = stacks.get(prefix) ?? 0;
    if (recurrent) stacks.set(prefix, number + 1);
    return number;
  };
}

/** The name of each parameter in a PyTorch module. @param prefixes as `assign` takes them */
export function moduleNames(parameters: readonly Parameter[], prefixes: unknown): Map<string, string> {
  const groups = groupsOf(parameters);
  const list = checkPrefixes(groups, prefixes);
  const next = numbering();
  return new Map(
    groups.flatMap((group, i) => {
      const prefix = list[i] as string;
      const number = next(prefix, group.recurrent);
      return group.parameters.map(({ parameter, local }) => [parameter.name, prefix + local(number)] as const);
    }),
  );
}

/** @throws RangeError if the tensor of this name has another shape than the parameter that it is for */
function checkFit(name: string, tensor: Tensor | null | undefined, parameter: Parameter): void {
  checkShape(`parameters.${name}`, tensor?.shape, parameter.shape, ` for ${parameter.name}; strict: false of setParameters leaves it out`);
}

/**
 * @param prefixes as in `SetOptions`; absent: tensors have the model's names, or each layer is found by its names and shapes
 * @returns the tensor for each parameter, null for zeros
 * @throws TypeError, RangeError if a tensor matches no parameter, or has another shape
 */
export function assign(
  parameters: readonly Parameter[],
  tensors: Record<string, Tensor>,
  prefixes?: unknown,
  strict = true,
): { assigned: Assigned; chosen: Map<Parameter, Tensor | null> } {
  const names = Object.keys(tensors);
  const known = new Set(parameters.map(({ name }) => name));
  const groups = groupsOf(parameters);
  const own = prefixes === undefined && names.every((name) => known.has(name));
  const list: readonly (string | null | undefined)[] = prefixes === undefined ? [] : checkPrefixes(groups, prefixes, null);
  const chosen = new Map<Parameter, Tensor | null>();
  const assigned: Assigned = { set: [], zeroed: [], kept: [], unused: [] };
  const left = new Set(names);
  const next = numbering();
  groups.forEach((group, i) => {
    const stacked = list[i];
    const number = stacked == null ? Number(group.name.slice(1)) : next(stacked, group.recurrent);
    const prefix = own ? "" : stacked === undefined ? find(group, number, tensors) : stacked;
    const rows = group.parameters.map(({ parameter, local, bias }) => {
      const name = own ? parameter.name : `${prefix}${local(number)}`;
      return { parameter, bias, name, tensor: prefix == null || !left.has(name) ? undefined : tensors[name] };
    });
    const fits = strict || rows.every(({ parameter, tensor }) => tensor === undefined || sameShape(tensor?.shape, parameter.shape));
    const whole = rows.some(({ bias }) => !bias) && rows.every(({ bias, tensor }) => bias === (tensor === undefined));
    for (const { parameter, bias, name, tensor } of rows) {
      if (tensor !== undefined && fits) {
        checkFit(name, tensor, parameter);
        chosen.set(parameter, tensor);
        left.delete(name);
        assigned.set.push(parameter.name);
      } else if (bias && whole && fits) {
        chosen.set(parameter, null);
        assigned.zeroed.push(parameter.name);
      } else if (strict && stacked != null && !bias) throw new RangeError(`"parameters" has no tensor "${clip(name)}"`);
      else assigned.kept.push(parameter.name);
    }
  });
  for (const name of left) {
    const prefix = name.slice(0, name.lastIndexOf(".") + 1);
    if (!strict || (prefixes !== undefined && !list.includes(prefix))) {
      assigned.unused.push(name);
      continue;
    }
    // If there is a parameter that would take it but for its shape, the message says so.
    const near = parameters.find((parameter) => !chosen.has(parameter) && name.endsWith(parameter.name.replace(/.*\./, "")));
    if (near) checkFit(name, tensors[name], near);
    throw new RangeError(`"parameters.${clip(name)}" is no parameter of this model, which has ${listed([...known])}`);
  }
  return { assigned, chosen };
}
