import { createModel, dense, loadModel, lstm } from "memcell";

const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 8 }), dense({ units: 1 })], seed: 1 });
const bytes = model.save();
const same = loadModel(bytes);
console.log(bytes.length, "bytes");
console.log(model.predict([{ inputs: [1, 2, 3] }])[0], same.predict([{ inputs: [1, 2, 3] }])[0]);
