/**
 * An LSTM learns to write like Moby-Dick, in about a minute. Ctrl-C leaves a checkpoint; `--resume` continues it bit for bit.
 *
 *     npm run demo [-- --quick] [-- --resume] [-- --out FOLDER]
 */

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import {
  adam,
  cosine,
  createModel,
  createTrainer,
  dense,
  lanes,
  loadModel,
  lstm,
  normalization,
  resumeTrainer,
  type Trainer,
} from "memcell";
import { quantize } from "memcell/int8";
import { writeAtomically } from "memcell/node";
import { drawCurve, type Point } from "./curve.js";
import { entropies, readBook } from "./text.js";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    out: { type: "string", default: "demo-output" },
  },
});
const size = flags.quick ? { units: 48, epochs: 1, share: 0.1 } : { units: 128, epochs: 4, share: 1 };
const files = {
  checkpoint: join(flags.out, "checkpoint.safetensors"),
  points: join(flags.out, "checkpoint.json"),
  model: join(flags.out, "model.safetensors"),
  curve: join(flags.out, "curve.svg"),
};
mkdirSync(flags.out, { recursive: true });

const book = readBook(0.05);
const text = (tokens: Iterable<number>) => Array.from(tokens, (token) => book.alphabet[token]).join("");
const train = lanes(book.train.subarray(0, book.train.length * size.share), 16);
const heldOut = lanes(book.heldOut, 16);
const { unigram, bigram } = entropies(book.heldOut, book.alphabet.length);
const bits = (nats: number) => nats / Math.LN2;

function start(): Trainer {
  const tokens = book.alphabet.length;
  // At the same cost, normalisation before the head and a rate that rises and then falls to nothing save 0.05 bits per character.
  const layers = [lstm({ units: size.units }), normalization(), dense({ units: tokens })];
  const model = createModel({ input: { tokens }, layers, seed: 1 });
  const updates = size.epochs * Math.ceil((train[0] as { inputs: ArrayLike<number> }).inputs.length / 64);
  const warmup = Math.round(updates / 20);
  const schedule = cosine({ updates: updates - warmup, warmup });
  const optimizer = adam({ learningRate: 0.012 });
  return createTrainer(model, { loss: "crossEntropy", optimizer, schedule, clipNorm: 1, window: 64, batch: 16 });
}

function resume(): { trainer: Trainer; points: Point[] } {
  if (!existsSync(files.checkpoint)) {
    console.error(`There is no checkpoint in ${flags.out}: run without --resume first, and stop it with Ctrl-C.`);
    process.exit(1);
  }
  const points: Point[] = JSON.parse(readFileSync(files.points, "utf8"));
  return { trainer: resumeTrainer(readFileSync(files.checkpoint)), points };
}

const { trainer, points } = flags.resume ? resume() : { trainer: start(), points: [] };
const parameters = Object.values(trainer.model.parameters()).reduce((sum, { data }) => sum + data.length, 0);
const characters = train.reduce((sum, { inputs }) => sum + (inputs as ArrayLike<number>).length, 0) * size.epochs;
console.log(
  `Moby-Dick: ${characters / size.epochs} characters to learn from, ${book.heldOut.length} held out, ${book.alphabet.length} different.`,
);
console.log(`Model: one LSTM layer of ${size.units} units, ${parameters} parameters; ${size.epochs} epoch${size.epochs > 1 ? "s" : ""}.\n`);

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const bar = new SingleBar({
  format: "{bar} {percentage}% | {loss} bits/char | {speed} chars/s | {left} left",
  noTTYOutput: true,
  notTTYSchedule: 5000,
  stopOnComplete: false,
});
const began = performance.now();
let first: number | undefined;
bar.start(characters, points.at(-1)?.[0] ?? 0, { loss: "-", speed: "-", left: "-" });
try {
  for await (const report of trainer.fit(train, { epochs: size.epochs - trainer.epochs, every: 20, signal: stop.signal })) {
    if (report.end) continue;
    const done = (report.epoch - 1) * (characters / size.epochs) + report.steps;
    first ??= points.at(-1)?.[0] ?? 0;
    points.push([done, bits(report.loss)]);
    const speed = ((done - first) / (performance.now() - began)) * 1000;
    const left = `${Math.ceil((characters - done) / speed)} s`;
    bar.update(done, { loss: bits(report.loss).toFixed(3), speed: Math.round(speed).toLocaleString("en"), left });
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
  bar.stop();
  await writeAtomically(files.points, JSON.stringify(points));
  await writeAtomically(files.checkpoint, trainer.save());
  console.log(`\nStopped after ${trainer.updates} updates. Go on with: npm run demo -- ${flags.quick ? "--quick " : ""}--resume`);
  process.exit(130);
}
bar.update(characters);
bar.stop();
for (const file of [files.checkpoint, files.points]) rmSync(file, { force: true });

const { model } = trainer;
const { loss } = model.evaluate(heldOut, { loss: "crossEntropy" });
console.log(`\nHeld-out text, bits per character:`);
console.log(`  knowing the characters' frequencies (unigram)   ${unigram.toFixed(3)}`);
console.log(`  knowing the pairs' frequencies (bigram)         ${bigram.toFixed(3)}`);
console.log(`  this model                                      ${bits(loss).toFixed(3)}, to the last digit ${bits(loss)}`);
const small = quantize(model, { calibrate: heldOut }).report?.loss as { after: number };
console.log(`  the same with weights of one byte               ${bits(small.after).toFixed(3)}, which loses ${bits(small.after - loss)}`);
if (flags.quick) console.log("  (--quick reads a tenth of the book once, with a smaller model: it only shows that everything works)");

const prompt = book.heldOut.subarray(1000, 1100);
console.log(`\nA sample, after "${text(prompt).slice(-40).replaceAll("\n", " ")}":\n`);
console.log(text(model.generate(prompt, { length: 400, temperature: 0.7, seed: 1 })));

await writeAtomically(files.model, model.save());
drawCurve(files.curve, points, [
  { name: "unigram", bits: unigram },
  { name: "bigram", bits: bigram },
  { name: "held out", bits: bits(loss) },
]);

const again = loadModel(readFileSync(files.model));
const [before, after] = [model, again].map((m) => m.predict([{ inputs: prompt }])[0] as Float32Array) as [Float32Array, Float32Array];
if (!before.every((logit, i) => Object.is(logit, after[i]))) throw new Error("the saved model does not compute the same");
console.log(`\nSaved ${files.model} and ${files.curve}; the model, loaded again, gives the same output to the bit.`);

console.log("A continuation, streamed from it:\n");
const stream = again.stream();
const logits = new Float32Array(book.alphabet.length);
for (const token of prompt) stream.step(token, logits);
for (const token of stream.generate(logits, { length: 300, temperature: 0.5, seed: 2 })) process.stdout.write(text([token]));
console.log();
