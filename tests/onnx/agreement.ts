/** A random model in ONNX Runtime: a batch, a ragged batch, a stream. */

import type { TypedTensor } from "onnxruntime-web";
import { toOnnx } from "../../src/onnx.js";
import { type Drawn, drawInputs } from "./models.js";
import { batched, difference, type Feeds, outputsOf, type Runtime } from "./runtime.js";

type Floats = TypedTensor<"float32">;

/** The largest difference between memcell and the runtime. */
export async function agreement(drawn: Drawn, runtime: Runtime): Promise<number> {
  const { model, features, tokens, streams, poolsAll, random } = drawn;
  const per = tokens ? 1 : features;
  const name = tokens ? "tokens" : "inputs";
  const batch = 1 + Math.floor(random.uniform() * 4);
  const longest = 1 + Math.floor(random.uniform() * 9);
  let worst = 0;
  const compare = async (ragged: boolean) => {
    const lengths = Array.from({ length: batch }, () => (ragged ? 1 + Math.floor(random.uniform() * longest) : longest));
    const sequences = lengths.map((length) => drawInputs(drawn, length));
    const session = await runtime.open(toOnnx(model, ragged ? { lengths: true } : {}));
    const feeds: Feeds = { [name]: batched(runtime, sequences, per, tokens > 0) };
    if (ragged) feeds.lengths = runtime.int32(lengths, [batch]);
    const { outputs } = await session.run(feeds);
    const own = model.predict(sequences.map((inputs) => ({ inputs })));
    for (const [b, length] of lengths.entries()) {
      worst = Math.max(worst, difference(own[b]!, outputsOf(outputs as Floats, b, length)));
    }
    await session.release();
  };
  await compare(false);
  if (!poolsAll) await compare(true);
  if (streams) worst = Math.max(worst, await streamed(drawn, runtime, name, per, longest));
  return worst;
}

/** A stream whose states go out and in, one or two steps at a time. */
async function streamed(drawn: Drawn, runtime: Runtime, name: string, per: number, longest: number): Promise<number> {
  const { model, tokens, random } = drawn;
  const session = await runtime.open(toOnnx(model, { states: true }));
  const zeros = session.inputMetadata.flatMap((given) => {
    if (!given.isTensor || given.name === name) return [];
    const dims = given.shape.map((n) => (typeof n === "number" ? n : 1));
    const count = dims.reduce((a, b) => a * b, 1);
    return [[given.name, runtime.floats(new Float32Array(count), dims)] as const];
  });
  let states: Feeds = Object.fromEntries(zeros);
  const stream = model.stream();
  let worst = 0;
  for (let t = 0; t < longest; t++) {
    const steps = 1 + Math.floor(random.uniform() * 2);
    const inputs = drawInputs(drawn, steps);
    const results = await session.run({ [name]: batched(runtime, [inputs], per, tokens > 0), ...states });
    states = Object.fromEntries(zeros.map(([state]) => [state, results[`${state}_next`]!]));
    const every = Array.from({ length: steps }, (_, s) => [
      ...stream.step(tokens ? (inputs[s] as number) : inputs.slice(s * per, (s + 1) * per)),
    ]);
    const own = (results.outputs as Floats).dims.length > 2 ? every.flat() : every.at(-1)!;
    worst = Math.max(worst, difference(own, outputsOf(results.outputs as Floats, 0, steps)));
  }
  await session.release();
  return worst;
}
