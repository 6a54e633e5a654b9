/**
 * LSTM on streams without end (Gers, Schmidhuber & Cummins 2000): an update after each step by the truncated gradient, which with
 * forget gates is exact in forward traces; here those of the library's online learner. 4 blocks of 2 cells without forget gates, or 8
 * cells of which each has gates of its own (the source's 4 blocks of 2 share theirs); outputs read cells and inputs. Initial biases by
 * block as there: of input and output gates -0.5, -1, -1.5, -2, of forget gates the opposite. Squashing functions of `lstm` are tanh,
 * as wherever it is used; the source has those of 1997.
 */

import { createModel, createOnlineLearner, dense, lstm, lstm97, type Model, sgd, uniform } from "../../src/index.js";
import type { Create } from "../learner.js";
import type { Stream } from "../tasks/continual.js";
import { finite, weightsOf } from "./memcell.js";

export interface Continual {
  forget: boolean;
  /** Whether the state is set to zero where a string begins, which the stream does not tell. */
  reset?: boolean;
}

const [BLOCKS, SIZE] = [4, 2];
const UNITS = BLOCKS * SIZE;
const RATE = 0.5;
const closed = Array.from({ length: BLOCKS }, (_, block) => -(block + 1) / 2);
const drawn = uniform({ bound: 0.2 });

function modelOf(features: number, outputs: number, forget: boolean, seed: number): Model {
  const layer = forget
    ? lstm({ units: UNITS, residual: "concat", initial: { weights: drawn, recurrent: drawn } })
    : lstm97({
        blocks: BLOCKS,
        cellsPerBlock: SIZE,
        bias: "gates",
        inputGateBias: closed,
        outputGateBias: closed,
        residual: "concat",
        range: 0.2,
      });
  const head = dense({ units: outputs, activation: "logistic", initial: { weights: drawn, bias: drawn } });
  const model = createModel({ input: { features }, layers: [layer, head], output: "every", seed });
  if (!forget) return model;
  const parameters = model.parameters();
  const ofUnit = (unit: number) => closed[Math.floor(unit / SIZE)]!;
  // In the order of gates i, f, g, o.
  [1, -1, 0, 1].forEach((sign, gate) => {
    for (let unit = 0; unit < UNITS; unit++) {
      parameters.bias_ih_l0!.data[gate * UNITS + unit] = sign * ofUnit(unit);
      parameters.bias_hh_l0!.data[gate * UNITS + unit] = 0;
    }
  });
  model.setParameters(parameters);
  return model;
}

/** Of tasks whose examples are streams. */
export const createContinual: Create<Continual> = ({ features, outputs }, seed, { forget, reset = false }) => {
  const model = modelOf(features, outputs, forget, seed);
  // The online learner's "mse" is the mean over the outputs of a step.
  const online = createOnlineLearner(model, { loss: "mse", optimizer: sgd({ learningRate: (RATE * outputs) / 2 }) });
  const weights = weightsOf(model);
  const y = new Float32Array(outputs);
  return {
    units: UNITS,
    weights,
    cost: weights,
    learn(example) {
      const stream = example as Stream;
      online.reset();
      while (!stream.over) {
        if (stream.step() && reset) online.reset();
        stream.judge(finite(() => online.step(stream.inputs, stream.targets, y)));
      }
      return y;
    },
    predict: (examples) =>
      (examples as Stream[]).map((stream) => {
        let state = model.stream();
        const outputs = new Float32Array(y.length);
        while (!stream.over) {
          if (stream.step() && reset) state = model.stream();
          stream.judge(state.step(stream.inputs, outputs));
        }
        return outputs;
      }),
  };
};
