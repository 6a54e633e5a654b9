/** Generates text and other tokens: draws the next token from the model's softmax, and feeds it back. */

import { complete, count, each, either, fail, inBounds, integer, integerIn, numbers } from "../core/check.js";
import { PURPOSE, Random } from "../core/random.js";
import { pad4 } from "../layers/packing.js";
import type { Engine } from "./engine.js";
import type { Head } from "./heads.js";

/** The options of `generate`. */
export interface GenerateOptions {
  /** The most tokens; `Infinity` for no end. Default 100. */
  length?: number;
  /** The divisor of the logits; 0 always takes the likeliest token. Default 1. */
  temperature?: number;
  /** Draws only from the k likeliest tokens. Default: all. */
  topK?: number;
  /** Draws only from the likeliest tokens that together have this probability (Holtzman et al. 2020). Default 1: all. */
  topP?: number;
  /** The same seed draws the same tokens everywhere. Default 0. */
  seed?: number;
  /** Stops before the first of these tokens. Default: none. */
  stop?: number | readonly number[];
}

/** A stream that takes the tokens. */
interface Steps {
  step(token: number, out: Float32Array): Float32Array;
}

type CheckedGenerateOptions = Required<Omit<GenerateOptions, "stop">> & { stop: Set<number> };

export function checkGenerateOptions(value: unknown, tokens: number): CheckedGenerateOptions {
  const stop = each(integerIn(0, tokens - 1), "tokens");
  return complete("options", value, {
    length: [either(Infinity, count), 100],
    temperature: [inBounds({ min: 0, max: 1e6 }), 1],
    topK: [integer, tokens],
    topP: [inBounds({ min: 0, max: 1, aboveMin: true }), 1],
    seed: [count, 0],
    stop: [(path, value) => new Set(stop(path, typeof value === "number" ? [value] : value)), new Set()],
  });
}

/**
 * The number of tokens of a model that can generate: its inputs are tokens, or the categories of its only column, it has as many outputs
 * and no heads, and its output is "every".
 */
export function checkTokens({ config, layout }: Engine): number {
  const { categories: tokens } = layout.input;
  const { name, outputs } = layout.heads[0] as Head;
  if (tokens === 0 || config.output !== "every" || outputs !== tokens || name) {
    throw new RangeError('generate needs a model with tokens as input, as many outputs as tokens, without heads, and output "every"');
  }
  return tokens;
}

export function generate(engine: Engine, stream: Steps, logits: Float32Array, options: unknown): Generator<number, void, undefined> {
  const tokens = checkTokens(engine);
  const checked = checkGenerateOptions(options, tokens);
  if (!(logits instanceof Float32Array)) fail(TypeError, "logits", "a Float32Array", logits);
  numbers("logits", logits, tokens);
  return run(engine, stream, logits, checked);
}

function* run(engine: Engine, stream: Steps, logits: Float32Array, options: CheckedGenerateOptions): Generator<number, void, undefined> {
  const random = new Random(options.seed, PURPOSE.sample, 0);
  for (let n = 0; n < options.length; n++) {
    const token = draw(engine, logits, options, random);
    if (options.stop.has(token)) return;
    stream.step(token, logits);
    yield token;
  }
}

/** Draws one token. All rounding is in the softmax kernel or in plain sums, so every engine draws the same. */
function draw({ kernels, memory }: Engine, logits: Float32Array, options: CheckedGenerateOptions, random: Random): number {
  const { temperature, topK, topP } = options;
  // Below this the inverse would overflow f32, and the softmax is one-hot anyway.
  if (temperature < 1e-6) return logits.indexOf(logits.reduce((best, logit) => Math.max(best, logit), -Infinity));
  const bytes = 4 * pad4(logits.length);
  const region = memory.allocate(2 * bytes);
  memory.write(region, logits);
  kernels.softmax(region + bytes, region, logits.length, 1 / temperature);
  const probability = memory.read(region + bytes, logits.length);
  memory.release(region);

  let kept = probability.length;
  let order: number[] | null = null;
  if (topK < kept || topP < 1) {
    // Order equal probabilities by index.
    order = Array.from(probability.keys()).sort((a, b) => (probability[b] as number) - (probability[a] as number) || a - b);
    kept = Math.min(kept, topK);
    for (let sum = 0, n = 0; n < kept && topP < 1; n++) {
      sum += probability[order[n] as number] as number;
      if (sum >= topP) kept = n + 1;
    }
  }
  const token = (n: number) => (order ? (order[n] as number) : n);
  let total = 0;
  for (let n = 0; n < kept; n++) total += probability[token(n)] as number;
  let left = random.uniform() * total;
  for (let n = 0; n < kept; n++) {
    left -= probability[token(n)] as number;
    if (left < 0) return token(n);
  }
  return token(kept - 1);
}
