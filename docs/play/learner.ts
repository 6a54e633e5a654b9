/** The model of the playground: from some columns to the next values of one of them. */

import { adam, createModel, createTrainer, dense, gru, type Layer, lstm, lstm97, rnn, scaler } from "memcell";

export interface Choices {
  /** What goes in, a column after the other; the target among them or not. */
  inputs: Float32Array[];
  target: Float32Array;
  horizon: number;
  cell: string;
  units: number;
  rate: number;
  seed: number;
}

const CELLS: Record<string, (units: number) => Layer> = {
  lstm: (units) => lstm({ units, forgetBias: 1 }),
  "lstm of 1997": (units) => lstm97({ blocks: units, cellsPerBlock: 1 }),
  gru: (units) => gru({ units }),
  rnn: (units) => rnn({ units }),
};
export const CELL_NAMES = Object.keys(CELLS);

/** Steps of a piece: pieces are learned side by side. */
const PIECE = 200;

export function begin({ inputs, target, horizon, cell, units, rate, seed }: Choices) {
  const { mean, deviation } = scaler(target);
  const repeated = (values: ArrayLike<number>) => Array<number>(horizon).fill(values[0] as number);
  const steps = target.length;
  const rows = Float32Array.from(
    { length: steps * inputs.length },
    (_, i) => (inputs[i % inputs.length] as Float32Array)[Math.floor(i / inputs.length)] as number,
  );
  const model = createModel({
    input: { features: inputs.length },
    layers: [(CELLS[cell] as (units: number) => Layer)(units), dense({ units: horizon })],
    scaler: {
      inputs: scaler(rows, { features: inputs.length }),
      targets: { mean: repeated(mean), deviation: repeated(deviation) },
    },
    seed,
  });
  // The targets of a step are the `horizon` values after it; of the last steps they are not known.
  const learned = steps - horizon;
  const pieces = Array.from({ length: Math.ceil(learned / PIECE) }, (_, i) => {
    const [from, to] = [i * PIECE, Math.min(learned, (i + 1) * PIECE)];
    const targets = Float32Array.from(
      { length: (to - from) * horizon },
      (_, j) => target[from + Math.floor(j / horizon) + 1 + (j % horizon)] as number,
    );
    return { inputs: rows.subarray(from * inputs.length, to * inputs.length), targets };
  });
  const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: rate }), clipNorm: 1, window: 50, seed });
  /** The value of each of the last steps as the step before foretold it, and the values after the end. */
  const forecast = (last: number) => {
    const from = Math.max(0, steps - last);
    const [outputs] = model.predict([{ inputs: rows.subarray(from * inputs.length) }]);
    const said = outputs as Float32Array;
    return { from, next: said.filter((_, i) => i % horizon === 0), ahead: said.slice(-horizon) };
  };
  return { model, trainer, pieces, forecast, recent: rows.slice(-100 * inputs.length) };
}

/** The program that does the same in Node. */
export function programOf({ inputs, target, ...choices }: Choices, names: string[], targetName: string): string {
  const cell = {
    lstm: "lstm({ units, forgetBias: 1 })",
    "lstm of 1997": "lstm97({ blocks: units, cellsPerBlock: 1 })",
    gru: "gru({ units })",
    rnn: "rnn({ units })",
  }[choices.cell] as string;
  return `// Learns the next ${choices.horizon} values of "${targetName.replaceAll("\n", " ")}" from series.json: { "column": [numbers], ... }
import { readFileSync, writeFileSync } from "node:fs";
import { adam, createModel, createTrainer, dense, ${cell.split("(")[0]}, scaler } from "memcell";

const [names, targetName, units, horizon] = [${JSON.stringify(names)}, ${JSON.stringify(targetName)}, ${choices.units}, ${choices.horizon}];
const table = JSON.parse(readFileSync("series.json", "utf8"));
const target = table[targetName];
const rows = target.map((_, t) => names.map((name) => table[name][t]));
const { mean, deviation } = scaler(Float32Array.from(target));
const repeated = (values) => Array(horizon).fill(values[0]);
const model = createModel({
  input: { features: names.length },
  layers: [${cell}, dense({ units: horizon })],
  scaler: { inputs: scaler(rows), targets: { mean: repeated(mean), deviation: repeated(deviation) } },
  seed: ${choices.seed},
});
const learned = target.length - horizon;
const sequences = [];
for (let from = 0; from < learned; from += ${PIECE}) {
  const to = Math.min(learned, from + ${PIECE});
  const targets = rows.slice(from, to).map((_, i) => target.slice(from + i + 1, from + i + 1 + horizon));
  sequences.push({ inputs: rows.slice(from, to), targets });
}
const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: ${choices.rate} }), clipNorm: 1, window: 50, seed: ${choices.seed} });
for await (const { epoch, loss } of trainer.fit(sequences, { epochs: 200 })) if (epoch % 20 === 0) console.log(epoch, loss);
console.log("ahead:", model.predict([{ inputs: rows }])[0].slice(-horizon));
writeFileSync("model.safetensors", model.save());
`;
}
