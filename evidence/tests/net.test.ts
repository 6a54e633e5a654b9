/** The net of plain units: its gradient against central differences, its connections, its state. */

import { describe, expect, test } from "vitest";
import { halfSquares, Net, type Shape } from "../learners/net.js";
import { randomOf } from "../task.js";

const shapes: (Shape & { name: string })[] = [
  { name: "logistic, all connected", features: 3, hidden: 4, outputs: 2, squash: "logistic" },
  { name: "tanh, one input given", features: 3, hidden: 2, outputs: 1, squash: "tanh", given: 1 },
  {
    name: "no feedback from the outputs, no bias",
    features: 2,
    hidden: 3,
    outputs: 2,
    squash: "logistic",
    connected: (_, from) => from !== "bias" && (typeof from === "string" || from < 3),
  },
  { name: "no hidden unit", features: 2, hidden: 0, outputs: 2, squash: "tanh" },
];

describe.each(shapes)("$name", (shape) => {
  const steps = 5;
  const random = randomOf(0, 3);
  const uniform = (length: number) => Float32Array.from({ length }, () => 2 * random.uniform() - 1);
  const inputs = uniform(steps * shape.features);
  const targets = uniform(steps * shape.outputs);
  const net = new Net(shape);
  net.draw(random, 1);

  test("sends errors back along the gradient", () => {
    const { hidden, outputs } = shape;
    const out = net.run(inputs, "every");
    const gradient = new Float64Array(net.weights.length);
    const dy = new Float64Array(net.units);
    for (let t = steps; t > 0; t--) {
      for (let k = 0; k < outputs; k++) {
        const at = (t - 1) * outputs + k;
        dy[hidden + k]! += out[at]! - targets[at]!;
      }
      net.back(t, dy, gradient);
    }
    const cost = () => halfSquares(net.run(inputs, "every"), targets);
    for (const k of net.weights.keys()) {
      const kept = net.weights[k]!;
      const [above, below] = [1e-5, -1e-5].map((change) => {
        net.weights[k] = kept + change;
        return cost();
      }) as [number, number];
      net.weights[k] = kept;
      expect(gradient[k]).toBeCloseTo((above - below) / 2e-5, 8);
    }
    expect(Math.hypot(...gradient)).toBeGreaterThan(0.01);
  });

  test("begins each sequence from zero, and has no more weights than connections", () => {
    const first = net.run(inputs, "every");
    expect(net.run(inputs, "every")).toEqual(first);
    expect(net.run(inputs, "last")).toEqual(first.slice(-shape.outputs));
    const sources = ["input", ...Array.from({ length: net.units }, (_, i) => i), "bias"] as const;
    let count = 0;
    for (let to = 0; to < net.units; to++)
      for (const from of sources) if (shape.connected?.(to, from) ?? true) count += from === "input" ? net.inputs : 1;
    expect(net.weights.length).toBe(count);
  });
});

test("output units see the hidden units of the same step: parity by hand", () => {
  const net = new Net({ features: 1, hidden: 1, outputs: 1, squash: "logistic" });
  // Columns: the input, the hidden unit, the output unit, the bias; in each the weight to the hidden, then to the output unit.
  // The hidden unit is on if the input is 1 and the output was 1, the output unit if one of the two is and not both.
  net.weights.set([20, 20, 0, -80, 40, 40, -40, 0]);
  for (const text of ["1", "0", "1101", "111", "0010", "10000001"]) {
    const inputs = Float32Array.from(text, (bit) => 2 * Number(bit) - 1);
    expect(net.run(inputs, "last")[0]).toBeCloseTo([...text].filter((bit) => bit === "1").length % 2, 3);
  }
});
