/** The options of the recurrent layers, and how they are checked. */

import { ACTIVATION_NAMES, type Activation } from "../core/activations.js";
import { boolean, type Check, each, inBounds, integerIn, LARGEST, type Options, oneOf, positive, share, size } from "../core/check.js";
import { type Initial, initials } from "./initializers.js";

/** Options of every recurrent layer. */
export interface AroundOptions {
  /**
   * Adds a second direction that runs from each sequence's last step to its first, with weights of its own (`_reverse`). Outputs are
   * both directions' side by side, or their sum (Schuster & Paliwal 1997). In the topmost recurrent layer of a model with output "last"
   * they are the final states of both: after the last step, and after the first. Needs whole sequences: `window: Infinity`, no streams.
   * Default: one direction.
   */
  bidirectional?: "concat" | "sum";
  /**
   * "reverse" runs from each sequence's last step to its first (Keras's `go_backwards`, ONNX's "reverse"), at the cost of one direction.
   * Its parameters are named as those of the second direction (`_reverse`). With output "last" it gives its state after the first step.
   * Needs whole sequences, as `bidirectional` does, with which it does not go. Default "forward".
   */
  direction?: "forward" | "reverse";
  /**
   * Adds the layer's inputs to its outputs, which must be as many (He et al. 2016), or appends them to the outputs. Beside the final
   * states of a bidirectional layer they are the inputs of the last step. Default: none of either.
   */
  residual?: "sum" | "concat";
  /** Initial weights of the inputs, of the state, and biases. Default: those of the model's `initial`. */
  initial?: Initial<"weights" | "recurrent" | "bias">;
  /**
   * The share of the recurrent weights' inputs that is set to zero while training: h(t-1), for lstm97 also the gates, where they are fed
   * back. The mask is the same through a sequence (Gal & Ghahramani 2016). Default 0.
   */
  recurrentDropout?: number;
  /**
   * The share of units that keep h(t-1) at each step while training. Otherwise all take the mean of that (Krueger et al. 2017). Default
   * 0.
   */
  zoneout?: number;
}

/** Options of the layers made of units. */
interface UnitOptions extends AroundOptions {
  /** Hidden units. */
  units: number;
}

/** Options of the cells with gates. */
export interface GateOptions extends UnitOptions {
  /** The activation of the gates: "hardSigmoid" is `alpha` x + 1/2, cut to [0, 1]. Default "logistic". */
  gateActivation?: "logistic" | "hardSigmoid";
  /** The slope of the hard sigmoid: 0.2 in Keras 2, TensorFlow.js and ONNX, 1/6 in Keras 3 and PyTorch. Default 0.2. */
  alpha?: number;
}

/** The vanilla recurrent network (Elman 1990); PyTorch's `nn.RNN`. */
export interface RnnLayer extends UnitOptions {
  type: "rnn";
  /** Default "tanh". */
  activation?: "tanh" | "relu";
}

/** The gated recurrent unit (Cho et al. 2014). */
export interface GruLayer extends GateOptions {
  type: "gru";
  /** The activation of the candidate n. Default "tanh". */
  inputActivation?: Activation;
  /**
   * The reset gate acts after the product of the state with its weights ("after": PyTorch's `nn.GRU`, Keras 3) or on the state before it
   * ("before": as first published, and Keras's `reset_after=False`). Default "after".
   */
  reset?: "after" | "before";
}

/**
 * The LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000), PyTorch's `nn.LSTM`, and its
 * variants (Greff et al. 2017).
 */
export interface LstmLayer extends GateOptions {
  type: "lstm";
  /** Gates see the cell, through one weight per gate and unit (Gers et al. 2002): `peephole_l0` [3 units], i, f, o. Default false. */
  peepholes?: boolean;
  /** The input gate is 1 - the forget gate and has no weights. Default false. */
  coupled?: boolean;
  /** Whether there is an input gate. A missing gate is 1 and has no weights. Default true. */
  inputGate?: boolean;
  /** Whether there is a forget gate: without one a cell keeps all, as in 1997. Default true. */
  forgetGate?: boolean;
  /** Whether there is an output gate. Default true. */
  outputGate?: boolean;
  /** The activation of the cell's input. Default "tanh". */
  inputActivation?: Activation;
  /** The activation of the cell at its output. Default "tanh". */
  outputActivation?: Activation;
  /** Gates also see all gates of the step before, as in 1997: `weight_gg_l0` [3 units, 3 units], i, f, o. Default false. */
  fullGateRecurrence?: boolean;
  /** Makes the outputs this many linear functions of h (Sak et al. 2014; PyTorch's `proj_size`): `weight_hr_l0`. Default: h itself. */
  projection?: number;
  /**
   * Normalises the inputs' product, the state's product, and the cell at the output (Ba et al. 2016). Biases start as without it, but
   * under the preset of Keras at random, except the forget gate's: if all were 0, nothing would bound the gradient of a sequence that
   * begins with zeros. Default false.
   */
  layerNorm?: boolean;
  /** The limit on the cell: it is cut to plus or minus this. Default `Infinity`. */
  cellClip?: number;
  /** The forget gate's initial bias. At 1 or more it remembers from the start (Jozefowicz et al. 2015). Default: random like the others. */
  forgetBias?: number;
  /**
   * The longest lag to expect, in steps: forget biases start at ln U(1, chrono - 1), input biases at their negatives (Tallec & Ollivier
   * 2018). Default: random, as the others.
   */
  chrono?: number;
  /** The share of cells that keep c(t-1), as `zoneout` does for h. Default 0. */
  cellZoneout?: number;
}

/**
 * The original LSTM (Hochreiter & Schmidhuber 1997): blocks of memory cells that share an input and an output gate, without a forget
 * gate. Outputs are its cells, block by block.
 */
export interface Lstm97Layer extends AroundOptions {
  type: "lstm97";
  /** Blocks of cells. */
  blocks: number;
  /** Cells in a block, which share its gates. Default 1. */
  cellsPerBlock?: number;
  /**
   * Input of gates and cells from the step before: all cells and all gates (as in most of the paper), the cells, or none. Default
   * "cells+gates".
   */
  recurrence?: "cells+gates" | "cells" | "none";
  /** Whether there is an output gate. Default true. */
  outputGate?: boolean;
  /** The squashing function of the gates. Default "logistic". */
  f?: Activation;
  /** That of the cells' inputs. Default "[-2,2]". */
  g?: Activation;
  /** That of the cells' outputs. Default "[-1,1]". */
  h?: Activation;
  /** Which units have biases. Default "all". */
  bias?: "all" | "gates" | "none";
  /** The input gates' initial bias, one for all blocks or one each. A negative one prevents drift. Default: random like weights. */
  inputGateBias?: number | readonly number[];
  /** That of the output gates, in the same way. A negative one prevents abuse. Default: random like weights. */
  outputGateBias?: number | readonly number[];
  /** Initial weights are uniform in plus or minus this. Default 0.1. */
  range?: number;
  /** The share of cells that keep s(t-1), as `zoneout` does for the outputs. Default 0. */
  cellZoneout?: number;
}

const AROUND = {
  bidirectional: oneOf("concat", "sum"),
  direction: oneOf("forward", "reverse"),
  initial: initials("weights", "recurrent", "bias"),
  residual: oneOf("sum", "concat"),
  recurrentDropout: share,
  zoneout: share,
} as const satisfies Options;
const UNITS = { units: [size], ...AROUND } as const satisfies Options;
const squash = oneOf(...ACTIVATION_NAMES);
const finite = inBounds({ min: -1e6, max: 1e6 });
const biases: Check<number | number[]> = (path, value) =>
  (typeof value === "number" ? finite : each(finite, "a number, or one for each block"))(path, value);

/** The slope of a hard sigmoid. */
export const alphaIn = inBounds({ min: 0, aboveMin: true, max: 1e6 });
const GATES = {
  ...UNITS,
  inputActivation: squash,
  gateActivation: oneOf("logistic", "hardSigmoid"),
  alpha: alphaIn,
} as const satisfies Options;

export const OPTIONS = {
  rnn: { ...UNITS, activation: oneOf("tanh", "relu") },
  gru: { ...GATES, reset: oneOf("after", "before") },
  lstm: {
    ...GATES,
    peepholes: boolean,
    coupled: boolean,
    inputGate: boolean,
    forgetGate: boolean,
    outputGate: boolean,
    outputActivation: squash,
    fullGateRecurrence: boolean,
    projection: size,
    layerNorm: boolean,
    cellClip: positive,
    forgetBias: finite,
    chrono: integerIn(2, LARGEST),
    cellZoneout: share,
  },
  lstm97: {
    blocks: [size],
    cellsPerBlock: integerIn(1, 1024),
    ...AROUND,
    recurrence: oneOf("cells+gates", "cells", "none"),
    outputGate: boolean,
    f: squash,
    g: squash,
    h: squash,
    bias: oneOf("all", "gates", "none"),
    inputGateBias: biases,
    outputGateBias: biases,
    range: alphaIn,
    cellZoneout: share,
  },
} as const satisfies Record<string, Options>;
