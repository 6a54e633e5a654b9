/** Tomita's grammars against their definitions in words, and what is drawn of them. */

import { describe, expect, test } from "vitest";
import { randomOf, type Symbols } from "../task.js";
import { drawer, type Grammar, isOf, tomita } from "../tasks/tomita.js";

const LONGEST = 11;
const STRINGS = Array.from({ length: LONGEST + 1 }, (_, n) =>
  Array.from({ length: 2 ** n }, (_, i) => (n > 0 ? i.toString(2).padStart(n, "0") : "")),
).flat();
const of = (grammar: Grammar, string: string) => isOf(grammar, Array.from(string, Number));
const number = (string: string, symbol: string) => string.split(symbol).length - 1;
const runs = (string: string) => string.match(/0+|1+/g) ?? [];
const odd = (run: string, symbol: string) => run[0] === symbol && run.length % 2 === 1;

const DEFINITIONS: [Grammar, (string: string) => boolean][] = [
  [1, (s) => !s.includes("0")],
  [2, (s) => s === "10".repeat(s.length / 2)],
  [
    3,
    (s) => {
      const first = runs(s).findIndex((run) => odd(run, "1"));
      return first < 0 || !runs(s).some((run, i) => i > first && odd(run, "0"));
    },
  ],
  [4, (s) => !s.includes("000")],
  [5, (s) => number(s, "0") % 2 === 0 && number(s, "1") % 2 === 0],
  [6, (s) => (number(s, "1") - number(s, "0")) % 3 === 0],
  [7, (s) => /^0*1*0*1*$/.test(s)],
];

describe.each(DEFINITIONS)("grammar %i", (grammar, belongs) => {
  test(`the automaton and the definition agree on all strings of up to ${LONGEST} symbols`, () => {
    for (const string of STRINGS) expect([string, of(grammar, string)]).toEqual([string, belongs(string)]);
  });

  test("both classes are as probable; in each the lengths that it has, and of a length all strings", () => {
    const random = randomOf(grammar, 5);
    const draw = drawer(grammar, 5);
    const found = new Map<string, number>();
    const DRAWS = 40_000;
    for (let i = 0; i < DRAWS; i++) {
      const { symbols, accepted } = draw(random);
      const string = symbols.join("");
      expect(accepted).toBe(belongs(string));
      found.set(string, (found.get(string) ?? 0) + 1);
    }
    const short = STRINGS.filter(({ length }) => length <= 5);
    for (const accepted of [true, false]) {
      const all = short.filter((string) => belongs(string) === accepted);
      const lengths = new Set(all.map(({ length }) => length)).size;
      for (const string of all) {
        const expected = DRAWS / 2 / lengths / all.filter(({ length }) => length === string.length).length;
        // Within five standard deviations.
        expect(Math.abs((found.get(string) ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected));
      }
    }
  });
});

test("grammar 5: of even length, with an even number of the pairs 01 and 10", () => {
  for (const string of STRINGS) {
    const pairs = string.match(/../g) ?? [];
    const unlike = pairs.filter((pair) => pair[0] !== pair[1]).length;
    expect(of(5, string)).toBe(string.length % 2 === 0 && unlike % 2 === 0);
  }
});

test("grammar 4: as many strings as the tribonacci numbers", () => {
  const count = (n: number) => STRINGS.filter((string) => string.length === n && of(4, string)).length;
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(count)).toEqual([1, 2, 4, 7, 13, 24, 44, 81]);
});

test("a string ends with its own symbol; those of the test may be longer", () => {
  const run = tomita({ grammar: 4, longest: 6, tested: 40 }).begin(0);
  const lengths = Array.from({ length: 500 }, () => {
    const { tokens, targets } = run.next() as Symbols;
    expect([...tokens.keys()].filter((t) => tokens[t] === 2)).toEqual([tokens.length - 1]);
    expect(targets[0]).toBe(Number(isOf(4, tokens.subarray(0, -1))));
    return tokens.length;
  });
  expect(Math.max(...lengths)).toBe(7);
  let longest = 0;
  const right = {
    predict: (examples: Symbols[]) =>
      examples.map(({ tokens, targets }) => {
        longest = Math.max(longest, tokens.length);
        return targets;
      }),
  };
  expect(run.test(right as never)).toEqual({ wrong: 0, tested: 1000, error: 0 });
  expect(longest).toBe(41);
});
