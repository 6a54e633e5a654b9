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
  entry("lstm, peepholes", lstm({ units, peepholes: true })),
  entry("lstm, coupled gates", lstm({ units, coupled: true }), 3 * each),
  entry("lstm, no input gate", lstm({ units, inputGate: false }), 3 * each),
  entry("lstm, no forget gate", lstm({ units, forgetGate: false }), 3 * each),
  entry("lstm, no output gate", lstm({ units, outputGate: false }), 3 * each),
  entry("lstm, linear input", lstm({ units, inputActivation: "identity" })),
  entry("lstm, linear output", lstm({ units, outputActivation: "identity" })),
  entry("lstm, full gate recurrence", lstm({ units, fullGateRecurrence: true }), 4 * each + 9 * H * H),
  entry("lstm, projection to 64", lstm({ units, projection }), 4 * H * (I + projection) + H * projection),
  entry("lstm, layer normalisation", lstm({ units, layerNorm: true }), 4 * each, 0.45),
  entry("lstm, hard gates", lstm({ units, gateActivation: "hardSigmoid" })),
  entry("gru, hard gates", gru({ units, gateActivation: "hardSigmoid" }), 3 * each),
  entry("lstm, in reverse", lstm({ units, direction: "reverse" })),
  entry("lstm, cell clipping", lstm({ units, cellClip: 3 })),
  entry("lstm, zoneout of both", lstm({ units, zoneout: 0.1, cellZoneout: 0.1 })),
  entry("lstm, recurrent dropout", lstm({ units, recurrentDropout: 0.2 })),
  entry("lstm, both directions", lstm({ units, bidirectional: "concat" }), 8 * each),
  entry("lstm97, 32 blocks of 4", lstm97({ blocks, cellsPerBlock }), rows97 * (I + rows97), 0.55),
];

/** What the online learner is timed with: its step is to be linear in the weights. At most so many microseconds are wanted. */
export const ONLINE = [8, 16, 32, 64, 128].flatMap((size): { name: string; layer: Layer; goal?: number }[] => [
  { name: `lstm ${size}`, layer: lstm({ units: size }), ...(size === 32 && { goal: 4 }) },
  { name: `lstm97 ${size}`, layer: lstm97({ blocks: size }) },
]);

/** The net of the paper's adding problem. The goal is 12 million steps a second. */
export const SMALL = { layer: lstm97({ blocks: 2, cellsPerBlock: 2 }), goal: 1 / 12 };
