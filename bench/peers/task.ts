/** What every peer gets to do, and what it answers: an LSTM of H units on I inputs with a dense head of one output. */

import { createModel, dense, lstm, type ModelConfig } from "../../src/index.js";
import { numbers } from "../../tests/helpers/cases.js";
import { STEPS } from "../figures.js";
import type { Shape } from "../works.js";

export const KINDS = ["training", "forward", "streaming"] as const;
export type Kind = (typeof KINDS)[number];

export interface Task {
  name: string;
  kind: Kind;
  /** Streaming: one sequence, T steps one by one with the state carried. */
  shape: Shape;
  learningRate: number;
  clipNorm: number;
  /** By PyTorch's names, in PyTorch's layout: `weight_ih_l0` [4H, I], gates i, f, g, o. */
  parameters: Record<string, Float32Array>;
  /** [T, B, I]. */
  inputs: Float32Array;
  /** [T, B]. */
  targets: Float32Array;
}

/**
 * What a peer computed, by name; each must be what memcell computes. `outputs` [T, B]; in training `loss` and the gradients
 * before the first update by the parameters' names, `losses` before each of the first three.
 */
export type Proof = Record<string, ArrayLike<number>>;

export interface Prepared {
  proof: Proof;
  /** What differs though the numbers agree, to be printed. */
  note?: string;
  /** One forward window, one update, or T steps of a stream. */
  run(): unknown;
}

export interface Implementation {
  /** Name and version. */
  about: string;
  /** @returns a sentence, where the peer cannot do this task */
  prepare(task: Task): Promise<Prepared | string>;
}

export const configOf = ([I, H]: Shape): ModelConfig => ({
  input: { features: I },
  layers: [lstm({ units: H }), dense({ units: 1 })],
  seed: 1,
});

export const UPDATES = 3;

function taskOf(kind: Kind, shape: Shape): Task {
  const [I, H, B, T] = shape;
  const next = numbers(1);
  const parameters = Object.entries(createModel(configOf(shape)).parameters()).map(([name, { data }]) => [name, data]);
  return {
    name: `${kind} (${kind === "streaming" ? [I, H].join(", ") : shape.join(", ")})`,
    kind,
    shape,
    learningRate: 1e-3,
    clipNorm: 1,
    parameters: Object.fromEntries(parameters),
    inputs: Float32Array.from({ length: T * B * I }, next),
    targets: Float32Array.from({ length: T * B }, next),
  };
}

const WINDOWS: Shape[] = [
  [8, 32, 32, 50],
  [32, 64, 32, 50],
  [64, 128, 32, 50],
  [128, 256, 32, 50],
  [1, 32, 1, 100],
];
const STREAMS: Shape[] = [
  [1, 32, 1, STEPS],
  [64, 128, 1, STEPS],
  [128, 256, 1, STEPS],
  [256, 512, 1, STEPS],
];

export const TASKS: Task[] = [
  ...WINDOWS.map((shape) => taskOf("training", shape)),
  ...WINDOWS.map((shape) => taskOf("forward", shape)),
  ...STREAMS.map((shape) => taskOf("streaming", shape)),
];

/** The T steps of each of the B sequences one after the other, from values that are [T, B, width]. */
export function bySequence(values: Float32Array, [, , B, T]: Shape): Float32Array[] {
  const width = values.length / (T * B);
  return Array.from({ length: B }, (_, b) =>
    Float32Array.from({ length: T * width }, (_, i) => values[(Math.floor(i / width) * B + b) * width + (i % width)] as number),
  );
}

/** A matrix [rows, columns] with rows and columns exchanged. */
export const transpose = (values: ArrayLike<number>, rows: number, columns: number): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);

/** The sum of two arrays of the same length. */
export const plus = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + (b[i] as number));
