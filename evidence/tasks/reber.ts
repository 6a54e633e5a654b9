/**
 * Experiment 1, the embedded Reber grammar: after each symbol of a string, predict the next one.
 *
 * The inner grammar begins with B and then takes, wherever two ways go on, each with probability 1/2:
 *
 *     1 -T-> 2, 1 -P-> 3;  2 -S-> 2, 2 -X-> 4;  3 -T-> 3, 3 -V-> 5;  4 -X-> 3, 4 -S-> 6;  5 -P-> 4, 5 -V-> 6;  6 -E-> end
 *
 * The embedded one is B, then T or P, an inner string, the same T or P again, E: only who remembers the second symbol knows
 * the last but one. The shortest strings have 9 symbols (probability 1/4), the mean length is 12.
 */

import type { Example, Learner } from "../learner.js";
import type { Random } from "../random.js";
import { below, errorOf, randomOf, type Task, type Tested } from "../task.js";

export const SYMBOLS = "BTPSXVE";

type Edges = [symbol: string, to: number][];

const INNER: Edges[] = [
  [["B", 1]],
  [
    ["T", 2],
    ["P", 3],
  ],
  [
    ["S", 2],
    ["X", 4],
  ],
  [
    ["T", 3],
    ["V", 5],
  ],
  [
    ["X", 3],
    ["S", 6],
  ],
  [
    ["P", 4],
    ["V", 6],
  ],
  [["E", 7]],
];

/** From node 0 to node 3. The inner grammar comes twice, for each outer symbol on its own. */
const GRAPH: Edges[] = [
  [["B", 1]],
  [
    ["T", 4],
    ["P", 4 + INNER.length + 1],
  ],
  [["E", 3]],
  [],
];
for (const outer of ["T", "P"]) {
  const first = GRAPH.length;
  for (const edges of INNER) GRAPH.push(edges.map(([symbol, to]) => [symbol, first + to]));
  GRAPH.push([[outer, 2]]);
}

/** A random string of the embedded grammar. */
export function drawReber(random: Random): string {
  let string = "";
  let edges = GRAPH[0] as Edges;
  while (edges.length > 0) {
    const [symbol, to] = edges[edges.length > 1 ? below(random, edges.length) : 0] as [string, number];
    string += symbol;
    edges = GRAPH[to] as Edges;
  }
  return string;
}

/** For each symbol of a string but the last, which symbols may follow. @throws RangeError if the grammar has no such string */
export function possible(string: string): string[] {
  let edges = GRAPH[0] as Edges;
  const all = Array.from(string, (symbol) => {
    const edge = edges.find(([name]) => name === symbol);
    if (!edge) throw new RangeError(`"${string}" is not of the grammar`);
    edges = GRAPH[edge[1]] as Edges;
    return edges.map(([name]) => name).join("");
  });
  if (all.pop() !== "") throw new RangeError(`"${string}" does not end`);
  return all;
}

/** A unit for each symbol, 1 for these. */
export const unitsOf = (symbols: string) => Float32Array.from(SYMBOLS, (name) => Number(symbols.includes(name)));

/** Seven units in, seven out. */
export function encode(string: string): Example {
  const units = Float32Array.from(Array.from(string).flatMap((symbol) => [...unitsOf(symbol)]));
  return { inputs: units.subarray(0, -SYMBOLS.length), targets: units.subarray(SYMBOLS.length) };
}

/** Whether at every step the symbols that may follow are the most active outputs. */
export function right(outputs: Float32Array, string: string): boolean {
  return possible(string).every((next, step) => {
    let [least, most] = [Infinity, -Infinity];
    Array.from(SYMBOLS).forEach((name, k) => {
      const output = outputs[step * SYMBOLS.length + k] as number;
      if (next.includes(name)) least = Math.min(least, output);
      else most = Math.max(most, output);
    });
    return least > most;
  });
}

/**
 * 256 training and 256 test strings. The paper does not say whether a set holds strings twice, but 256 draws have only some 100
 * different ones, so that without repeats it would be another task, with longer strings: both sets may have repeats. No string
 * of the test set is in the training set.
 */
export function drawSets(random: Random): { training: string[]; test: string[] } {
  const training = Array.from({ length: 256 }, () => drawReber(random));
  const known = new Set(training);
  const test = Array.from({ length: 256 }, () => {
    for (;;) {
      const string = drawReber(random);
      if (!known.has(string)) return string;
    }
  });
  return { training, test };
}

/** The paper has three pairs of sets; it does not say how often it tests. "training": all strings of the training set are right. */
const PAIRS = 3;
const EVERY = 100;

export const reber: Task = {
  features: SYMBOLS.length,
  outputs: SYMBOLS.length,
  output: "every",
  marks: ["training", "learned"],
  begin(trial) {
    const { training, test } = drawSets(randomOf(trial % PAIRS, 0));
    const random = randomOf(trial, 1);
    const examples = training.map(encode);
    const [toLearn, toTest] = [training, test].map((strings) => Array.from(new Set(strings), (string) => ({ string, ...encode(string) })));
    let learned = 0;
    return {
      next: () => examples[below(random, examples.length)] as Example,
      holds(_, __, learner) {
        if (++learned % EVERY !== 0 || check(learner, toLearn as Encoded[]).wrong > 0) return [];
        return check(learner, toTest as Encoded[]).wrong > 0 ? ["training"] : ["training", "learned"];
      },
      test: (learner) =>
        check(
          learner,
          test.map((string) => ({ string, ...encode(string) })),
        ),
    };
  },
};

interface Encoded extends Example {
  string: string;
}

function check(learner: Learner, set: Encoded[]): Tested {
  const outputs = learner.predict(set).map((of) => Float32Array.from(of));
  const wrong = set.filter(({ string }, i) => !right(outputs[i] as Float32Array, string)).length;
  const error = set.reduce((sum, { targets }, i) => sum + errorOf(outputs[i] as Float32Array, targets).mean, 0);
  return { wrong, tested: set.length, error: error / set.length };
}
