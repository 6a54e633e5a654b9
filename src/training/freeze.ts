/** Freezing: parameters that training leaves as they are (PyTorch's `requires_grad = False`), to fine-tune the others. */

import { each, fail, listed } from "../core/check.js";
import type { Layout } from "../model/layout.js";
import { layerOf } from "../model/stateDict.js";

type Parts = Pick<Layout, "parameters">;

const isFrozen = (freeze: readonly string[], name: string) => freeze.includes(name) || freeze.includes(layerOf(name));

/** @throws TypeError, RangeError if a name is neither a parameter nor a layer of the model, or nothing would learn */
export function checkFreeze(path: string, value: unknown, { parameters }: Parts): string[] {
  const names = parameters.map(({ name }) => name);
  const known = [...new Set([...names.map(layerOf), ...names])];
  const freeze = each((path, name) => {
    if (typeof name !== "string") fail(TypeError, path, "a name", name);
    if (!known.includes(name)) fail(RangeError, path, `one of the model's layers and parameters, ${listed(known)}`, name);
    return name;
  }, "names of parameters or layers")(path, value);
  if (names.every((name) => isFrozen(freeze, name))) throw new RangeError(`"${path}" leaves nothing that learns`);
  return freeze;
}

/** The frozen parameters. */
export const frozen = ({ parameters }: Parts, freeze: readonly string[]) => parameters.filter(({ name }) => isFrozen(freeze, name));

/** The lowest layer that learns, by its number among the layout's; -1 for the input's own vectors. */
export const lowestLearning = ({ parameters }: Parts, freeze: readonly string[]): number =>
  Math.min(...parameters.filter(({ name }) => !isFrozen(freeze, name)).map(({ layer }) => layer));
