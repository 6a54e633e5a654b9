import { adam, createModel, createTrainer, crossEntropy, dense, embedding, lstm } from "memcell";

const alphabet = "abc()[]{}<> ";
const tokensOf = (text: string) => Array.from(text, (letter) => alphabet.indexOf(letter));
const layers = [embedding({ units: 8 }), lstm({ units: 32, forgetBias: 1 }), dense({ units: alphabet.length })];

/** Words of a and b, the last letter of each a c, in brackets of four kinds, each closed by its own. */
function examples(seed: number, count: number): string {
  let state = seed;
  const below = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor((state / 2 ** 32 + 0.5) * n);
  };
  const word = () => `${Array.from({ length: 2 + below(4) }, () => "ab"[below(2)]).join("")}c`;
  return Array.from({ length: count }, () => ["()", "[]", "{}", "<>"][below(4)]!.split("").join(word())).join(" ");
}

const learned = new Map<string, ReturnType<typeof createModel>>();
function learn(seed: number, updates: number) {
  const model = createModel({ input: { tokens: alphabet.length }, layers, seed });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, seed });
  for (let update = 0; update < updates; update++) {
    const batch = Array.from({ length: 16 }, (_, i) => tokensOf(examples(seed + 16 * update + i, 6)).slice(0, 49));
    trainer.step(batch.map((tokens) => ({ inputs: tokens.slice(0, -1), targets: tokens.slice(1) })));
  }
  return model;
}

/**
 * For each character but the first: how likely the model held it, and how much each of those before it moved that: the norm of the
 * gradient of -ln p at the embedding of each.
 */
export function compute({ text, updates, seed }: { text: string; updates: number; seed: number }) {
  const key = `${seed} ${updates}`;
  if (!learned.has(key)) learned.set(key, learn(seed, updates));
  const parameters = learned.get(key)!.parameters();
  const tokens = tokensOf(text);

  // The same model with an embedding for each place of the text, so that each place has a gradient of its own.
  const places = createModel({ input: { tokens: tokens.length }, layers, seed });
  const table = parameters["embedding.weight"]!.data;
  const rows = Float32Array.from(tokens.flatMap((token) => Array.from(table.subarray(8 * token, 8 * token + 8))));
  places.setParameters({ ...parameters, "embedding.weight": { shape: [tokens.length, 8], data: rows } });
  const trainer = createTrainer(places, {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
    window: Number.POSITIVE_INFINITY,
  });

  return tokens.slice(1).map((_, t) => {
    const [inputs, targets] = [tokens.slice(0, t + 1).map((_, place) => place), tokens.slice(1, t + 2)];
    const { loss, gradients } = trainer.gradients([{ inputs, targets, weights: targets.map((_, place) => (place === t ? 1 : 0)) }]);
    const gradient = gradients["embedding.weight"]!.data as Float32Array;
    const moved = inputs.map((place) => Math.sqrt(gradient.subarray(8 * place, 8 * place + 8).reduce((sum, each) => sum + each * each, 0)));
    return { probability: Math.exp(-loss), moved };
  });
}
