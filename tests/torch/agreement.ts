/** Modules that modules.py made, in memcell and back. */

import type { ModelConfig } from "../../src/index.js";
import { fromStateDict, toStateDict } from "../../src/torch.js";

export interface Case {
  form: string;
  config: ModelConfig;
  /** In base64. */
  file: string;
  inputs: number[];
  outputs: number[];
  /** The prefixes of its modules, in the order in which they run. */
  modules: string[];
}

/** A stack of n layers is one module: its prefix n times. */
export function prefixesOf({ config, modules }: Case): string[] {
  const prefixes: string[] = [];
  let [module, previous] = [-1, ""];
  for (const layer of config.layers) {
    const text = JSON.stringify(layer);
    const goesOn = text === previous && /"(lstm|gru|rnn)"/.test(text);
    if (!goesOn) module++;
    prefixes.push(modules[module] as string);
    previous = text;
  }
  return prefixes;
}

/** @returns the largest difference of the outputs, with the configuration and, where names and shapes tell enough, without; and the file back */
export function agree(given: Case): { error: number; proposed: boolean; back: Uint8Array } {
  const { config, inputs, outputs } = given;
  const bytes = Buffer.from(given.file, "base64");
  const prefixes = prefixesOf(given);
  const difference = (y: Float32Array) => y.reduce((most, v, i) => Math.max(most, Math.abs(v - (outputs[i] as number))), 0);
  const { model } = fromStateDict(bytes, config, { prefixes });
  let error = difference(model.predict([{ inputs }])[0] as Float32Array);
  const guess = fromStateDict(bytes);
  const proposed = !JSON.stringify(config).includes("relu") && !guess.unknown.some((text) => text.startsWith("the order"));
  if (proposed) error = Math.max(error, difference(guess.model.predict([{ inputs }])[0] as Float32Array));
  return { error, proposed, back: toStateDict(model, { prefix: prefixes }) };
}
