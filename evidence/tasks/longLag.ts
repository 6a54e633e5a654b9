/**
 * Experiment 2, long lags. 2a: two sequences, y a1 ... a(p-1) y and x a1 ... a(p-1) x, each with probability 1/2; at each step
 * predict the next symbol. 2b: the p - 1 symbols between are drawn at random from a1 ... a(p-1), so that nothing but the first
 * symbol can be known. One unit for each of the p + 1 symbols, in and out.
 *
 * Learned when of new sequences no error is 0.25 or more: in 2a of any output at any step, in 2b of any output at the last. In 2a
 * both sequences are all there are: it is tried after every 10. In 2b it is tried after 100 right sequences in a row, on 10,000.
 *
 * 2c: b, then x or y, then q random ones of p symbols; from then on each further step has another with probability 9/10, or e; and
 * at the last step, where the second symbol is to be told, the target is that for x or for y. Learned when no error of 10,000
 * successive sequences is 0.2 or more: sequences that are learned, their errors before.
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import { stoppedByStreak } from "../stop.js";
import { errorOf, randomOf, Symbols, type Task, testOn } from "../task.js";

/** Symbols a1..a(p-1) are 0..p-2, x is p-1, y is p. */
function between(p: number, first: number, middle: (t: number) => number, every: boolean): Symbols {
  const count = p + 1;
  const tokens = Int32Array.from({ length: p }, (_, t) => (t === 0 ? first : middle(t)));
  const targets = new Float32Array(every ? p * count : count);
  for (let t = 1; t < p; t++) if (every) targets[(t - 1) * count + (tokens[t] as number)] = 1;
  targets[targets.length - count + first] = 1;
  return new Symbols(tokens, targets, count);
}

export const drawLocal = (random: Random, p: number) => between(p, p - 1 + random.below(2), (t) => t - 1, true);

/** Of the symbols between, each is a random one with probability `share`. */
export const drawRandomBetween = (random: Random, p: number, share = 1) =>
  between(p, p - 1 + random.below(2), (t) => (random.uniform() < share ? random.below(p - 1) : t - 1), true);

export function noiseFree(p: number): Task {
  const EVERY = 10;
  const both = [p - 1, p].map((first) => between(p, first, (t) => t - 1, true));
  const isRight = ({ most }: { most: number }) => most < 0.25;
  const test = (learner: Parameters<typeof testOn>[0]) => testOn(learner, (i) => both[i] as Example, 2, isRight);
  return {
    features: p + 1,
    tokens: true,
    outputs: p + 1,
    output: "every",
    marks: ["learned"],
    begin(trial) {
      const random = randomOf(trial, 0);
      let learned = 0;
      return {
        next: () => both[random.below(2)] as Example,
        holds: (_, __, learner) => (++learned % EVERY === 0 && test(learner).wrong === 0 ? ["learned"] : []),
        test,
      };
    },
  };
}

/**
 * @param share of the symbols between that are random: 1 is 2b, 0 would be 2a by the last symbol alone
 * @param output "last": only the last symbol is to be told
 */
export function noRegularity(p: number, share = 1, output: "every" | "last" = "every"): Task {
  const [STREAK, TESTED] = [100, 10_000];
  const atEnd = (example: Example, outputs: ArrayLike<number>) => errorOf(outputs, example.targets.subarray(-(p + 1))).most < 0.25;
  return {
    features: p + 1,
    tokens: true,
    outputs: p + 1,
    output,
    marks: ["learned"],
    begin(trial) {
      const random = randomOf(trial, 0);
      let streak = 0;
      const endOf = ({ tokens, targets }: Symbols) => new Symbols(tokens, targets.subarray(-(p + 1)), p + 1);
      const test = (learner: Parameters<typeof testOn>[0], stream: number, most?: number) => {
        const draws = randomOf(trial, stream);
        const draw = () => endOf(drawRandomBetween(draws, p, share));
        return testOn(learner, draw, TESTED, ({ most }) => most < 0.25, most);
      };
      return {
        next: () => {
          const drawn = drawRandomBetween(random, p, share);
          return output === "last" ? endOf(drawn) : drawn;
        },
        holds(example, outputs, learner) {
          streak = atEnd(example, outputs) ? streak + 1 : 0;
          if (streak === 0 || streak % STREAK !== 0) return [];
          return test(learner, 2, 0).wrong === 0 ? ["learned"] : [];
        },
        test: (learner) => test(learner, 1),
      };
    },
  };
}

/** Distractors are 0..p-1, then e, b, x, y. */
export function drawDistracted(random: Random, q: number, p: number): Symbols {
  const [e, b, x] = [p, p + 1, p + 2];
  const which = random.below(2);
  const tokens = [b, x + which];
  for (let t = 0; t < q; t++) tokens.push(random.below(p));
  while (random.uniform() < 0.9) tokens.push(random.below(p));
  tokens.push(e);
  return new Symbols(Int32Array.from(tokens), Float32Array.of(1 - which, which), p + 4);
}

/** @param streak sequences right in a row */
export const distracted = (q: number, p: number, streak = 10_000): Task =>
  stoppedByStreak({
    features: p + 4,
    tokens: true,
    outputs: 2,
    draw: (random) => drawDistracted(random, q, p),
    isRight: ({ most }) => most < 0.2,
    streak,
    tested: 2560,
  });
