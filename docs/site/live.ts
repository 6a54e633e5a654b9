/** The programs that the reference runs in the page: of docs/live/programs/ by the name that they show, and one for each factory. */

import { existsSync, readFileSync } from "node:fs";

const imports = (...names: string[]) => `import { ${[...new Set(names)].sort().join(", ")} } from "memcell";\n\n`;
const called = (code: string) => Array.from(code.matchAll(/\b([a-z]\w*)\(/g), ([, name]) => name as string);

/** A wave to learn, of which a step's target is the next value. */
const WAVE = `const wave = Float32Array.from({ length: 200 }, (_, t) => Math.sin(t / 4));
const sequence = { inputs: wave.subarray(0, -1), targets: wave.subarray(1) };
`;

/** A model, and what learning brings it to. */
function learned(options: string, units = 1, extra: string[] = []): string {
  const names = ["createModel", "createTrainer", "dense", "lstm", ...extra, ...called(options)];
  return `${imports(...names)}${WAVE}const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 16 }), dense({ units: ${units} })], seed: 1 });
const trainer = createTrainer(model, { ${options}, window: 50 });
for (let update = 0; update <= 100; update++) {
  const loss = trainer.step([sequence]);
  if (update % 25 === 0) console.log(update, loss.toFixed(5));
}`;
}

function summarised(call: string, { input = "{ features: 3 }", before = "", after = "dense({ units: 1 })" } = {}): string {
  const layers = [before, call, after].filter((each) => each !== "").join(", ");
  return `${imports("createModel", ...called(layers), ...called(input))}const model = createModel({
  input: ${input},
  layers: [${layers}],
});
console.log(model.summary());`;
}

/** Layers that cannot stand alone. */
const AROUND: Record<string, Parameters<typeof summarised>[1]> = {
  activation: { before: "dense({ units: 8 })" },
  dropout: { before: "lstm({ units: 16 })" },
  embedding: { input: "{ tokens: 50 }", after: "lstm({ units: 16 }), dense({ units: 50 })" },
  normalization: { before: "lstm({ units: 16 })" },
  pooling: { before: "lstm({ units: 16 })" },
};

const OPTIMIZERS = ["Adagrad", "Adam", "AdamW", "RmsProp", "Sgd"];
const SCHEDULES = ["Constant", "Cosine", "Exponential", "StepDecay"];
const INITIALIZERS = ["HeNormal", "HeUniform", "Normal", "Orthogonal", "Uniform", "XavierNormal", "XavierUniform"];
/** Outputs that a loss takes for each target. */
const OUTPUTS: Record<string, number> = { quantile: 3, gaussianNLL: 2 };
/** Losses whose targets are no numbers to come near to have programs of their own. */
const OWN = ["binaryCrossEntropy", "crossEntropy", "ctc"];

/** @param call the factory's example, such as `lstm({ units: 64 })` @param made the interface of what it makes */
function ofFactory(name: string, call: string, made: string): string | undefined {
  if (made.endsWith("Layer")) return summarised(call, AROUND[name]);
  if (made.endsWith("Loss") && !OWN.includes(name))
    return learned(`loss: ${call}, optimizer: adam({ learningRate: 0.01 })`, OUTPUTS[name] ?? 1);
  if (OPTIMIZERS.includes(made)) return learned(`loss: "mse", optimizer: ${call}`);
  if (SCHEDULES.includes(made))
    return `${imports("createModel", "createTrainer", "dense", "lstm", "sgd", ...called(call))}const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 2 }), dense({ units: 1 })] });
const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), schedule: ${call} });
const sequences = [{ inputs: [0], targets: [1] }];
for await (const { updates, learningRate } of trainer.fit(sequences, { epochs: 4000 })) if (updates % 400 === 1) console.log(updates, learningRate);`;
  if (made.endsWith("Column")) return summarised("lstm({ units: 16 })", { input: `{ columns: { it: ${call} } }` });
  if (INITIALIZERS.includes(made))
    return `${imports("createModel", "dense", "lstm", ...called(call))}const model = createModel({
  input: { features: 4 },
  layers: [lstm({ units: 16, initial: { weights: ${call} } }), dense({ units: 1 })],
  seed: 1,
});
const { data } = model.parameters().weight_ih_l0;
const mean = data.reduce((sum, each) => sum + each, 0) / data.length;
const deviation = Math.sqrt(data.reduce((sum, each) => sum + (each - mean) ** 2, 0) / data.length);
console.log("mean", mean.toFixed(4), "deviation", deviation.toFixed(4), "largest", Math.max(...data).toFixed(4));`;
  return undefined;
}

/** @param folder docs/live/programs */
export function liveOf(folder: string, name: string, example: string, made: string): string | undefined {
  const file = `${folder}/${name}.js`;
  if (existsSync(file)) return readFileSync(file, "utf8").trimEnd();
  const call = new RegExp(`\\b${name}\\((?:[^()]|\\([^()]*\\))*\\)`).exec(example)?.[0];
  return call && ofFactory(name, call, made);
}
