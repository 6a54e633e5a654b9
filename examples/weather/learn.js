import { adam, categorical, createModel, createTrainer, dense, dropout, gru, numeric, quantile, scaler, windows } from "memcell";

export const quantiles = [0.1, 0.5, 0.9];
export const options = { length: 21, horizon: 14, targets: ["high"], known: ["weekday", "sin", "cos"] };

/** A model of the next 14 days' highest temperatures, which learns from some years and stops when another gets no better. */
export async function learn(years, validation, seed) {
  const measured = numeric({ missing: "last" });
  const sky = categorical(["drizzle", "fog", "rain", "snow", "sun"], { missing: "category" });
  const numbers = { rain: measured, high: measured, low: measured, wind: measured, sin: numeric(), cos: numeric() };
  const input = { columns: { ...numbers, sky, weekday: categorical(7) } };
  const model = createModel({
    input,
    layers: [dropout({ rate: 0.2 }), gru({ units: 32 }), dropout({ rate: 0.3 }), dense({ units: quantiles.length })],
    scaler: { inputs: scaler(years, { input }), targets: scaler(years.high, { missing: "ignore" }), outputs: "quantile" },
    seed,
  });
  const loss = quantile({ quantiles, missing: "ignore" });
  const trainer = createTrainer(model, { loss, optimizer: adam({ learningRate: 0.003 }), batch: 32, clipNorm: 1, seed });
  const held = [...windows(validation, options)];
  await trainer.fit([...windows(years, options)], { epochs: 100, validation: held, patience: 8 });
  return model;
}
