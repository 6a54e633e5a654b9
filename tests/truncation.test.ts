/** Truncated BPTT: what a window sees, what is carried, and that neither company nor padding changes anything. */

import { describe, expect, test } from "vitest";
import type { Sequence, Series, Trainer, TrainerOptions } from "../src/index.js";
import { createModel, createTrainer, dense, lstm, resumeTrainer, rnn, sgd } from "../src/index.js";
import { asSequences, asTensors, CASES, type Case, examples, randomParameters, readsBack, relativeError } from "./helpers/cases.js";
import { Oracle, type Parameters } from "./helpers/oracle.js";

const entry: Case = {
  name: "",
  model: { input: { features: 2 }, layers: [lstm({ units: 5 }), lstm({ units: 6 }), dense({ units: 3 })], output: "every" },
  loss: "mse",
  lengths: [11, 23, 7, 16, 1, 12, 20, 9, 5, 10, 23],
};
const model = createModel(entry.model);
const initial = randomParameters(model.parameters());
const batch = examples(entry);
const restart = () => model.setParameters(asTensors(initial));
const rate = 0.3;
const trainerFor = (options: Partial<TrainerOptions>) =>
  createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: rate }), shuffle: false, ...options });

async function epoch(trainer: Trainer, sequences: Sequence[]): Promise<number> {
  for await (const { loss } of trainer.fit(sequences)) return loss;
  return NaN;
}

/**
 * The same in double precision: rows, as many as share the sequences evenly, take them in turn, every window is an update, state
 * is carried, gradients are not.
 * A window repeats what it can of the steps before; their targets are what comes out, so that they add nothing.
 */
function oracleEpoch(window: number, most: number, stride: number) {
  const rowsAtOnce = Math.ceil(batch.length / Math.ceil(batch.length / most));
  const parameters: Parameters = structuredClone(initial) as Parameters;
  const queue = [...batch];
  const fresh = () => new Oracle(entry.model, parameters);
  type States = ReturnType<Oracle["initialStates"]>;
  // Learned up to `at`; the window begins at `from`, in `states`.
  const rows: ({ from: number; at: number; example: (typeof batch)[number]; states: States } | null)[] = new Array(rowsAtOnce).fill(null);
  let total = 0;
  let targets = 0;
  let updates = 0;
  for (;;) {
    rows.forEach((row, i) => {
      const example = row === null ? queue.shift() : undefined;
      if (example) rows[i] = { from: 0, at: 0, example, states: fresh().initialStates() };
    });
    const live = rows.filter((row) => row !== null);
    if (live.length === 0) break;
    const oracle = fresh();
    const pieces = live.map(({ from, at, example, states }) => {
      const inputs = example.inputs.slice(from, at + stride);
      const { outputs } = oracle.run(inputs, structuredClone(states));
      return { inputs, targets: [...outputs.slice(0, at - from), ...example.targets.slice(at, at + stride)] };
    });
    const { loss } = oracle.learn(
      pieces,
      "mse",
      live.map(({ states }) => structuredClone(states)),
    );
    const steps = pieces.reduce((sum, { inputs }) => sum + inputs.length, 0);
    const count = live.reduce((sum, { at, example }) => sum + Math.min(stride, example.inputs.length - at), 0);
    total += loss * steps;
    targets += count;
    updates++;
    rows.forEach((row, i) => {
      if (!row) return;
      const { from, at, example, states } = row;
      row.at = at + stride;
      row.from = window === stride ? row.at : Math.max(0, row.at - (window - stride));
      oracle.run(example.inputs.slice(from, row.from), states);
      if (row.at >= example.inputs.length) rows[i] = null;
    });
    for (const [name, { data }] of Object.entries(oracle.gradients)) {
      data.forEach((d, i) => (parameters[name]!.data[i]! -= rate * d * (steps / count)));
    }
  }
  return { loss: total / targets, targets, updates, parameters };
}

describe.each([
  [1, 3, 1],
  [4, 1, 4],
  [4, 4, 4],
  [5, 8, 5],
  [7, 16, 7],
  [16, 11, 16],
  [Infinity, 11, Infinity],
  [4, 1, 1],
  [5, 4, 3],
  [7, 8, 2],
  [16, 3, 15],
  [Infinity, 6, 5],
])("window %d, %d rows, stride %d", (window, rows, stride) => {
  test("a whole epoch, with rows that end and take the next sequence, is the oracle's", async () => {
    restart();
    const trainer = trainerFor({ window, batch: rows, ...(stride !== window && { stride }) });
    const expected = oracleEpoch(window, rows, stride);
    for await (const { loss, steps, totalSteps } of trainer.fit(asSequences(batch))) {
      expect(relativeError([loss], [expected.loss])).toBeLessThan(1e-5);
      expect([steps, totalSteps]).toEqual([expected.targets, expected.targets]);
    }
    expect(trainer.updates).toBe(expected.updates);
    for (const [name, { data }] of Object.entries(model.parameters())) {
      expect(relativeError(data, expected.parameters[name]!.data), name).toBeLessThan(2e-5);
    }
  });
});

// Without learning, the loss says whether every window began in the right state.
const random = ["rate", "zoneout", "cellZoneout", "recurrentDropout"];
const steady = CASES.filter(
  ({ model: { layers, output }, loss }) =>
    output === "every" &&
    !readsBack(layers) &&
    !(typeof loss === "object" && loss.type === "ctc") &&
    !layers.some((layer) => random.some((name) => name in layer)),
);
test.each(steady.map((entry) => [entry.name, entry] as const))("windows that overlap begin in the right state: %s", async (_, entry) => {
  const one = createModel(entry.model);
  one.setParameters(asTensors(randomParameters(one.parameters())));
  const options = { loss: entry.loss, optimizer: sgd({ learningRate: 1e-30 }), batch: 7 };
  const sequences = asSequences(examples(entry));
  const loss = await epoch(createTrainer(one, { ...options, window: 4, stride: 2 }), sequences);
  expect(relativeError([loss], [one.evaluate(sequences, { loss: entry.loss }).loss])).toBeLessThan(1e-5);
});

const cut = (n: number, from: number, to: number) => ({
  inputs: (asSequences(batch)[n]!.inputs as number[][]).slice(from, to),
  targets: (asSequences(batch)[n]!.targets as number[][]).slice(from, to),
});

test("no gradient passes a window's edge, and state does", () => {
  restart();
  // So small a rate that the step, which leaves the state to carry, changes nothing.
  const trainer = trainerFor({ optimizer: sgd({ learningRate: 1e-30 }) });
  const first = trainer.gradients([cut(1, 0, 6)]);
  trainer.step([cut(1, 0, 6)]);
  const second = trainer.gradients([cut(1, 6, 23)], { carry: true });
  const alone = trainer.gradients([cut(1, 6, 23)]);
  const whole = trainer.gradients([cut(1, 0, 23)]);
  // The loss is the same as in one run, for the state was carried; the gradient is not, for it was cut.
  expect(relativeError([6 * first.loss + 17 * second.loss], [23 * whole.loss])).toBeLessThan(1e-5);
  expect(relativeError([second.loss], [alone.loss])).toBeGreaterThan(1e-3);
  const name = "weight_hh_l0";
  const pieces = first.gradients[name]!.data.map((d, i) => (6 * d + 17 * second.gradients[name]!.data[i]!) / 23);
  expect(relativeError(pieces, whole.gradients[name]!.data)).toBeGreaterThan(1e-3);
  // Looking at gradients disturbs nothing: the same again.
  expect(trainer.gradients([cut(1, 6, 23)], { carry: true })).toEqual(second);
});

test.each([2, 7])("%d rows whose pieces differ in length carry each its own state, also through a checkpoint", (rows) => {
  restart();
  const trainer = trainerFor({ optimizer: sgd({ learningRate: 1e-30 }) });
  const all = [1, 3, 5, 6, 10, 0, 7].slice(0, rows);
  const at = all.map((_, i) => 1 + ((i * 3) % 5));
  trainer.step(all.map((n, i) => cut(n, 0, at[i]!)));
  const rest = all.map((n, i) => cut(n, at[i]!, 9));
  const expected = all.map((n, i) => {
    const whole = trainer.gradients([cut(n, 0, 9)]).loss * 9;
    return whole - trainer.gradients([cut(n, 0, at[i]!)]).loss * at[i]!;
  });
  const targets = at.reduce((sum, steps) => sum + 9 - steps, 0);
  const mean = expected.reduce((a, b) => a + b) / targets;
  expect(relativeError([resumeTrainer(trainer.save()).step(rest, { carry: true })], [mean])).toBeLessThan(1e-5);
  expect(relativeError([trainer.step(rest, { carry: true })], [mean])).toBeLessThan(1e-5);
});

test.each([3, 7])("of %d rows each goes on or begins anew as it is told", (rows) => {
  restart();
  const trainer = trainerFor({ optimizer: sgd({ learningRate: 1e-30 }) });
  const all = [1, 3, 5, 6, 10, 0, 9].slice(0, rows);
  const carry = all.map((_, i) => i % 2 === 0);
  const at = all.map((_, i) => 1 + ((i * 3) % 5));
  trainer.step(all.map((n, i) => cut(n, 0, at[i]!)));
  const rest = all.map((n, i) => cut(n, at[i]!, 9));
  const sums = (pieces: Sequence<Series>[]) => pieces.map((piece) => trainer.gradients([piece]).loss * piece.inputs.length);
  const [whole, first, alone] = [sums(all.map((n) => cut(n, 0, 9))), sums(all.map((n, i) => cut(n, 0, at[i]!))), sums(rest)];
  const total = all.reduce((sum, _, i) => sum + (carry[i] ? whole[i]! - first[i]! : alone[i]!), 0);
  const mean = total / rest.reduce((sum, { inputs }) => sum + inputs.length, 0);
  expect(relativeError([trainer.gradients(rest, { carry }).loss], [mean])).toBeLessThan(1e-5);
  expect(relativeError([resumeTrainer(trainer.save()).step(rest, { carry })], [mean])).toBeLessThan(1e-5);
  expect(relativeError([trainer.step(rest, { carry })], [mean])).toBeLessThan(1e-5);
  // What began anew has a state to carry now.
  const last = sums(all.map((n, i) => cut(n, carry[i] ? 0 : at[i]!, 10)));
  const expected = last.reduce((sum, loss, i) => sum + loss - (carry[i] ? whole[i]! : alone[i]!), 0) / rows;
  const next = all.map((n) => cut(n, 9, 10));
  expect(relativeError([trainer.step(next, { carry: true })], [expected])).toBeLessThan(1e-4);
});

test("a sequence's gradient does not depend on its company, nor on how long the others are", () => {
  restart();
  const trainer = trainerFor({});
  const sequences = asSequences(batch);
  const together = trainer.gradients(sequences);
  const lengths = sequences.map(({ inputs }) => inputs.length);
  const total = lengths.reduce((a, b) => a + b, 0);
  const alone = sequences.map((sequence) => trainer.gradients([sequence]));
  for (const name of Object.keys(together.gradients)) {
    const expected = Array.from(together.gradients[name]!.data, (_, i) =>
      alone.reduce((sum, { gradients }, n) => sum + (gradients[name]!.data[i]! * lengths[n]!) / total, 0),
    );
    expect(relativeError(together.gradients[name]!.data, expected), name).toBeLessThan(1e-5);
  }
});

test.each(["mse", "crossEntropy"] as const)("a row that would overflow in its padding changes nothing: %s", (loss) => {
  const explosive = createModel({ input: { features: 1 }, layers: [rnn({ units: 3, activation: "relu" }), dense({ units: 2 })], seed: 1 });
  const { weight_hh_l0, weight_ih_l0 } = explosive.parameters();
  explosive.setParameters({
    weight_hh_l0: { ...weight_hh_l0!, data: weight_hh_l0!.data.fill(4) },
    weight_ih_l0: { ...weight_ih_l0!, data: weight_ih_l0!.data.fill(1) },
    bias_ih_l0: { shape: [3], data: new Float32Array(3) },
    bias_hh_l0: { shape: [3], data: new Float32Array(3) },
  });
  const targets = (steps: number) => (loss === "mse" ? new Float32Array(2 * steps).fill(1) : new Uint8Array(steps));
  const [short, long] = [1, 200].map((steps) => ({ inputs: new Float32Array(steps).fill(steps === 1 ? 1 : -1), targets: targets(steps) }));
  for (const rows of [2, 7]) {
    const trainer = createTrainer(explosive, { loss, optimizer: sgd({ learningRate: 0.1 }) });
    const others = Array.from({ length: rows - 1 }, () => long!);
    const together = trainer.gradients([short!, ...others]);
    const [one, rest] = [trainer.gradients([short!]), trainer.gradients(others)];
    const steps = 200 * (rows - 1);
    expect(relativeError([together.loss], [(one.loss + steps * rest.loss) / (steps + 1)])).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(together.gradients)) {
      const expected = data.map((_, i) => (one.gradients[name]!.data[i]! + steps * rest.gradients[name]!.data[i]!) / (steps + 1));
      expect(relativeError(data, expected), name).toBeLessThan(1e-4);
    }
  }
});

test("with the target at the last step, the last window is whole; those before carry the state and make no update", async () => {
  const last = createModel({ ...entry.model, output: "last" });
  last.setParameters(asTensors(initial));
  const sequences = batch.map(({ inputs, targets }) => ({ inputs, targets: targets.slice(-1) })) as Sequence[];
  const [whole, windowed] = [Infinity, 4].map((window) => {
    const trainer = createTrainer(last, { loss: "mse", optimizer: sgd({ learningRate: 1e-12 }), window, batch: 11, shuffle: false });
    return { trainer, loss: epoch(trainer, sequences) };
  });
  expect(relativeError([await windowed!.loss], [await whole!.loss])).toBeLessThan(1e-5);
  expect(whole!.trainer.updates).toBe(1);
  // 11 lengths from 1 to 23 end in all of the 6 windows of 4.
  expect(windowed!.trainer.updates).toBe(6);

  // One sequence of 9 in windows of 4: 1, 4 and 4 steps. The update is that of the last 4 from the state after 5.
  const one = sequences[7]!;
  const step = async (window: number) => {
    last.setParameters(asTensors(initial));
    const trainer = createTrainer(last, { loss: "mse", optimizer: sgd({ learningRate: rate }), window });
    await epoch(trainer, [one]);
    return last.parameters().weight_hh_l0!.data;
  };
  const oracle = new Oracle({ ...entry.model, output: "last" }, initial);
  const states = oracle.initialStates();
  oracle.run(batch[7]!.inputs.slice(0, 5), states);
  oracle.learn([{ inputs: batch[7]!.inputs.slice(5), targets: batch[7]!.targets.slice(-1) }], "mse", [states]);
  const expected = initial.weight_hh_l0!.data.map((w, i) => w - rate * oracle.gradients.weight_hh_l0!.data[i]!);
  expect(relativeError(await step(4), expected)).toBeLessThan(1e-5);
  expect(relativeError(await step(5), expected)).toBeGreaterThan(1e-4);
});
