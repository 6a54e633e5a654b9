import { adam, createModel, createTrainer, crossEntropy, dense, embedding, lstm } from "memcell";

// The next letter of a text that repeats itself.
const letters = "abc ";
const text = "abc aab ".repeat(20);
const tokens = Array.from(text, (letter) => letters.indexOf(letter));
const model = createModel({ input: { tokens: 4 }, layers: [embedding({ units: 4 }), lstm({ units: 16 }), dense({ units: 4 })], seed: 1 });
const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), window: 40 });
const sequence = { inputs: tokens.slice(0, -1), targets: tokens.slice(1) };
for (let update = 0; update <= 100; update++) {
  const loss = trainer.step([sequence]);
  if (update % 25 === 0) console.log(update, "nats a letter", loss.toFixed(4));
}
console.log(Array.from(model.generate([0], { length: 24, temperature: 0 }), (token) => letters[token]).join(""));
