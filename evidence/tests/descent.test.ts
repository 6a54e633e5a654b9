/** Gradients of the rivals against central differences, and of BPTT and RTRL against each other. */

import { describe, expect, test } from "vitest";
import type { Example, Interface } from "../learner.js";
import { bptt } from "../learners/bptt.js";
import { type Descent, type Gradient, shapeOfDescent } from "../learners/descent.js";
import { createGamma, createTdnn } from "../learners/gamma.js";
import { createMozer } from "../learners/mozer.js";
import { createNarx } from "../learners/narx.js";
import { halfSquares, Net } from "../learners/net.js";
import { rtrl } from "../learners/rtrl.js";
import { createSecondOrder } from "../learners/secondOrder.js";
import { randomOf } from "../task.js";

const cases: [string, Interface, Descent][] = (["every", "last"] as const).flatMap((output) =>
  (["full", "1997"] as const).map((connections): [string, Interface, Descent] => [
    `${connections}, targets at ${output}`,
    { features: 3, outputs: 2, output },
    { hidden: 3, connections },
  ]),
);

describe.each(cases)("%s", (_, task, options) => {
  const random = randomOf(1, 0);
  const net = new Net(shapeOfDescent(task, options));
  net.draw(random, 1);
  const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());
  const example: Example = { inputs: numbers(3 * 7), targets: numbers(task.output === "every" ? 2 * 7 : 2) };
  const gradientOf = (method: (net: Net, task: Interface) => Gradient) => {
    const gradient = new Float64Array(net.weights.length);
    const outputs = method(net, task).differentiate(example, gradient);
    expect(Array.from(outputs)).toEqual(Array.from(net.run(example.inputs, task.output)));
    return gradient;
  };
  const throughTime = gradientOf((net, task) => bptt(net, task, Infinity));

  test("BPTT has the gradient of central differences", () => {
    const loss = () => halfSquares(net.run(example.inputs, task.output), example.targets);
    net.weights.forEach((weight, k) => {
      const at = (value: number) => {
        net.weights[k] = value;
        return loss();
      };
      const slope = (at(weight + 1e-5) - at(weight - 1e-5)) / 2e-5;
      net.weights[k] = weight;
      expect(throughTime[k]).toBeCloseTo(slope, 7);
    });
  });

  test("RTRL has BPTT's, to 1e-12", () => {
    gradientOf(rtrl).forEach((value, k) => expect(Math.abs(value - throughTime[k]!)).toBeLessThan(1e-12));
  });

  test("RTRL with a discount of d has what each step further back adds, times d", () => {
    const d = 0.7;
    const truncated = Array.from({ length: 8 }, (_, back) => gradientOf((net, task) => bptt(net, task, back)));
    gradientOf((net, task) => rtrl(net, task, d)).forEach((value, k) => {
      let expected = 0;
      for (let h = 1; h <= 7; h++) expected += d ** (h - 1) * (truncated[h]![k]! - truncated[h - 1]![k]!);
      expect(value).toBeCloseTo(expected, 12);
    });
  });

  test("as many steps back as there are is all of it, fewer is not", () => {
    const truncated = (back: number) => Array.from(gradientOf((net, task) => bptt(net, task, back)));
    truncated(7).forEach((value, k) => expect(value).toBeCloseTo(throughTime[k]!, 12));
    expect(truncated(2).some((value, k) => Math.abs(value - throughTime[k]!) > 1e-4)).toBe(true);
  });
});

describe.each(["every", "last"] as const)("targets at %s", (output) => {
  const task: Interface = { features: 3, outputs: 2, output };
  const random = randomOf(2, 0);
  const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());
  const example: Example = { inputs: numbers(3 * 7), targets: numbers(output === "every" ? 2 * 7 : 2) };

  test.each([
    ["second-order", () => createSecondOrder(task, 1, { rate: 0 })],
    ["NARX", () => createNarx(task, 1, { rate: 0, taps: 3, inputs: 1, range: 1 })],
    ["time constants", () => createMozer(task, 1, { rate: 0, range: 1 })],
    ["time delays", () => createTdnn(task, 1, { rate: 0, taps: 3, range: 1 })],
    ["gamma memory", () => createGamma(task, 1, { rate: 0, muRate: 0, taps: 3, range: 1 })],
  ])("%s: the gradient of central differences", (_, create) => {
    const learner = create();
    learner.learn(example);
    const gradient = Array.from(learner.gradient);
    const slopeOf = (set: (by: number) => void) => {
      const at = (by: number) => {
        set(by);
        const loss = halfSquares(learner.predict([example])[0]!, example.targets);
        set(-by);
        return loss;
      };
      return (at(1e-5) - at(-1e-5)) / 2e-5;
    };
    expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(1e-3);
    learner.parameters.forEach((_, k) => {
      const slope = slopeOf((by) => {
        learner.parameters[k]! += by;
      });
      expect(gradient[k]).toBeCloseTo(slope, 7);
    });
  });

  test("gamma memory: the slope of mu", () => {
    const learner = createGamma(task, 1, { rate: 0, muRate: 0, taps: 3, range: 1 });
    const at = (mu: number) => {
      learner.mu = mu;
      return halfSquares(learner.predict([example])[0]!, example.targets);
    };
    const slope = (at(0.5 + 1e-5) - at(0.5 - 1e-5)) / 2e-5;
    learner.mu = 0.5;
    learner.learn(example);
    expect(learner.muSlope()).toBeCloseTo(slope, 7);
  });
});
