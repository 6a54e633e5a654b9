/** EM on an input-output HMM against the sum over all paths, and the M-step of softmax state networks against counts. */

import { describe, expect, test } from "vitest";
import { createIohmm } from "../learners/iohmm.js";
import { createSoftmax, createTable } from "../learners/iohmmTransitions.js";
import { randomOf } from "../task.js";

const n = 3;
const features = 2;
const outputs = 2;
const variance = 0.3;
const range = 1;
/** Each input of the alphabet more than once. */
const inputs = Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0, 1, 0);
const steps = inputs.length / features;

/** All sequences of states of a length, after state 0. */
const paths = (length: number): number[][] =>
  length === 0 ? [[0]] : paths(length - 1).flatMap((path) => Array.from({ length: n }, (_, i) => [...path, i]));

describe.each(["every", "last"] as const)("targets at %s step", (output) => {
  const targets = Float32Array.from({ length: output === "last" ? outputs : steps * outputs }, (_, k) => Math.sin(k + 1));
  const task = { features, outputs, output };
  const seed = 4;

  test("one step of EM on tables is the one that the sum over all paths gives", () => {
    // The learner's own numbers: what it draws, in its order.
    const random = randomOf(seed, 0);
    const table = createTable(features, n, random, range);
    const mu = Array.from({ length: n * outputs }, () => random.uniform());
    table.meet(inputs);
    const phi = new Float64Array(n * n);
    const phiOf = (t: number) => {
      table.write(inputs, t * features, phi, 0);
      return phi.slice();
    };
    const phis = Array.from({ length: steps }, (_, t) => phiOf(t));
    const b = (i: number, t: number) => {
      const at = output === "last" ? (t === steps - 1 ? 0 : -1) : t * outputs;
      if (at < 0) return 1;
      let square = 0;
      for (let k = 0; k < outputs; k++) square += (targets[at + k]! - mu[i * outputs + k]!) ** 2;
      return Math.exp(-square / (2 * variance));
    };
    const counts = new Map<string, Float64Array>();
    const [g, gy] = [new Float64Array(n), new Float64Array(n * outputs)];
    let L = 0;
    const weighted = paths(steps).map((path) => {
      let p = 1;
      for (let t = 0; t < steps; t++) p *= phis[t]![path[t + 1]! * n + path[t]!]! * b(path[t + 1]!, t);
      L += p;
      return { path, p };
    });
    for (const { path, p } of weighted)
      for (let t = 0; t < steps; t++) {
        const key = inputs.subarray(t * features, (t + 1) * features).join();
        if (!counts.has(key)) counts.set(key, new Float64Array(n * n));
        counts.get(key)![path[t + 1]! * n + path[t]!]! += p / L;
        if (output === "last" && t < steps - 1) continue;
        g[path[t + 1]!]! += p / L;
        for (let k = 0; k < outputs; k++) gy[path[t + 1]! * outputs + k]! += (p / L) * targets[(output === "last" ? 0 : t * outputs) + k]!;
      }
    const learner = createIohmm(task, seed, { states: n, transitions: "table", variance, range, set: 1, rise: 0 });
    learner.learn({ inputs, targets });
    const answers = learner.predict([{ inputs }])[0]!;
    let state = Array.from({ length: n }, (_, i) => Number(i === 0));
    for (let t = 0; t < steps; t++) {
      const sums = counts.get(inputs.subarray(t * features, (t + 1) * features).join())!;
      state = state.map((_, i) =>
        state.reduce((sum, p, j) => {
          if (p === 0) return sum;
          let all = 0;
          for (let l = 0; l < n; l++) all += sums[l * n + j]!;
          return sum + (p * sums[i * n + j]!) / all;
        }, 0),
      );
      if (output === "last" && t < steps - 1) continue;
      for (let k = 0; k < outputs; k++) {
        const expected = state.reduce((sum, p, i) => sum + (p * gy[i * outputs + k]!) / g[i]!, 0);
        expect(answers[(output === "last" ? 0 : t * outputs) + k]).toBeCloseTo(expected, 10);
      }
    }
  });
});

test("softmax state networks on one-hot inputs come to what counts give", () => {
  const random = randomOf(1, 0);
  const table = createTable(features, n, random, range);
  const softmax = createSoftmax(features, n, random, range, 1, 3000);
  table.meet(inputs);
  for (let offset = 0; offset < inputs.length; offset += features) {
    const h = Float64Array.from({ length: n * n }, () => 0.1 + random.uniform());
    for (const transitions of [table, softmax]) transitions.add(inputs, offset, h);
  }
  const phis = [table, softmax].map((transitions) => {
    transitions.maximise();
    const phi = new Float64Array(2 * n * n);
    transitions.write(inputs, 0, phi, 0);
    transitions.write(inputs, features, phi, n * n);
    return phi;
  });
  phis[0]!.forEach((p, k) => expect(phis[1]![k]).toBeCloseTo(p, 4));
});

test("an input that no sequence had leaves the state as it is", () => {
  const table = createTable(1, 2, randomOf(0, 0), 1);
  const phi = new Float64Array(4);
  table.write(Float32Array.of(7), 0, phi, 0);
  expect([...phi]).toEqual([1, 0, 0, 1]);
});
