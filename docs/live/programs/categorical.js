import { categorical, createModel, dense, lstm, numeric } from "memcell";

const model = createModel({
  input: { columns: { temperature: numeric(), weather: categorical(["sun", "rain", "snow"], { units: 2 }) } },
  layers: [lstm({ units: 16 }), dense({ units: 1 })],
  seed: 1,
});
console.log(model.summary());
const rows = [
  { temperature: 0.5, weather: "sun" },
  { temperature: -1, weather: "snow" },
];
console.log(model.predict([{ inputs: rows }])[0]);
