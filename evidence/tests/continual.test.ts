/** The continual embedded Reber grammar: its streams, when they end, and who learns them. */

import { expect, test } from "vitest";
import type { Learner } from "../learner.js";
import { rowNamed } from "../rows.js";
import { randomOf } from "../task.js";
import { continualReber, Stream } from "../tasks/continual.js";
import { possible, SYMBOLS } from "../tasks/reber.js";
import { runTrial } from "../trial.js";

const symbolsOf = (units: Float32Array) => Array.from(SYMBOLS).filter((_, k) => units[k] === 1);

test("strings of the grammar follow each other, the targets are what may follow", () => {
  const stream = new Stream(randomOf(3, 0));
  const strings: string[] = [];
  const targets: string[][] = [];
  for (let n = 0; n < 5000; n++) {
    if (stream.step()) {
      strings.push("");
      targets.push([]);
    }
    const [symbol, ...others] = symbolsOf(stream.inputs);
    expect(others).toEqual([]);
    strings.push(`${strings.pop()}${symbol}`);
    targets.at(-1)!.push(symbolsOf(stream.targets).sort().join(""));
  }
  expect(stream.steps).toBe(5000);
  // The last one is cut off.
  strings.slice(0, -1).forEach((string, i) => {
    const next = possible(string).map((symbols) => Array.from(symbols).sort().join(""));
    expect(targets[i]).toEqual([...next, "B"]);
  });
});

test("a prediction is right if no output errs by 0.49; the first wrong one, or the last symbol, ends the stream", () => {
  const stream = new Stream(randomOf(3, 0), 4);
  const answer = (error: number, wrong = 3) => {
    stream.step();
    stream.judge(stream.targets.map((target, k) => Math.abs(target - (k === wrong ? error : 0))));
    return [stream.right, stream.over];
  };
  expect([0, 0.48, 0, 0.1].map((error) => answer(error))).toEqual([
    [1, false],
    [2, false],
    [3, false],
    [4, true],
  ]);
  const other = new Stream(randomOf(3, 0), 4);
  other.step();
  other.judge(other.targets.map((target, k) => Math.abs(target - (k === 6 ? 0.4901 : 0))));
  expect([other.right, other.over]).toEqual([0, true]);
});

/** Knows what follows for so many symbols of a stream. */
const knowing = (most: number) => ({
  predict: (streams: Stream[]) =>
    streams.map((stream) => {
      while (!stream.over) {
        stream.step();
        stream.judge(stream.right < most ? stream.targets : stream.targets.map((target) => 1 - target));
      }
      return stream.targets;
    }),
});

test.each([
  [1000, []],
  [1001, ["good"]],
  [Infinity, ["good", "learned"]],
])("%d right predictions: %j", (most, marks) => {
  const run = continualReber.begin(0);
  const learner = knowing(most) as unknown as Learner;
  const stream = run.next() as Stream;
  expect(run.holds(stream, [], learner)).toEqual([]);
  learner.predict([stream]);
  expect(run.holds(stream, [], learner)).toEqual(marks);
  expect(run.test(learner)).toEqual(
    most === Infinity ? { wrong: 0, tested: 10, error: 0 } : { wrong: 10, tested: 10, error: 1 / (most + 1) },
  );
});

test.each([
  ["continual-lstm97", false],
  ["continual-lstm", true],
])(
  "%s: %s",
  (name, solved) => {
    const run = runTrial(rowNamed(name), 0, 8000);
    let step = run.next();
    while (!step.done) step = run.next();
    expect(step.value.solved).toBe(solved);
    expect(step.value.wrong).toBe(solved ? 0 : 10);
  },
  180_000,
);
