/** Every recurrent layer and option of one, with the weights of its products: what is not there has no weights. */

import { gru, lstm, lstm97, rnn } from "../src/index.js";
import { type Layer, lstmWeights, type Shape } from "./works.js";

export const SHAPE: Shape = [64, 128, 32, 50];

/** What the training step must reach of the tile's peak, where it is not 0.6. */
export interface Entry {
  name: string;
  layer: Layer;
  weights: number;
  goal: number;
}

const [I, H] = SHAPE;
const each = H * (I + H);
const units = H;
const projection = 64;
const [blocks, cellsPerBlock] = [32, 4];
const rows97 = blocks * (cellsPerBlock + 2);
const entry = (name: string, layer: Layer, weights = lstmWeights(I, H), goal = 0.6): Entry => ({ name, layer, weights, goal });

export const CELLS: Entry[] = [
  entry("rnn, tanh", rnn({ units }), each),
  entry("rnn, relu", rnn({ units, activation: "relu" }), each),
  entry("gru", gru({ units }), 3 * each),
  entry("lstm", lstm({ units })),
  entry("peepholes", lstm({ units, peepholes: true })),
  entry("coupled", lstm({ units, coupled: true }), 3 * each),
  entry("no input gate", lstm({ units, inputGate: false }), 3 * each),
  entry("no forget gate", lstm({ units, forgetGate: false }), 3 * each),
  entry("no output gate", lstm({ units, outputGate: false }), 3 * each),
  entry("linear input", lstm({ units, inputActivation: "identity" })),
  entry("linear output", lstm({ units, outputActivation: "identity" })),
  entry("full gate recurrence", lstm({ units, fullGateRecurrence: true }), 4 * each + 9 * H * H),
  entry("projection", lstm({ units, projection }), 4 * H * (I + projection) + H * projection),
  entry("layer normalisation", lstm({ units, layerNorm: true }), 4 * each, 0.45),
  entry("hard gates", lstm({ units, gateActivation: "hardSigmoid" })),
  entry("gru, hard gates", gru({ units, gateActivation: "hardSigmoid" }), 3 * each),
  entry("in reverse", lstm({ units, direction: "reverse" })),
  entry("cell clipping", lstm({ units, cellClip: 3 })),
  entry("zoneout of both", lstm({ units, zoneout: 0.1, cellZoneout: 0.1 })),
  entry("recurrent dropout", lstm({ units, recurrentDropout: 0.2 })),
  entry("both directions", lstm({ units, bidirectional: "concat" }), 8 * each),
  entry("lstm97", lstm97({ blocks, cellsPerBlock }), rows97 * (I + rows97), 0.55),
];

/** What the online learner is timed with: its step is to be linear in the weights. */
export const ONLINE = [8, 16, 32, 64, 128].flatMap((size): [string, Layer][] => [
  [`lstm ${size}`, lstm({ units: size })],
  [`lstm97 ${size}`, lstm97({ blocks: size })],
]);
