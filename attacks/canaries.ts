/** Random models run all kernels twice, plainly and between bands of NaN: no write passes a buffer's end, and the bits are equal. */

import { setFlagsFromString } from "node:v8";
import { Random } from "../src/core/random.js";
import {
  type AnySequence,
  createModel,
  createOnlineLearner,
  createTrainer,
  gradientFlow,
  type Inputs,
  type ModelConfig,
  resumeTrainer,
  type StepInput,
  type StepTarget,
  trace,
} from "../src/index.js";
import { Model } from "../src/model/model.js";
import { type Attack, PURPOSE } from "./attack.js";
import { Guard } from "./guard.js";
import { Draw, drawModel, drawSequences, drawTraining, needsWhole, type Outputs, type Training } from "./models.js";

const KERNELS = ["plain", "relaxed", "shared"] as const;

/** The results, piece by piece, with their names. */
type Results = [name: string, bytes: Buffer][];

/** The message of a training that diverges, which is no finding; any other error is thrown again. */
function refusal(error: unknown): string {
  if (!(error instanceof RangeError) || !/finite/.test(error.message)) throw error;
  return error.message;
}

/** @param check looks at the bands; called after each action */
async function work(
  draw: Draw,
  config: ModelConfig,
  outputs: Outputs,
  training: Training,
  kernels: (typeof KERNELS)[number],
  check: () => void,
): Promise<Results> {
  const results: Results = [];
  const add = (name: string, ...parts: ArrayBufferView[]) => {
    check();
    results.push([name, Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)))]);
  };
  const model = createModel(config, { kernels: kernels === "relaxed" ? "relaxed" : "plain" });
  if (kernels === "shared") Model.engine("model", model).share();
  const sequences = (count: number, longest: number) => drawSequences(draw, config, outputs, training.loss, count, longest);
  const whole = training.window === Infinity && needsWhole(config.layers);

  const trainer = createTrainer(model, training);
  const add2 = (name: string, work: () => number) => {
    try {
      add(name, Float64Array.of(work()));
    } catch (error) {
      add(name, Buffer.from(refusal(error)));
    }
  };
  for (let n = 0; n < 2; n++) {
    const batch = sequences(training.batch, draw.of([1, 4, 8]));
    add2(`step ${n}`, () => trainer.step(batch, { carry: !whole && n > 0 && draw.chance(0.5) }));
  }
  const losses: number[] = [];
  const many = sequences(draw.from(1, training.batch + 3), 9);
  try {
    for await (const { loss } of trainer.fit(many, { epochs: 2 })) losses.push(loss);
  } catch (error) {
    refusal(error);
  }
  add("fit", Float64Array.from(losses));
  const checkpoint = trainer.save();
  add("save", checkpoint);
  add2("evaluate", () => trainer.evaluate(many).loss);
  add("predict", ...model.predict(many).flatMap(arrays));
  add("averaged", ...Object.values(trainer.averaged()).map(({ data }) => data));
  const resumed = resumeTrainer(checkpoint);
  add2("resumed", () => resumed.rewind().step(many));

  if (whole) return results;
  const every = { ...config, output: "every" as const };
  const inputs = (count: number) =>
    stepsOf(config, (drawSequences(draw, every, outputs, training.loss, 1, count)[0] as AnySequence).inputs);
  const stream = model.stream();
  inputs(4).forEach((input, t) => {
    add(`stream, step ${t}`, ...arrays(stream.step(input)));
  });
  const streams = model.streams({ capacity: draw.from(1, 20) });
  const ids = Array.from({ length: streams.capacity }, () => streams.open());
  for (let n = 0; n < 2; n++) {
    const chosen = ids.filter(() => draw.chance(0.7));
    if (chosen.length > 0) add(`streams, step ${n}`, ...arrays(streams.step(chosen, chosen.flatMap(() => inputs(1)) as Inputs)));
  }
  const [sequence] = drawSequences(draw, config, outputs, training.loss, 1, 5) as [(typeof many)[number]];
  add("trace", ...trace(model, sequence).layers.flatMap((layer) => Object.values(layer).map(({ data }) => data)));
  if (!sequence.weights) add2("gradientFlow", () => gradientFlow(model, sequence, { loss: training.loss }).loss);
  const { loss, lossWeights, optimizer, accumulate = 1 } = training;
  const learner = (() => {
    try {
      return createOnlineLearner(model, { loss, ...(lossWeights && { lossWeights }), optimizer, accumulate });
    } catch {
      // Most models do not support it.
      return null;
    }
  })();
  for (let n = 0; learner && n < 4; n++) {
    const [{ inputs, targets }] = drawSequences(draw, every, outputs, loss, 1, 1) as [(typeof many)[number]];
    const [input] = stepsOf(config, inputs) as [StepInput];
    add2(`online, step ${n}`, () => arrays(learner.step(input, draw.chance(0.7) ? (targets as StepTarget) : undefined))[0]?.[0] as number);
  }
  if (learner) add("online", learner.save());
  return results;
}

/** The outputs of one head, or of several. */
const arrays = (outputs: unknown) => (outputs instanceof Float32Array ? [outputs] : Object.values(outputs as Record<string, Float32Array>));

/** The steps of a sequence, one by one. */
function stepsOf({ input }: ModelConfig, inputs: Inputs): StepInput[] {
  if ("tokens" in input) return Array.from(inputs as number[]);
  if ("columns" in input) {
    if (Array.isArray(inputs)) return inputs;
    const columns = Object.entries(inputs as Record<string, (number | string | null)[]>);
    return (columns[0] as (typeof columns)[0])[1].map((_, t) => Object.fromEntries(columns.map(([name, list]) => [name, list[t] ?? null])));
  }
  const flat = inputs as Float32Array;
  return Array.from({ length: flat.length / input.features }, (_, t) => flat.slice(t * input.features, (t + 1) * input.features));
}

export const canaries: Attack = {
  name: "canaries",
  promise: "no kernel reads or writes past its buffer",
  short: 60,
  full: 10_000,
  open(seed) {
    // In Node 20 this flag enables relaxed SIMD. src/core/compiled.ts takes this function as the sign of an engine that is fast at it.
    setFlagsFromString("--experimental-wasm-relaxed-simd");
    const tried = { plain: 0, relaxed: 0, shared: 0 };
    return {
      async attempt(n) {
        const draw = new Draw(new Random(seed, PURPOSE.canaries, 3 * n));
        const { config, outputs } = drawModel(draw);
        const training = drawTraining(draw, config, outputs);
        const kernels = draw.chance(0.7) ? "plain" : draw.of(KERNELS);
        // Both runs draw the same numbers.
        const run = (check: () => void) => {
          return work(new Draw(new Random(seed, PURPOSE.canaries, 3 * n + 1)), config, outputs, training, kernels, check);
        };
        const f16round = Object.getOwnPropertyDescriptor(Math, "f16round");
        if (kernels === "relaxed") Object.assign(Math, { f16round: Math.fround });
        const places = new Draw(new Random(seed, PURPOSE.canaries, 3 * n + 2));
        let guard: Guard | undefined;
        try {
          const expected = await run(() => {});
          guard = new Guard(() => places.from(1, 4));
          const got = await run(() => guard?.check());
          const differs = expected.findIndex(([, bytes], i) => !bytes.equals(got[i]?.[1] as Buffer));
          if (differs >= 0) throw new Error(`other results between the bands: ${expected[differs]?.[0]}`);
          tried[kernels]++;
        } catch (error) {
          throw new Error(`${error}\n${JSON.stringify({ config, training, kernels })}`, { cause: error });
        } finally {
          guard?.remove();
          if (f16round) Object.defineProperty(Math, "f16round", f16round);
          else Reflect.deleteProperty(Math, "f16round");
        }
      },
      note: () =>
        Object.entries(tried)
          .map(([kernels, count]) => `${kernels} ${count}`)
          .join(", "),
    };
  },
};
