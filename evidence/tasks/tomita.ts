/**
 * Tomita's grammars (Tomita 1982; Watrous & Kuhn 1992 and Giles et al. 1992, Neural Computation 4): is a string of zeros and ones
 * of the language?
 *
 *     1  1*                                  5  even numbers of zeros and of ones
 *     2  (10)*                               6  ones minus zeros a multiple of 3
 *     3  no odd run of zeros after an odd    7  0*1*0*1*
 *        run of ones
 *     4  no 000
 *
 * Grammar 3: "after" is anywhere later, not only next to it, as programs that are public have it (of medium confidence). Watrous &
 * Kuhn have of grammar 5 "an even number of 01 or 10 pairs": the same, for a string cut into pairs.
 *
 * The inputs are 0, 1, and the end of the string, after which the target is 1 for the strings of the language and 0 for others; so
 * the empty string is one of them. Both classes come with probability 1/2; within a class the lengths from 0 to `longest` that have
 * strings of it are as probable as each other, and so are the strings of a length. When a trial has learned: classes.ts.
 */

import type { Random } from "../random.js";
import { stoppedByStreak } from "../stop.js";
import { type Run, randomOf, Symbols, type Task, testOn } from "../task.js";

const END = 2;
const TESTED = 1000;

/** An automaton that begins in state 0. */
type Automaton = readonly { accepts: boolean; next: readonly number[] }[];

/** Of each state the two that 0 and 1 lead to; and those that accept. */
const automaton = (states: string, accepting: string): Automaton =>
  states.split(" ").map((next, state) => ({ accepts: accepting.includes(String(state)), next: Array.from(next, Number) }));

/** By their numbers. */
export const GRAMMARS = {
  1: automaton("10 11", "0"),
  2: automaton("21 02 22", "0"),
  3: automaton("01 20 34 23 44", "013"),
  4: automaton("10 20 30 33", "012"),
  5: automaton("21 30 03 12", "0"),
  6: automaton("21 02 10", "0"),
  7: automaton("01 21 23 43 44", "0123"),
};
export type Grammar = keyof typeof GRAMMARS;

const step = (automaton: Automaton, state: number, symbol: number) => automaton[state]!.next[symbol]!;

export function isOf(grammar: Grammar, symbols: ArrayLike<number>): boolean {
  const automaton = GRAMMARS[grammar];
  let state = 0;
  for (let t = 0; t < symbols.length; t++) state = step(automaton, state, symbols[t]!);
  return automaton[state]!.accepts;
}

/** How many strings of each length up to `longest` lead from each state to acceptance (or to refusal): [length][state]. */
function counts(automaton: Automaton, accepted: boolean, longest: number): number[][] {
  const all = [automaton.map(({ accepts }) => Number(accepts === accepted))];
  for (let n = 1; n <= longest; n++) all.push(automaton.map(({ next }) => all[n - 1]![next[0]!]! + all[n - 1]![next[1]!]!));
  return all;
}

/** Zeros and ones of a random string, and whether it is of the language. */
export function drawer(grammar: Grammar, longest: number): (random: Random) => { symbols: number[]; accepted: boolean } {
  const automaton = GRAMMARS[grammar];
  const classes = [false, true].map((accepted) => {
    const ways = counts(automaton, accepted, longest);
    return { accepted, ways, lengths: [...ways.keys()].filter((n) => ways[n]![0]! > 0) };
  });
  return (random) => {
    const { accepted, ways, lengths } = classes[random.below(2)]!;
    const symbols: number[] = [];
    let state = 0;
    for (let n = lengths[random.below(lengths.length)]!; n > 0; n--) {
      const ones = ways[n - 1]![step(automaton, state, 1)]!;
      const symbol = Number(random.uniform() * ways[n]![state]! < ones);
      symbols.push(symbol);
      state = step(automaton, state, symbol);
    }
    return { symbols, accepted };
  };
}

export interface Tomita {
  grammar: Grammar;
  /** Symbols of the longest string that is learned from; 10. */
  longest?: number;
  /** Of the longest string of the test at the end; as `longest`. */
  tested?: number;
}

export function tomita({ grammar, longest = 10, tested = longest }: Tomita): Task {
  const [draw, drawTest] = [longest, tested].map((longest) => {
    const draw = drawer(grammar, longest);
    return (random: Random) => {
      const { symbols, accepted } = draw(random);
      return new Symbols(Int32Array.from([...symbols, END]), Float32Array.of(Number(accepted)), 3);
    };
  }) as [(random: Random) => Symbols, (random: Random) => Symbols];
  const isRight = ({ most }: { most: number }) => most < 0.25;
  const task = stoppedByStreak({ features: 3, tokens: true, outputs: 1, draw, isRight, streak: 100, tested: TESTED });
  return {
    ...task,
    begin(trial) {
      const test: Run["test"] = (learner) => {
        const random = randomOf(trial, 1);
        return testOn(learner, () => drawTest(random), TESTED, isRight);
      };
      return { ...task.begin(trial), test };
    },
  };
}
