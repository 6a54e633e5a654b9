/** Outputs read as probabilities, by the loss with which they were learned. */

import { exponential } from "../core/arithmetic.js";
import { boolean, fail, oneOf, options } from "../core/check.js";
import type { Config } from "./config.js";
import { eachHead } from "./heads.js";
import type { Layout } from "./layout.js";
import type { Loss } from "./losses.js";
import { checkLosses, type Losses } from "./objective.js";
import type { State } from "./state.js";
import type { Room } from "./window.js";

/** The options of `probabilities`. */
export interface ReadOptions {
  /** Default: the loss of the model's last trainer (of each head), which is saved with it. */
  loss?: Losses;
}

/** The options of `predict`. */
export interface PredictOptions extends ReadOptions {
  /** "probabilities": what `model.probabilities` makes of the outputs. Default "outputs". */
  as?: "outputs" | "probabilities";
  /** Whether the state at each sequence's end is returned as well. Default false. */
  states?: boolean;
}

/** A sequence's outputs, and its state at the end. */
export interface Predicted<O = Float32Array> {
  /** As `predict` returns them without `states`. */
  outputs: O;
  /** To go on from: the `state` of the next piece, or of a stream by `restore`. */
  state: State;
}

/** The parts of an engine by which outputs are read. */
interface Parts {
  config: Config;
  layout: Pick<Layout, "heads">;
  recorded: readonly Required<Loss>[] | null;
}

type Reading = (row: Float32Array, loss: Required<Loss>) => void;

const softmax: Reading = (row) => {
  const top = row.reduce((most, logit) => Math.max(most, logit));
  const powers = Array.from(row, (logit) => exponential(logit - top));
  const all = powers.reduce((sum, power) => sum + power, 0);
  powers.forEach((power, k) => {
    row[k] = power / all;
  });
};

/** Of the outputs of one step, in place. Losses that are not here have no probabilities. */
const READINGS: { [T in Loss["type"]]?: Reading } = {
  crossEntropy: softmax,
  ctc: softmax,
  binaryCrossEntropy: (row) => row.forEach((logit, k) => (row[k] = 1 / (1 + exponential(-logit)))),
  quantile: (row, loss) => {
    const { quantiles } = loss as Required<Extract<Loss, { type: "quantile" }>>;
    const { length } = quantiles;
    // The place of each of the model's quantiles in ascending order.
    const order = quantiles.map((_, q) => q).sort((a, b) => (quantiles[a] as number) - (quantiles[b] as number));
    for (let from = 0; from < row.length; from += length) {
      const sorted = row.slice(from, from + length).sort();
      order.forEach((q, i) => {
        row[from + q] = sorted[i] as number;
      });
    }
  },
  gaussianNLL: (row) => {
    for (let k = row.length / 2; k < row.length; k++) row[k] = exponential((row[k] as number) / 2);
  },
};

/** Reads the outputs of each head in place. */
type Reader = (room: Room) => Room;

/** @throws TypeError, RangeError if there is no loss, or one without probabilities; of several heads, if none has any */
function readerOf(engine: Parts, given: unknown): Reader {
  const losses = given === undefined ? engine.recorded : checkLosses("loss", given, engine);
  if (!losses) fail(TypeError, "loss", "the loss by which the model was learned, as it has none of a trainer here", given);
  if (!losses.some(({ type }) => READINGS[type])) {
    const types = losses.map(({ type }) => type).join(", ");
    fail(RangeError, "loss", `one of ${Object.keys(READINGS).join(", ")}, whose outputs say probabilities`, types);
  }
  return (room) => {
    room.forEach((outputs, i) => {
      const loss = losses[i] as Required<Loss>;
      const O = engine.layout.heads[i]?.outputs as number;
      for (let from = 0; from < outputs.length; from += O) READINGS[loss.type]?.(outputs.subarray(from, from + O), loss);
    });
    return room;
  };
}

/** Checks the options of `predict`. @returns the function to apply to each sequence's outputs, and whether states are asked for */
export function checkPredict(engine: Parts, predictOptions: unknown, known = ["as", "loss", "states"]): { read: Reader; states: boolean } {
  const { as = "outputs", loss, states: asked = false } = options("options", predictOptions, known);
  const states = boolean("states", asked);
  if (oneOf("outputs", "probabilities")("as", as) === "probabilities") return { read: readerOf(engine, loss), states };
  if (loss !== undefined) fail(RangeError, "loss", 'no loss without as: "probabilities"', loss);
  return { read: (room) => room, states };
}

/** A copy of outputs, read as probabilities. */
export function probabilitiesOf(engine: Parts, outputs: unknown, readOptions: unknown): Room {
  const { loss } = options("options", readOptions, ["loss"]);
  const read = readerOf(engine, loss);
  const room = eachHead("outputs", outputs, engine.layout.heads, (path, value, { outputs: O }) => {
    const whole = value instanceof Float32Array && value.length % O === 0;
    if (!whole) fail(value instanceof Float32Array ? RangeError : TypeError, path, `a Float32Array of ${O} numbers for each step`, value);
    return value.slice();
  });
  return read(room);
}
