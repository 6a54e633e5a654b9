import { adam, createModel, createTrainer, ctc, dense, lstm } from "memcell";
import { greedyDecode } from "memcell/ctc";

// Two pulses, one up and one down, anywhere in 20 steps: which came first? No one says when.
const pulses = (first, second, sign) => Float32Array.from({ length: 20 }, (_, t) => (t === first ? sign : t === second ? -sign : 0));
const sequences = Array.from({ length: 40 }, (_, i) => {
  const sign = i % 2 ? 1 : -1;
  return { inputs: pulses(1 + (i % 7), 10 + (i % 9), sign), targets: sign > 0 ? [1, 2] : [2, 1] };
});
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 16 }), dense({ units: 3 })], seed: 1 });
const trainer = createTrainer(model, { loss: ctc({ blank: 0 }), optimizer: adam({ learningRate: 0.05 }) });
for (let update = 0; update < 300; update++) trainer.step(sequences);
for (const sign of [1, -1]) {
  const [outputs] = model.predict([{ inputs: pulses(4, 13, sign) }]);
  console.log(sign, greedyDecode(outputs, { classes: 3 }).labels);
}
