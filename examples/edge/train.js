/** Makes model.safetensors: a small model of words over nine letters. In your worker, a model that you bring. */

import { writeFileSync } from "node:fs";
import { adam, createModel, createTrainer, dense, embedding, lstm } from "memcell";

const ALPHABET = "abcdefgh ";
const TEXT = "bead cafe face deaf head fade badge cage hedge edge each beach ".repeat(40);

const tokens = Int32Array.from(TEXT, (letter) => ALPHABET.indexOf(letter));
const model = createModel({
  input: { tokens: ALPHABET.length },
  layers: [embedding({ units: 8 }), lstm({ units: 32 }), dense({ units: ALPHABET.length })],
  seed: 1,
});
const trainer = createTrainer(model, { loss: "crossEntropy", optimizer: adam({ learningRate: 0.01 }), window: 32, seed: 2 });
await trainer.fit([{ inputs: tokens.subarray(0, -1), targets: tokens.subarray(1) }], { epochs: 6 });
writeFileSync(new URL("model.safetensors", import.meta.url), model.save());
