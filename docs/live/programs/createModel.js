import { createModel, dense, lstm } from "memcell";

const model = createModel({ input: { features: 3 }, layers: [lstm({ units: 64 }), dense({ units: 1 })], seed: 1 });
console.log(model.summary());
const [outputs] = model.predict([
  {
    inputs: [
      [0.1, 0.2, 0.3],
      [0.4, 0.5, 0.6],
    ],
  },
]);
console.log(outputs);
