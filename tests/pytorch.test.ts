import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Loss, ModelConfig, Optimizer } from "../src/index.js";
import { createModel, createTrainer } from "../src/index.js";
import { asTensors, relativeError } from "./helpers/cases.js";
import { type Example, Oracle, type Parameters } from "./helpers/oracle.js";

interface VectorCase extends ModelConfig {
  name: string;
  output: "every" | "last";
  loss: Loss | Loss["type"];
  optimizer: Optimizer;
  clipNorm?: number;
  clipValue?: number;
  parameters: Parameters;
  sequences: { inputs: (number | null)[]; targets: number[]; weights?: number[] }[];
  outputs: number[][];
  gradients: Record<string, number[]>;
  curve: number[];
}

/** Made by vectors/make.py and vectors/columns.py. */
const vectors: VectorCase[] = ["pytorch", "columns"].flatMap((name) =>
  JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), "utf8")),
);

describe.each(vectors.map((vector) => [vector.name, vector] as const))("PyTorch: %s", (_, vector) => {
  const { input, layers, output, loss, optimizer, clipNorm, clipValue, parameters, sequences } = vector;
  const model = createModel({ input, layers, output });
  const restart = () => model.setParameters(asTensors(parameters));
  const trainer = () => createTrainer(model, { loss, optimizer, ...(clipNorm && { clipNorm }), ...(clipValue && { clipValue }) });

  test("outputs within 1e-5", () => {
    restart();
    const outputs = model.predict(sequences);
    outputs.forEach((y, i) => y.forEach((value, k) => expect(Math.abs(value - vector.outputs[i]![k]!)).toBeLessThan(1e-5)));
    expect(outputs.map((y) => y.length)).toEqual(vector.outputs.map((y) => y.length));
  });

  test("every gradient within 1e-4 relative", () => {
    restart();
    const { gradients, loss: value } = createTrainer(model, { loss, optimizer }).gradients(sequences);
    expect(relativeError([value], [vector.curve[0]!])).toBeLessThan(1e-5);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(vector.gradients).sort());
    for (const [name, { data }] of Object.entries(gradients)) expect(relativeError(data, vector.gradients[name]!), name).toBeLessThan(1e-4);
  });

  test("the loss of ten steps within 1e-4", () => {
    restart();
    const run = trainer();
    const curve = vector.curve.map(() => run.step(sequences));
    curve.forEach((value, i) => expect(Math.abs(value - vector.curve[i]!), `step ${i}`).toBeLessThan(1e-4));
    expect(curve[9]).toBeLessThan(curve[0]!);
  });

  test("the oracle agrees", () => {
    const width = "features" in input ? input.features : "columns" in input ? Object.keys(input.columns).length : 0;
    const steps = output === "every" ? sequences[0]!.inputs.length / (width || 1) : 1;
    const per = sequences[0]!.targets.length / steps;
    const cut = (flat: number[], size: number) =>
      Array.from({ length: flat.length / size }, (_, i) => flat.slice(i * size, (i + 1) * size));
    const values = (given: (number | null)[]) => given.map((value) => value ?? NaN);
    const batch: Example[] = sequences.map(({ inputs: given, targets, ...weights }) => ({
      inputs: width ? cut(values(given), width) : values(given),
      targets: (typeof loss === "string" ? loss : loss.type) === "crossEntropy" ? targets : cut(targets, per),
      ...weights,
    }));
    const oracle = new Oracle({ input, layers, output }, parameters);
    expect(Math.abs(oracle.learn(batch, loss).loss - vector.curve[0]!)).toBeLessThan(1e-6);
    for (const [name, { data }] of Object.entries(oracle.gradients))
      expect(relativeError(data, vector.gradients[name]!), name).toBeLessThan(1e-5);
  });
});
