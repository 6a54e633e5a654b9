/**
 * The tasks of 1997 by rules and networks of today: what of its cost was the learning, and what the network. "lstm97, Adam" is the
 * paper's net, initial values and all, learned by Adam on the full gradient; the others have as many units as it has cells. A trial
 * is given up at the number of sequences that the paper took.
 *
 * `ROWS_TODAY` have one rate and the paper's sizes, `ROWS_TUNED` those that `ROWS_TUNING` chose: of three rates and two sizes, on
 * seeds of their own, each experiment at its shortest lag; longer lags have the shortest one's.
 */

import { gru, type Layer, lstm } from "../src/index.js";
import { type Chosen, chosen } from "./chosen.js";
import { createLstm97Today, createModern, type Net97 } from "./learners/memcell.js";
import type { Row } from "./row.js";
import { rowOf, SETTINGS_1997, type Setting } from "./rows1997.js";

/** Of each experiment some rows, one of them the longest lag. */
export const TASKS = [
  "reber-3x2-0.5",
  "2a",
  "2b",
  "2c-50-50",
  "2c-100-100",
  "2c-1000-1000",
  "3a-100-3",
  "3a-1000-3",
  "3b-100-3",
  "3c-100-3",
  "adding-100",
  "adding-500",
  "adding-1000",
  "multiplication",
  "6a",
  "6b",
];

export const LEARNERS = ["lstm97", "lstm chrono", "gru", "lstm"] as const;
type Learner = (typeof LEARNERS)[number];

const UNTUNED: Chosen = { rate: 0.005, size: 1 };
/** What is tried: rates, and how many times the paper's number of cells. */
const [RATES, SIZES] = [
  [0.002, 0.005, 0.02],
  [1, 4],
];
/** To choose by, no more sequences than these. */
const TUNING = 20_000;

const settingOf = (name: string) => SETTINGS_1997.find((setting) => setting.name === name) as Setting;
/** The row of the same experiment whose lag is the shortest. */
export const shortest = (name: string) => TASKS.find((other) => settingOf(other).task === settingOf(name).task) as string;
const named = (learner: string) => learner.replace(" ", "-");

/** So many times the blocks, their biases repeated. */
function larger(net: Net97, size: number): Net97 {
  const repeated = (biases: Net97["inputGateBias"]) =>
    typeof biases === "object" ? Array.from({ length: size * biases.length }, (_, i) => biases[i % biases.length] as number) : biases;
  const { inputGateBias, outputGateBias } = net;
  return {
    ...net,
    blocks: size * net.blocks,
    ...(inputGateBias !== undefined && { inputGateBias: repeated(inputGateBias) as number[] }),
    ...(outputGateBias !== undefined && { outputGateBias: repeated(outputGateBias) as number[] }),
  };
}

function createToday(name: string, learner: Learner, seed: number, { rate: learningRate, size }: Chosen) {
  const { of, lag, options } = settingOf(name);
  const { rate: _, update: __, gradient: ___, ...paper } = options;
  const net = larger(paper, size);
  if (learner === "lstm97") return createLstm97Today(of, seed, { net, learningRate });
  const units = net.blocks * (net.cellsPerBlock ?? 1);
  const layers: Record<Exclude<Learner, "lstm97">, () => Layer> = {
    lstm: () => lstm({ units, forgetBias: 1 }),
    "lstm chrono": () => lstm({ units, chrono: 2 * lag }),
    gru: () => gru({ units }),
  };
  return createModern(of, seed, { layer: layers[learner](), units, learningRate });
}

function rowToday(name: string, learner: Learner): Omit<Row, "name" | "create"> {
  const setting = settingOf(name);
  const { paper: _, ...row } = rowOf(setting);
  return { ...row, learner: `${learner}, Adam`, trials: setting.lag < 500 ? 5 : 3, limit: setting.sequences.learned as number };
}

const each = (names: readonly string[], rows: (name: string, learner: Learner) => Row | Row[]) =>
  names.flatMap((name) => LEARNERS.flatMap((learner) => rows(name, learner)));

export const untunedName = (name: string, learner: Learner) => `${name}-${named(learner)}-adam`;

export const ROWS_TODAY: Row[] = each(TASKS, (name, learner) => ({
  ...rowToday(name, learner),
  name: untunedName(name, learner),
  create: (seed) => createToday(name, learner, seed, UNTUNED),
}));

/** Of an experiment and a learner, what is tried: "tune-6a-gru-0.02-x4". */
export const tuningRows = (name: string, learner: Learner): Row[] =>
  SIZES.flatMap((size) =>
    RATES.map((rate) => {
      const row = rowToday(name, learner);
      const setting = { rate, size };
      return {
        ...row,
        name: `tune-${name}-${named(learner)}-${rate}-x${size}`,
        setting: () => setting,
        trials: 2,
        limit: Math.min(row.limit, TUNING),
        create: (seed: number) => createToday(name, learner, seed, setting),
      };
    }),
  );

export const EXPERIMENTS = TASKS.filter((name) => shortest(name) === name);
export const ROWS_TUNING: Row[] = each(EXPERIMENTS, tuningRows);

export const tunedName = (name: string, learner: Learner) => `tuned-${name}-${named(learner)}`;

export const ROWS_TUNED: Row[] = each(TASKS, (name, learner) => {
  const setting = () => chosen(tunedName(shortest(name), learner));
  return {
    ...rowToday(name, learner),
    name: tunedName(name, learner),
    setting,
    create: (seed) => createToday(name, learner, seed, setting()),
  };
});
