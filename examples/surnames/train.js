/** Learns which of ten languages a surname is from, with class weights, as the lists differ in length; then says how well, and saves. */

import { createHash } from "node:crypto";
import { adam, createModel, createTrainer, crossEntropy, dense, dropout, embedding, gru } from "memcell";
import { quantize } from "memcell/int8";
import { writeAtomically } from "memcell/node";
import { classificationScores } from "memcell/scores";
import { labels, surnames, tokensOf } from "./names.js";

const seed = Number(process.argv[2] ?? 1);
const weighted = process.argv[3] !== "unweighted";

// One in ten is held out to stop by, another one to measure with: the lists are sorted, so every tenth name is a fair sample.
const names = surnames();
const alphabet = [...new Set(names.map(({ name }) => name).join(""))].sort().join("");
const sequences = names.map(({ name, language }) => ({ inputs: tokensOf(name, alphabet), targets: language }));
const [train, validation, test] = [(i) => i > 1, (i) => i === 0, (i) => i === 1].map((has) => sequences.filter((_, i) => has(i % 10)));

const counts = labels.map((_, k) => train.filter(({ targets }) => targets === k).length);
const classWeights = counts.map((count) => Math.sqrt(train.length / labels.length / count));

const model = createModel({
  input: { tokens: [...alphabet].length + 1 },
  layers: [embedding({ units: 16 }), gru({ units: 32, bidirectional: "concat" }), dropout({ rate: 0.3 }), dense({ units: labels.length })],
  output: "last",
  seed,
  metadata: { labels: labels.join(), alphabet },
});
const trainer = createTrainer(model, {
  loss: weighted ? crossEntropy({ classWeights }) : crossEntropy(),
  optimizer: adam({ learningRate: 0.008 }),
  batch: 64,
  clipNorm: 1,
  seed,
});
for await (const { epoch, loss, validationLoss } of trainer.fit(train, { epochs: 20, validation, patience: 3 }))
  console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, held out ${validationLoss.toFixed(3)}`);

const { accuracy, confusion, classes, macro } = classificationScores(model, test, { labels });
console.log("\nconfusion: a row for each language, a column for each that was said");
console.table(
  Object.fromEntries(confusion.map((row, k) => [labels[k], Object.fromEntries(row.map((count, j) => [labels[j].slice(0, 3), count]))])),
);
for (const { label, precision, recall, f1 } of [...classes, { label: "macro", ...macro }])
  console.log(`${label.padEnd(9)} precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, F1 ${f1.toFixed(3)}`);
console.log(`accuracy ${accuracy.toFixed(3)} on ${test.length} names that were held out`);
const { before, after } = quantize(model, { calibrate: test }).report.loss;
console.log(`their loss is ${before.toFixed(4)}, with weights of one byte ${after.toFixed(4)}`);

await writeAtomically("surnames.safetensors", model.save());
const hash = createHash("sha256");
for (const each of model.predict(test, { as: "probabilities" })) hash.update(each);
console.log(`saved; all these probabilities: ${hash.digest("hex")}`);
