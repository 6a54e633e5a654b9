/** A look inside a model: gates and cells at every step, and how far errors flow back. */

import { fail } from "../core/check.js";
import { learning } from "../core/compiled.js";
import { lanesFor } from "../core/lanes.js";
import type { Recurrence } from "../layers/stage.js";
import type { Inputs } from "./columns.js";
import type { Engine } from "./engine.js";
import { checkEvaluation, type EvaluateOptions } from "./evaluation.js";
import { byName } from "./heads.js";
import { Model } from "./model.js";
import { Network } from "./network.js";
import { meanOf, type Objective, scalesOf } from "./objective.js";
import { type AnySequence, checkSequence } from "./sequences.js";
import { readOutputs, wholeRow, writeWindow } from "./window.js";

/** Numbers of each step, [steps x units], step by step. */
export interface Recorded {
  /** Numbers of a step. */
  units: number;
  /** Number u of step t is `data[t * units + u]`. */
  data: Float32Array;
}

/** The result of `trace`. */
export interface Trace<O = Recorded> {
  /** Steps of the sequence. */
  steps: number;
  /** For each recurrent layer, values by name: lstm i, f, g, o, c, h; gru r, z, n, m, h; rnn h; lstm97 g, in, out (gates), c, h. */
  layers: Record<string, Recorded>[];
  /** The model's outputs at every step; the one of the sequence where its output is "last". By name where it has heads. */
  outputs: O;
}

/** The result of `gradientFlow`. */
export interface GradientFlow {
  /** The mean loss over the targets. */
  loss: number;
  /** For each recurrent layer, one number per step. */
  layers: {
    /** The norm of dL/dh(t). */
    h: Float64Array;
    /** The norm of dL/dc(t); absent where there is no c, and with layerNorm, projection, full gate recurrence or zoneout. */
    c?: Float64Array;
    /**
     * The mean over units of the cell's factor between steps, weights aside: the derivative of an rnn's activation, the forget gate of an
     * lstm, 1 for lstm97, z of a gru.
     */
    factor: Float64Array;
  }[];
}

/** Runs a network of one sequence forward, its whole length in one window. */
function run(model: Model<unknown>, sequence: unknown, objective?: Objective) {
  const engine = Model.engine("model", model);
  const { whole } = engine.layout;
  if (whole) fail(RangeError, "model", `a model without ${whole}`, model);
  const checked = checkSequence("sequence", sequence, { engine, ...objective });
  if (objective) engine.learn(learning);
  const network = new Network(engine, checked.length, lanesFor(1), objective ? "train" : "infer", 0, true);
  const counted = writeWindow(engine, network, [wholeRow(checked, 0, false)], checked.length, objective?.losses);
  network.forward(checked.length, 1);
  const recurrences = network.stages.flatMap(({ recurrence }) => (recurrence ? [recurrence] : []));
  // Record before a backward pass, which overwrites the gates with gradients.
  const recorded = recurrences.map(({ shown }) =>
    Object.fromEntries(shown.map((each) => [each.name, record(engine, checked.length, each)])),
  );
  return { engine, network, steps: checked.length, counted, recurrences, recorded };
}

/** The values of every step, without padding. */
function record({ memory }: Engine, steps: number, { pointer, units, rows, row }: Recurrence["shown"][number]): Recorded {
  const data = new Float32Array(steps * units);
  for (let t = 0, i = 0; t < steps; t++) {
    for (let u = 0; u < units; u++) data[i++] = memory.f32[pointer / 4 + t * rows + (row ? row(u) : u)] as number;
  }
  return { units, data };
}

/**
 * Records every gate, cell state and output of a sequence, ready to plot.
 * @throws TypeError, RangeError as `model.predict`; RangeError if the model needs whole sequences (bidirectional or reverse layers, pooling)
 * @example const { f, c } = trace(model, { inputs }).layers[0]; // f.data[t * f.units + unit]
 */
export function trace<N extends string>(model: Model<Record<N, Float32Array>>, sequence: { inputs: Inputs }): Trace<Record<N, Recorded>>;
export function trace(model: Model, sequence: { inputs: Inputs }): Trace;
export function trace(model: Model<unknown>, sequence: { inputs: Inputs }): Trace<never> {
  const { engine, network, steps, recorded: layers } = run(model, sequence);
  const { heads } = engine.layout;
  const rows = network.outputSteps(steps);
  const outputs = heads.map(({ outputs: units }) => ({ units, data: new Float32Array(rows * units) }));
  const room = outputs.map(({ data }) => data);
  readOutputs(engine, network, 0, 0, rows, room, 0);
  network.release();
  return { steps, layers, outputs: byName(heads, outputs) as never };
}

const shownAs = ({ shown }: Recurrence, name: string) => shown.find((each) => each.name === name) as Recurrence["shown"][number];

/** For each step the norm over units; `value` takes an index into [steps x units]. */
const norms = (steps: number, units: number, value: (at: number) => number) =>
  Float64Array.from({ length: steps }, (_, t) => {
    let sum = 0;
    for (let unit = 0; unit < units; unit++) sum += value(t * units + unit) ** 2;
    return Math.sqrt(sum);
  });

/** For each step the mean of f over the recorded values. */
const means = ({ units, data }: Recorded, f: (x: number) => number) =>
  Float64Array.from({ length: data.length / units }, (_, t) => {
    let sum = 0;
    for (let unit = 0; unit < units; unit++) sum += f(data[t * units + unit] as number);
    return sum / units;
  });

/**
 * Measures how far the error of a sequence flows back: the full gradient, however small, at every step of every recurrent layer. With
 * dropout or other noise it is that of one random draw.
 * @param sequence with targets; to see where the error of one step goes, give all others `weights` of 0
 * @throws TypeError, RangeError as `trainer.step`; RangeError if the model needs whole sequences (bidirectional or reverse layers, pooling)
 * @example const [{ h, c }] = gradientFlow(model, { inputs, targets }, { loss: "mse" }).layers;
 */
export function gradientFlow(
  model: Model<unknown>,
  sequence: AnySequence,
  flowOptions: Pick<EvaluateOptions, "loss" | "lossWeights">,
): GradientFlow {
  const engine = Model.engine("model", model).exact();
  const { layout, memory } = engine;
  const { objective } = checkEvaluation(engine, flowOptions, []);
  const { network, steps, counted, recurrences, recorded } = run(model, sequence, objective);
  const value = meanOf(objective, network.losses(steps, objective.losses, scalesOf(objective, counted)), counted);
  const gradients = memory.allocate(layout.params.bytes);
  engine.ready();
  network.backward(steps, 1, gradients, true);
  memory.release(gradients);
  const layers = recurrences.map((recurrence, k) => {
    const seen = recorded[k] as Record<string, Recorded>;
    const dh = record(engine, steps, { ...shownAs(recurrence, "h"), pointer: recurrence.dh });
    const { factor: passed } = recurrence;
    const factor = passed ? means(seen[passed.name] as Recorded, passed.slope) : new Float64Array(steps).fill(1);
    const h = norms(steps, dh.units, (at) => dh.data[at] as number);
    const { cellGradient } = recurrence;
    if (!recurrence.flow || !cellGradient) return { h, factor };
    const { units, data: flow } = record(engine, steps, { ...shownAs(recurrence, "c"), pointer: recurrence.flow });
    const c = norms(steps, units, (at) =>
      cellGradient({
        c: seen.c?.data[at] as number,
        o: seen.o?.data[at] ?? 1,
        dh: dh.data[at] as number,
        sent: flow[at] as number,
        later: flow[at + units] ?? 0,
      }),
    );
    return { h, c, factor };
  });
  network.release();
  return { loss: value, layers };
}
