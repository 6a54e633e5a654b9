/** Training that is left, aborted or continued in another process, at random windows, ends with the bits of uninterrupted training. */

import { execFileSync } from "node:child_process";
import { serialize } from "node:v8";
import {
  type AnySequence,
  createModel,
  createTrainer,
  type FitSettings,
  type Report,
  resumeTrainer,
  type Schedule,
  type Trainer,
} from "memcell";
import { createTrainer as createParallel, type ParallelTrainer, resumeTrainer as resumeParallel } from "memcell/parallel";
import { Random } from "../src/core/random.js";
import { type Attack, PURPOSE } from "./attack.js";
import { Draw, drawModel, drawSequences, drawTraining } from "./models.js";

const THREADS = 2;

/** Continues a training in another process, to its end. */
const CHILD = `
import { readFileSync } from "node:fs";
import { deserialize } from "node:v8";
import { resumeTrainer } from "memcell";
const { bytes, sequences, settings } = deserialize(readFileSync(0));
const trainer = resumeTrainer(bytes);
for await (const _ of trainer.fit(sequences, settings));
process.stdout.write(trainer.save());`;

const root = new URL("..", import.meta.url);

function drawSchedule(draw: Draw): Schedule {
  const warmup = draw.of([0, 0, 3]);
  return draw.of<Schedule>([
    { type: "constant", warmup },
    { type: "stepDecay", every: draw.from(1, 4), factor: 0.5, warmup },
    { type: "exponential", decay: 0.9, every: draw.from(1, 3), warmup },
    { type: "cosine", updates: draw.from(5, 30), warmup },
    { type: "plateau", factor: 0.5, patience: draw.from(1, 2), warmup },
  ]);
}

/** The reports at epochs' ends, to be compared. Without the notes, which only a fit's first report has. */
const ends = (reports: Report[]) => JSON.stringify(reports.filter(({ end }) => end).map(({ notes: _, ...report }) => report));

export const interruptions: Attack = {
  name: "interruptions",
  promise: "training that is interrupted and resumed ends with the bits of training that was not",
  short: 40,
  full: 2000,
  open(seed) {
    let [interrupted, processes] = [0, 0];
    return {
      async attempt(n) {
        const draw = new Draw(new Random(seed, PURPOSE.interruptions, n));
        const { config, outputs } = drawModel(draw);
        const options = { ...drawTraining(draw, config, outputs), schedule: drawSchedule(draw), shuffle: draw.chance(0.8) };
        const sequences = drawSequences(draw, config, outputs, options.loss, draw.from(1, 2 * options.batch), draw.of([3, 12, 30]));
        const validation = draw.chance(0.4) ? drawSequences(draw, config, outputs, options.loss, 3, 9) : undefined;
        const epochs = draw.from(1, 4);
        const patience = validation && draw.chance(0.5) ? draw.from(1, 2) : undefined;
        const settings = (done: number): FitSettings => ({
          epochs: epochs - done,
          ...(validation && { validation }),
          ...(patience && { patience }),
        });
        const parallel = n % 20 === 10;
        const kinds = parallel ? ["leave", "abort"] : (["leave", "abort", "data", "process"] as const);
        const iterated = !parallel && draw.chance(0.3);
        const create = () => {
          const model = createModel(config);
          return parallel ? createParallel(model, { ...options, threads: THREADS }) : createTrainer(model, options);
        };
        const close = (trainer: Trainer | ParallelTrainer) => "close" in trainer && trainer.close();

        /** The sequences; an iterable aborts after `most` of them. */
        const data = (stop?: AbortController, most = Infinity): AnySequence[] | Iterable<AnySequence> => {
          if (!iterated) return sequences;
          let taken = 0;
          return {
            *[Symbol.iterator]() {
              for (const sequence of sequences) {
                if (++taken > most) stop?.abort();
                yield sequence;
              }
            },
          };
        };

        const whole = create();
        const expected: Report[] = [];
        try {
          for await (const report of whole.fit(data(), settings(0))) expected.push(report);
        } catch (error) {
          // The training diverged, and said so.
          if (error instanceof RangeError && /finite/.test(error.message)) return;
          throw error;
        } finally {
          close(whole);
        }

        let trainer = create();
        const reports: Report[] = [];
        for (let legs = 0; ; legs++) {
          const kind = legs < 5 ? draw.of(kinds) : "none";
          const most = draw.from(1, 8);
          const stop = new AbortController();
          let [seen, left] = [0, false];
          if (kind === "process" && !iterated && n % 10 === 0) {
            const bytes = trainer.save();
            const input = serialize({ bytes, sequences, settings: settings(trainer.epochs) });
            const file = execFileSync(process.execPath, ["--input-type=module", "--eval", CHILD], { cwd: root, input, maxBuffer: 1e8 });
            if (!file.equals(whole.save())) throw new Error("ended by another process, it has other bits");
            processes++;
            return;
          }
          try {
            const limit = kind === "data" ? most : Infinity;
            for await (const report of trainer.fit(data(stop, limit), { ...settings(trainer.epochs), every: 1, signal: stop.signal })) {
              reports.push(report);
              if (++seen < most) continue;
              if (kind === "abort") stop.abort();
              // At an epoch's end one could not tell whether patience has ended the training.
              left = kind === "leave" && !report.end;
              if (left) break;
            }
            if (!left) break;
          } catch (error) {
            if (error !== stop.signal.reason) throw error;
          }
          interrupted++;
          const file = trainer.save();
          close(trainer);
          trainer = parallel ? resumeParallel(file, { threads: THREADS }) : resumeTrainer(file);
          if (trainer.epochs === epochs) break;
        }
        close(trainer);
        if (ends(reports) !== ends(expected)) throw new Error(`the reports are others:\n${ends(reports)}\n${ends(expected)}`);
        if (!Buffer.from(trainer.save()).equals(whole.save())) throw new Error("what is saved at the end has other bits");
      },
      note: () => `${interrupted} interruptions, ${processes} times another process`,
    };
  },
};
