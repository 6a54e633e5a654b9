import { createModel, createTrainer, dense, gradientFlow, lstm, sgd, trace } from "memcell";

/** What is left of the gradient of the last step's error, where windows end it and under the rule of 1997. */
export function compute({
  window,
  stride,
  steps,
  forget,
  seed,
}: {
  window: number;
  stride: number;
  steps: number;
  forget: number;
  seed: number;
}) {
  let state = seed;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
  const inputs = Float32Array.from({ length: steps }, noise);
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 16, forgetBias: forget }), dense({ units: 1 })], seed });

  // Each window begins (window - stride) steps before the end of the last one, and learns the targets after that end.
  const step = Math.min(stride, window);
  const starts: number[] = [];
  for (let end = 0, start = 0; end < steps; ) {
    const next = Math.min(steps, start + window);
    for (let t = end; t < next; t++) starts[t] = start;
    end = next;
    start = end - (window - step);
  }

  // The gradient of the error of the last step alone, from the step `start` on, with the state that the steps before have left.
  const gradientFrom = (start: number, gradient: "full" | "truncated-1997") => {
    const stream = model.stream();
    for (const value of inputs.subarray(0, start)) stream.step([value]);
    const length = steps - start;
    const last = Float32Array.from({ length }, (_, t) => (t === length - 1 ? 1 : 0));
    const sequence = { inputs: inputs.subarray(start), targets: last, weights: last, ...(start > 0 && { state: stream.state() }) };
    const trainer = createTrainer(model, {
      loss: "mse",
      optimizer: sgd({ learningRate: 0.1 }),
      window: Number.POSITIVE_INFINITY,
      gradient,
    });
    return trainer.gradients([sequence]).gradients.weight_hh_l0!.data as Float32Array;
  };
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const whole = gradientFrom(0, "full");
  const beside = (gradient: Float32Array) => ({
    cosine: dot(gradient, whole) / Math.sqrt(dot(gradient, gradient) * dot(whole, whole)),
    length: Math.sqrt(dot(gradient, gradient) / dot(whole, whole)),
  });

  // The error of the last step on its way back through the cells, of 1 at the last step: the full one, and the rule's, which only the
  // forget gates shrink.
  const only = Float32Array.from({ length: steps }, (_, t) => Number(t === steps - 1));
  const { c: norms } = gradientFlow(model, { inputs, targets: only, weights: only }, { loss: "mse" }).layers[0]!;
  const full = Array.from(norms!, (norm) => norm / norms![steps - 1]!);
  const { c, f, o } = trace(model, { inputs }).layers[0]!;
  const error = Array.from(model.parameters()["dense.weight"]!.data, (weight, unit) => {
    const at = (steps - 1) * 16 + unit;
    return weight * o!.data[at]! * (1 - Math.tanh(c!.data[at]!) ** 2);
  });
  const carousel: number[] = [];
  for (let t = steps - 1; t >= 0; t--) {
    carousel.unshift(Math.hypot(...error));
    error.forEach((each, unit) => (error[unit] = each * f!.data[t * 16 + unit]!));
  }
  return {
    starts,
    flow: { full, rule: carousel.map((norm) => norm / carousel[steps - 1]!) },
    window: beside(gradientFrom(starts[steps - 1]!, "full")),
    rule: beside(gradientFrom(0, "truncated-1997")),
  };
}
