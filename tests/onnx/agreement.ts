/** A random model in ONNX Runtime: a batch, a ragged one, with states, a stream. */

import type { TypedTensor } from "onnxruntime-web";
import { type OnnxOptions, toOnnx } from "../../src/onnx.js";
import { type Drawn, drawInputs } from "./models.js";
import { batched, difference, type Feeds, outputsOf, type Runtime } from "./runtime.js";

type Floats = TypedTensor<"float32">;
type Session = Awaited<ReturnType<Runtime["open"]>>;

/** The largest difference between memcell and the runtime. */
export async function agreement(drawn: Drawn, runtime: Runtime): Promise<number> {
  const { model, tokens, streams, random } = drawn;
  const batch = 1 + Math.floor(random.uniform() * 4);
  const longest = 1 + Math.floor(random.uniform() * 9);
  let worst = 0;
  const compare = async (options: OnnxOptions) => {
    const lengths = Array.from({ length: batch }, () => (options.lengths ? 1 + Math.floor(random.uniform() * longest) : longest));
    const sequences = lengths.map((length) => drawInputs(drawn, length));
    const session = await runtime.open(
      toOnnx(model, { ...options, ...(random.uniform() < 0.5 && { opset: 17 + Math.floor(random.uniform() * 5) }) }),
    );
    const states = statesOf(session).map(([name, dims]) => {
      const shape = dims.map((n) => n ?? batch);
      const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform() - 0.5);
      return { name, shape, data };
    });
    const feeds: Feeds = { [tokens ? "tokens" : "inputs"]: batched(runtime, sequences, tokens ? 1 : drawn.features, tokens > 0) };
    if (options.lengths) feeds.lengths = runtime.int32(lengths, [batch]);
    for (const { name, shape, data } of states) feeds[name] = runtime.floats(data, shape);
    const results = await session.run(feeds);
    // A state of two directions is two of memcell's.
    const begins = lengths.map(
      (_, b) => Object.assign({}, ...states.map((state) => named(state, state.data, b))) as Record<string, number[]>,
    );
    const own = model.predict(
      sequences.map((inputs, b) => ({ inputs, ...(states.length > 0 && { state: begins[b]! }) })),
      { states: true },
    );
    for (const [b, length] of lengths.entries()) {
      for (const [name, values] of byName(own[b]!.outputs))
        worst = Math.max(worst, difference(values, outputsOf(results[name] as Floats, b, length)));
      for (const state of states) {
        const ends = named(state, (results[`${state.name}_next`] as Floats).data, b);
        for (const [name, values] of Object.entries(ends)) worst = Math.max(worst, difference(own[b]!.state[name]!, values));
      }
    }
    await session.release();
  };
  await compare({});
  await compare({ lengths: true });
  // That of a projected layer is not projected: the stream shows that it goes on.
  if (!JSON.stringify(drawn.config).includes("projection")) await compare({ lengths: random.uniform() < 0.5, states: true });
  if (streams) worst = Math.max(worst, await streamed(drawn, runtime, longest));
  return worst;
}

/** Outputs of heads, or of a model without. */
const byName = (outputs: Float32Array | Record<string, Float32Array>): [string, Float32Array][] =>
  outputs instanceof Float32Array ? [["outputs", outputs]] : Object.entries(outputs);

/** The names of a file's states, and their dimensions; undefined for the batch. */
function statesOf(session: Session): [name: string, dims: (number | undefined)[]][] {
  return session.inputMetadata.flatMap((given) => {
    if (!given.isTensor || /^(inputs|tokens|lengths)$/.test(given.name)) return [];
    return [[given.name, given.shape.map((n) => (typeof n === "number" && n >= 0 ? n : undefined))]];
  });
}

/** The state [rows, B, units] of one sequence under memcell's names. */
function named({ name, shape: [rows = 1, B = 1, units = 1] }: { name: string; shape: number[] }, data: ArrayLike<number>, b: number) {
  const row = (r: number) => Array.from({ length: units }, (_, u) => data[(r * B + b) * units + u] as number);
  const all = Array.from({ length: rows }, (_, r) => row(r));
  return rows === 2 && /^[hc]/.test(name) ? { [name]: all[0]!, [`${name}_reverse`]: all[1]! } : { [name]: all.flat() };
}

/** A stream whose states go out and in, one or two steps at a time. */
async function streamed(drawn: Drawn, runtime: Runtime, longest: number): Promise<number> {
  const { model, features, tokens, random } = drawn;
  const per = tokens ? 1 : features;
  const session = await runtime.open(toOnnx(model, { states: true }));
  const zeros = statesOf(session).map(([name, given]) => {
    const dims = given.map((n) => n ?? 1);
    return [name, runtime.floats(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims)] as const;
  });
  let states: Feeds = Object.fromEntries(zeros);
  const stream = model.stream();
  let worst = 0;
  for (let t = 0; t < longest; t++) {
    const steps = 1 + Math.floor(random.uniform() * 2);
    const inputs = drawInputs(drawn, steps);
    const results = await session.run({ [tokens ? "tokens" : "inputs"]: batched(runtime, [inputs], per, tokens > 0), ...states });
    states = Object.fromEntries(zeros.map(([state]) => [state, results[`${state}_next`]!]));
    for (let s = 0; s < steps; s++) {
      const own = stream.step(tokens ? (inputs[s] as number) : inputs.slice(s * per, (s + 1) * per));
      for (const [name, values] of byName(own)) {
        const all = outputsOf(results[name] as Floats, 0, steps);
        const every = (results[name] as Floats).dims.length > 2;
        if (every || s === steps - 1)
          worst = Math.max(worst, difference(values, every ? all.slice(s * values.length).slice(0, values.length) : all));
      }
    }
  }
  await session.release();
  return worst;
}
