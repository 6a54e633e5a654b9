/** The Kalman filter against what it is known to compute. */

import { inverse, Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { createKalman, Filter } from "../learners/kalman.js";
import { randomOf } from "../task.js";

const random = randomOf(4, 0);
const normals = (length: number) => Float64Array.from({ length }, () => random.normal());
const expectClose = (found: ArrayLike<number>, expected: ArrayLike<number>) => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(found[i]).toBeCloseTo(expected[i]!, 9);
};

test("on a linear model with one group it is ridge regression, in whatever order", () => {
  const [n, P, R] = [4, 7, 0.3];
  const rows = Array.from({ length: 25 }, () => ({ x: normals(n), y: random.normal() }));
  const weights = new Float64Array(n);
  const filter = new Filter([[0, 1, 2, 3]], 1, P);
  for (const { x, y } of rows) {
    const answer = x.reduce((sum, value, i) => sum + value * weights[i]!, 0);
    filter.update(weights, x, 0, Float64Array.of(y - answer), R, 0);
  }
  const X = new Matrix(rows.map(({ x }) => Array.from(x)));
  const y = Matrix.columnVector(rows.map(({ y }) => y));
  const covariance = inverse(X.transpose().mmul(X).div(R).add(Matrix.eye(n).div(P)));
  expectClose(weights, covariance.mmul(X.transpose().mmul(y)).div(R).to1DArray());
  expectClose(filter.groups[0]!.P, covariance.to1DArray());
});

test("groups share A, and forget what they have to do with each other", () => {
  const [W, O, R, Q] = [5, 2, 0.8, 0.01];
  const groups = [
    [0, 3],
    [1, 2, 4],
  ];
  const filter = new Filter(groups, O, 2);
  const weights = normals(W);
  let P = Matrix.eye(W).mul(2);
  for (let t = 0; t < 3; t++) {
    const [before, H, xi] = [weights.slice(), normals(O * W), normals(O)];
    filter.update(weights, Float64Array.of(99, ...H), 1, xi, R, Q);
    const h = Matrix.from1DArray(O, W, Array.from(H));
    const K = P.mmul(h.transpose()).mmul(inverse(h.mmul(P).mmul(h.transpose()).add(Matrix.eye(O).mul(R))));
    expectClose(weights, Matrix.add(K.mmul(Matrix.columnVector(Array.from(xi))), Matrix.columnVector(Array.from(before))).to1DArray());
    const full = Matrix.sub(P, K.mmul(h).mmul(P)).add(Matrix.eye(W).mul(Q));
    P = Matrix.zeros(W, W);
    for (const group of groups) for (const i of group) for (const j of group) P.set(i, j, full.get(i, j));
    filter.groups.forEach(({ P: own }, g) => expectClose(own, P.selection(groups[g]!, groups[g]!).to1DArray()));
  }
});

describe.each(["unit", "all"] as const)("groups: %s", (groups) => {
  test("a step of learning towards the target, by what was seen before it", () => {
    const task = { features: 2, outputs: 1, output: "last" } as const;
    const example = { inputs: Float32Array.from(normals(2 * 5)), targets: Float32Array.of(0.9) };
    const learner = createKalman(task, 1, { groups, hidden: 2 });
    const errorNow = () => Math.abs(learner.predict([example])[0]![0]! - example.targets[0]!);
    const before = errorNow();
    expect(Math.abs(learner.learn(example)[0]! - example.targets[0]!)).toBe(before);
    expect(errorNow()).toBeLessThan(before);
  });
});
