/** Modules that modules.py made, in memcell and back. */

import { createTrainer, type ModelConfig, sgd } from "../../src/index.js";
import { fromStateDict, toStateDict } from "../../src/torch.js";

export interface Case {
  form: string;
  config: ModelConfig;
  /** In base64. */
  file: string;
  inputs: number[];
  outputs: number[];
  /** The outputs from initial states, and the gradients of these for a mean squared error. */
  stated: { state: Record<string, number[]>; targets: number[]; outputs: number[]; gradients: Record<string, number[]> };
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

/** The largest difference, where numbers are larger than 1 to the largest of them: stacks of relu have such. */
const apart = (a: ArrayLike<number>, b: readonly number[]) => {
  const size = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return a.length === b.length ? b.reduce((most, v, i) => Math.max(most, Math.abs(v - (a[i] as number))), 0) / size : Infinity;
};

/** @returns the largest difference of the outputs, from zeros and from initial states, and of these states' gradients; with the configuration and, where names and shapes tell enough, without; and the file back */
export function agree(given: Case): { error: number; proposed: boolean; back: Uint8Array } {
  const { config, inputs, outputs } = given;
  const bytes = Buffer.from(given.file, "base64");
  const prefixes = prefixesOf(given);
  const { model } = fromStateDict(bytes, config, { prefixes });
  let error = apart(model.predict([{ inputs }])[0] as Float32Array, outputs);
  const { state, targets, gradients } = given.stated;
  error = Math.max(error, apart(model.predict([{ inputs, state }])[0] as Float32Array, given.stated.outputs));
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), window: Infinity });
  const [own] = trainer.gradients([{ inputs, targets, state }]).states ?? [];
  for (const [name, values] of Object.entries(gradients)) error = Math.max(error, apart(own?.[name] ?? [], values));
  const guess = fromStateDict(bytes);
  const proposed = !JSON.stringify(config).includes("relu") && !guess.unknown.some((text) => text.startsWith("the order"));
  if (proposed) error = Math.max(error, apart(guess.model.predict([{ inputs }])[0] as Float32Array, outputs));
  return { error, proposed, back: toStateDict(model, { prefix: prefixes }) };
}
