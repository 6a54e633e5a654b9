import { createModel, dense, lstm, trace } from "memcell";

const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 2, forgetBias: 1 }), dense({ units: 1 })], seed: 1 });
const { layers, outputs } = trace(model, { inputs: [1, 0, 0, -1] });
const { f, c } = layers[0];
for (let t = 0; t < 4; t++)
  for (let unit = 0; unit < 2; unit++)
    console.log("step", t, "unit", unit, "forget gate", f.data[t * f.units + unit], "cell", c.data[t * c.units + unit]);
console.log(outputs.data);
