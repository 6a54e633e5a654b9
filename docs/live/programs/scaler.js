import { createModel, dense, lstm, scaler } from "memcell";

// Hours of temperature and pressure, in their own units.
const log = Array.from({ length: 100 }, (_, t) => [20 + 5 * Math.sin(t / 12), 1013 + 3 * Math.cos(t / 30)]);
const scale = scaler(log);
console.log(scale);
const model = createModel({
  input: { features: 2 },
  layers: [lstm({ units: 16 }), dense({ units: 2 })],
  scaler: { inputs: scale, targets: scale },
  seed: 1,
});
// Inputs and outputs of the model are in these units as well.
const [outputs] = model.predict([{ inputs: log }]);
console.log(outputs.slice(-2));
