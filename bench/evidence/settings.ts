/** The paper's settings and figures (tables 1, 7, 9 and 10). */

import type { Task } from "./task.js";
import { adding } from "./tasks/adding.js";
import { order } from "./tasks/order.js";
import { reber } from "./tasks/reber.js";

export interface Setting {
  name: string;
  task: Task;
  /** Memory blocks, each with one input gate and one output gate, and the cells of a block. */
  blocks: number;
  size: number;
  /** Weights, and biases that are not listed, are uniform in [-init, init]. */
  init: number;
  /** Initial biases of the blocks' gates where they are given. */
  inputGateBias?: number[];
  outputGateBias?: number[];
  /** Which units have biases: gates alone, or also cells and outputs. */
  biases: "gates" | "all";
  /** The function of the output units. */
  outputs: "logistic" | "identity";
  /** When the weights change: in experiments 4 and 6 the error comes at the end alone, so that it is all the same. */
  update: "step" | "sequence";
  /** Of plain gradient descent on half the squared error, summed over outputs and steps. */
  rate: number;
  trials: number;
  /** A trial is given up after so many sequences. The paper gives no limit. */
  limit: number;
  /** What it reports: weights and biases, the share of trials that learned, their mean number of sequences, wrong ones of 2,560. */
  paper: { weights: number; solved: number; sequences: number; wrong?: number };
}

const reberWith = (blocks: number, size: number, rate: number, weights: number, solved: number, sequences: number): Setting => ({
  name: `reber-${blocks}x${size}-${rate}`,
  task: reber,
  blocks,
  size,
  init: 0.2,
  outputGateBias: [-1, -2, -3, -4].slice(0, blocks),
  biases: "gates",
  outputs: "logistic",
  update: "step",
  rate,
  trials: 30,
  limit: 200_000,
  paper: { weights, solved, sequences },
});

const addingWith = (T: number, outputs: Setting["outputs"], limit: number, sequences: number, wrong: number): Setting => ({
  name: `adding-${T}${outputs === "identity" ? "-linear" : ""}`,
  task: adding(T),
  blocks: 2,
  size: 2,
  init: 0.1,
  inputGateBias: [-3, -6],
  biases: "all",
  outputs,
  update: "sequence",
  rate: 0.5,
  trials: 10,
  limit,
  paper: { weights: 93, solved: 1, sequences, wrong },
});

export const SETTINGS: Setting[] = [
  reberWith(4, 1, 0.1, 264, 1, 39_740),
  reberWith(3, 2, 0.1, 276, 1, 21_730),
  reberWith(3, 2, 0.2, 276, 0.97, 14_060),
  reberWith(4, 1, 0.5, 264, 0.97, 9_500),
  reberWith(3, 2, 0.5, 276, 1, 8_440),
  addingWith(100, "logistic", 300_000, 74_000, 1),
  addingWith(100, "identity", 1_000_000, 74_000, 1),
  addingWith(500, "identity", 2_000_000, 209_000, 0),
  addingWith(1000, "identity", 5_000_000, 853_000, 1),
  {
    name: "order-6a",
    task: order,
    blocks: 2,
    size: 2,
    init: 0.1,
    inputGateBias: [-2, -4],
    biases: "all",
    outputs: "logistic",
    update: "sequence",
    rate: 0.5,
    trials: 20,
    limit: 500_000,
    paper: { weights: 156, solved: 1, sequences: 31_390, wrong: 1 },
  },
];
