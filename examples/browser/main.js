/** Draw or load a series, and watch a model learn it: training in a worker, the charts here. `npm install && npm start`. */

import { adam, createModel, dense, lstm } from "memcell";
import { createTrainer } from "memcell/worker";
import { chart } from "./chart.js";
import { pad } from "./pad.js";

/** Steps of the series, and those that the model goes on by itself. */
const [STEPS, AHEAD] = [200, 60];
const element = (id) => document.getElementById(id);

const drawing = pad(element("pad"), STEPS);
const seriesChart = chart(element("series"), "The series, what the model says, and how it goes on", ["series", "model"]);
const lossChart = chart(element("loss"), "Loss by epoch", ["loss"]);
let stop = new AbortController();

/** The model's word for every step of the series, each a step ahead; then its own words, each from the one before. */
function forecast(model, series) {
  const stream = model.stream();
  const said = [NaN];
  for (const value of series) said.push(stream.step([value])[0]);
  while (said.length < series.length + AHEAD) said.push(stream.step([said.at(-1)])[0]);
  return said;
}

async function learn(series) {
  stop = new AbortController();
  element("stop").disabled = false;
  element("learn").disabled = true;
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 32, forgetBias: 1 }), dense({ units: 1 })], seed: 1 });
  const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, window: 50, seed: 2 });
  const losses = [];
  try {
    const sequence = { inputs: series.slice(0, -1), targets: series.slice(1) };
    for await (const { epoch, loss } of trainer.fit([sequence], { epochs: 200, signal: stop.signal })) {
      losses.push(loss);
      element("status").value = `epoch ${epoch}, loss ${loss.toFixed(5)}`;
      lossChart([losses]);
      // The parameters of this report are here: the page forecasts with them while the worker learns on.
      seriesChart([Array.from(series), forecast(trainer.model, series)]);
    }
  } catch (error) {
    if (error !== stop.signal.reason) throw error;
  } finally {
    trainer.close();
    element("stop").disabled = true;
    element("learn").disabled = false;
  }
  return losses;
}

element("learn").addEventListener("click", async () => {
  // For whoever looks from outside; a page does not need it.
  globalThis.learned = await learn(drawing.series());
});
element("stop").addEventListener("click", () => stop.abort());
element("file").addEventListener("change", async ({ target }) => {
  const numbers = (await target.files[0].text())
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  if (numbers.length < 10 || numbers.some(Number.isNaN)) element("status").value = "That file does not hold ten numbers or more.";
  else drawing.show(numbers);
});
