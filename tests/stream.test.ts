import { describe, expect, test } from "vitest";
import { createModel, dense, dropout, embedding, lstm, type ModelConfig, textStream } from "../src/index.js";
import { CASES, examples, readsBack } from "./helpers/cases.js";

const every = CASES.filter(({ model }) => model.output === "every");

const back = ({ model }: (typeof CASES)[number]) => readsBack(model.layers);

describe.each(every.filter((entry) => !back(entry)).map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
  test("a stream, step by step and handed over half-way, gives what predict gives", () => {
    const model = createModel({ ...entry.model, seed: 3 });
    for (const { inputs } of examples(entry).slice(0, 4)) {
      let stream = model.stream();
      const stepped = inputs.flatMap((x, t) => {
        if (t === inputs.length >> 1) stream = model.stream().restore(structuredClone(stream.state()));
        return [...stream.step(x)];
      });
      // One row at a time uses the same lanes as a stream: the same bits.
      expect(stepped).toEqual([...model.predict([{ inputs: inputs as number[] }])[0]!]);
    }
  });
});

test.each(every.filter(back).map((entry) => [entry.name, entry] as const))("%s: has no streams", (_, entry) => {
  expect(() => createModel(entry.model).stream()).toThrow(/^a model with a (bidirectional|reverse) layer has no streams: it needs whole/);
});

const config: ModelConfig = {
  input: { features: 2 },
  layers: [lstm({ units: 5 }), dropout({ rate: 0.5 }), lstm({ units: 3 }), dense({ units: 2 })],
};
const inputs = Array.from({ length: 12 }, (_, t) => [Math.sin(t), Math.cos(3 * t)]);

describe("state", () => {
  const reference = createModel(config).stream();
  const model = createModel(config);
  const expected = run(reference, 0, 12);
  function run(stream: typeof reference, from: number, to: number) {
    return inputs.slice(from, to).map((x) => [...stream.step(x)]);
  }

  test("streams that take turns do not disturb each other", () => {
    const [a, b, c] = [model.stream(), model.stream(), model.stream()];
    const outputs: number[][][] = [[], [], []];
    for (const x of inputs) [a, b, c].forEach((stream, i) => (i < 2 || x === inputs[0]) && outputs[i]!.push([...stream.step(x)]));
    expect(outputs[0]).toEqual(expected);
    expect(outputs[1]).toEqual(expected);
    expect(run(c, 1, 12)).toEqual(expected.slice(1));
  });

  test("is a value: kept, restored elsewhere, cloned, unchanged by later steps", () => {
    const stream = model.stream();
    run(stream, 0, 5);
    const state = stream.state();
    const copy = structuredClone(state);
    expect(Object.fromEntries(Object.entries(state).map(([name, data]) => [name, data.length]))).toEqual({
      h_l0: 5,
      c_l0: 5,
      h_l1: 3,
      c_l1: 3,
    });
    expect(run(stream, 5, 12)).toEqual(expected.slice(5));
    expect(state).toEqual(copy);
    expect(run(model.stream().restore(state), 5, 12)).toEqual(expected.slice(5));
    expect(run(createModel(config).stream().restore(state), 5, 12)).toEqual(expected.slice(5));
    const other = model.stream();
    other.step(inputs[3]!);
    model.stream().step(inputs[4]!);
    expect(other.state()).not.toEqual(state);
    expect(run(stream.reset(), 0, 12)).toEqual(expected);
  });

  test("survives JSON as plain arrays", () => {
    const stream = model.stream();
    run(stream, 0, 4);
    const json = JSON.parse(JSON.stringify(Object.entries(stream.state()).map(([name, data]) => [name, [...data]])));
    expect(run(model.stream().restore(Object.fromEntries(json)), 4, 12)).toEqual(expected.slice(4));
  });
});

test("one feature may be a bare number; outputs may go into an array of the caller's", () => {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dense({ units: 2 })] });
  const out = new Float32Array(2);
  expect(model.stream().step(0.25, out)).toBe(out);
  expect(out).toEqual(model.stream().step([0.25]));
  expect(out).toEqual(model.stream().step(Float64Array.of(0.25)));
});

describe("generate", () => {
  const tokens = 12;
  const model = createModel({
    input: { tokens },
    layers: [embedding({ units: 5 }), lstm({ units: 9 }), dense({ units: tokens })],
    seed: 4,
  });
  // Logits far enough apart that the options show.
  const sharp = Object.fromEntries(
    Object.entries(model.parameters()).map(([name, { shape, data }]) => [name, { shape, data: data.map((w) => 6 * w) }]),
  );
  model.setParameters(sharp);
  const draw = (options: Parameters<typeof model.generate>[1]) => [...model.generate([3, 7, 1], options)];

  test("is reproducible: the same seed, the same tokens, on every engine", () => {
    expect(draw({ length: 40, seed: 9 })).toEqual(draw({ length: 40, seed: 9 }));
    expect(draw({ length: 40, seed: 9 })).not.toEqual(draw({ length: 40, seed: 10 }));
    expect(draw({})).toHaveLength(100);
  });

  /** Draws the first token many times. */
  function frequencies(options: Parameters<typeof model.generate>[1]) {
    const counts = new Array(tokens).fill(0);
    for (let seed = 0; seed < 4000; seed++) counts[draw({ ...options, length: 1, seed })[0]!]++;
    return counts.map((count) => count / 4000);
  }
  const last = model.predict([{ inputs: [3, 7, 1] }])[0]!.slice(-tokens);
  const softmax = (temperature: number) => {
    const powers = Array.from(last, (logit) => Math.exp(logit / temperature));
    return powers.map((power) => power / powers.reduce((a, b) => a + b));
  };

  test("draws with the softmax's probabilities, sharpened by the temperature", () => {
    for (const temperature of [1, 0.5, 2]) {
      frequencies({ temperature }).forEach((share, token) => expect(Math.abs(share - softmax(temperature)[token]!)).toBeLessThan(0.03));
    }
    const best = last.indexOf(Math.max(...last));
    expect(draw({ temperature: 0, length: 1 })).toEqual([best]);
    expect(draw({ temperature: 0, length: 20, seed: 1 })).toEqual(draw({ temperature: 0, length: 20, seed: 2 }));
    expect(draw({ topK: 1, length: 1, seed: 5 })).toEqual([best]);
  });

  test("topK and topP draw from the likeliest only, in proportion", () => {
    const p = softmax(1);
    const order = Array.from(p.keys()).sort((a, b) => p[b]! - p[a]!);
    const sums = order.map((_, n) => order.slice(0, n + 1).reduce((sum, token) => sum + p[token]!, 0));
    for (const [options, kept] of [
      [{ topK: 3 }, 3],
      [{ topP: (sums[3]! + sums[4]!) / 2 }, 5],
      [{ topK: 2, topP: (sums[3]! + sums[4]!) / 2 }, 2],
    ] as const) {
      const got = frequencies(options);
      order.forEach((token, n) => {
        const expected = n < kept ? p[token]! / sums[kept - 1]! : 0;
        if (expected === 0) expect(got[token]).toBe(0);
        else expect(Math.abs(got[token]! - expected)).toBeLessThan(0.03);
      });
    }
  });

  test("among equal probabilities the first are kept", () => {
    const equal = new Float32Array(tokens);
    const drawn = Array.from({ length: 50 }, (_, seed) => [...model.stream().generate(equal.slice(), { topK: 3, length: 1, seed })][0]!);
    expect(new Set(drawn)).toEqual(new Set([0, 1, 2]));
    expect([...model.stream().generate(equal.slice(), { temperature: 1e-40, length: 1 })]).toEqual([0]);
  });

  test("stops before a stop token, and a stream goes on from where it is", () => {
    const all = draw({ length: 60, seed: 2 });
    const stop = all[10]!;
    expect(draw({ length: 60, seed: 2, stop })).toEqual(all.slice(0, all.indexOf(stop)));
    expect(draw({ length: 60, seed: 2, stop: [stop] })).toEqual(all.slice(0, all.indexOf(stop)));
    const stream = model.stream();
    for (const token of [3, 7, 1]) stream.step(token);
    const logits = last.slice();
    const state = stream.state();
    expect([...stream.generate(logits, { length: 60, seed: 2 })]).toEqual(all);
    // Logits and state are those after the last token, also when the loop was left: it can go on.
    const greedy = [...model.generate([3, 7, 1], { length: 20, temperature: 0 })];
    const again = stream.restore(state);
    logits.set(last);
    const taken: number[] = [];
    for (const token of again.generate(logits, { length: 20, temperature: 0 })) if (taken.push(token) === 8) break;
    expect([...taken, ...again.generate(logits, { length: 12, temperature: 0 })]).toEqual(greedy);
  });
});

describe("streams of the web", () => {
  const readable = (inputs: number[][]) => {
    const left = [...inputs];
    return new ReadableStream<number[]>({
      pull: (controller) => (left.length > 0 ? controller.enqueue(left.shift() as number[]) : controller.close()),
    });
  };

  test("a transform makes a step of each input, and fails with what step throws", async () => {
    const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 3 })] });
    const [inputs, plain] = [
      [
        [1, 2],
        [3, 4],
        [-1, 0.5],
      ],
      model.stream(),
    ];
    const outputs: Float32Array[] = [];
    for await (const y of readable(inputs).pipeThrough(model.stream().transform())) outputs.push(y);
    expect(outputs).toEqual(inputs.map((x) => plain.step(x)));
    await expect(async () => {
      for await (const _ of readable([[1, 2], [3]]).pipeThrough(model.stream().transform()));
    }).rejects.toThrow('"input" expected 2 numbers');
  });

  test("tokens become text as they are read, and end where the reader leaves", async () => {
    const alphabet = ["a", "é", "漢", "🙂"];
    let [made, ended] = [0, false];
    function* tokens() {
      try {
        for (let i = 0; i < 40; i++) yield (made = i + 1) % 4;
      } finally {
        ended = true;
      }
    }
    const decode = (token: number) => alphabet[token]!;
    const text = await new Response(textStream(tokens(), decode)).text();
    expect(text).toBe("é漢🙂a".repeat(10));
    made = 0;
    ended = false;
    const reader = textStream(tokens(), decode).getReader();
    await new Promise((resolve) => setTimeout(resolve));
    expect(made).toBe(0);
    expect((await reader.read()).value).toEqual(new TextEncoder().encode("é"));
    expect(made).toBe(1);
    await reader.cancel();
    expect(ended).toBe(true);
    const wrong = textStream([1], () => {
      throw new Error("no such token");
    });
    await expect(wrong.getReader().read()).rejects.toThrow("no such token");
    expect(() => textStream([1], "abc" as never)).toThrow(TypeError);
  });
});
