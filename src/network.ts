/** One window through all layers, forward and back: the kernels in the order in which data flows. */

import { fail, numbers } from "./check.js";
import type { Engine } from "./engine.js";
import type { DensePlan, DropoutPlan, EmbeddingPlan, Lanes, LayerPlan, Mode, RecurrentPlan, Table } from "./layout.js";
import { DENSE, pad4, planWindow } from "./layout.js";
import type { Loss } from "./losses.js";
import { keys } from "./random.js";

/** One layer at work in a window. All numbers are pointers; 0 stands for none. */
interface Stage {
  /** [T][P][rows][width] */
  output: number;
  /** Its gradient, same shape; 0 where none is needed. */
  gradient: number;
  forward(T: number, window: number): void;
  /** Adds to the gradients of the parameters in the region `gradients`, and writes the gradient of its input. */
  backward(T: number, window: number, gradients: number): void;
  carry?(slot: number): void;
}

/** The recurrent state of one layer: `h` and `c` are [batch][units], row-major. */
export type State = Record<string, Float32Array>;

export class Network {
  readonly table: Table;
  readonly #engine: Engine;
  readonly #region: number;
  readonly #stages: Stage[] = [];
  readonly #output: Stage;
  /** Where in T+1 slots the present state lies. */
  #slot = 0;

  constructor(
    engine: Engine,
    /** The longest window. */
    readonly T: number,
    readonly lanes: Lanes,
    readonly mode: Mode,
    /** Of the dropout masks. */
    readonly seed = 0,
  ) {
    this.#engine = engine;
    const { config, layout, kernels, memory } = engine;
    const rows = layout.layers.map((layer) => pad4(layer.units) * (layer.type === "recurrent" ? layer.cell.groups : 1));
    this.table = planWindow(config, layout, T, lanes, mode, kernels.weightGradientScratch(Math.max(...rows)));
    this.#region = memory.allocate(this.table.bytes);
    let below: Stage = { output: this.pointer("input"), gradient: 0, forward() {}, backward() {} };
    layout.layers.forEach((layer, i) => {
      below = this.#stage(layer, i, below);
      this.#stages.push(below);
    });
    this.#output = below;
  }

  /** Gives the memory back. */
  release(): void {
    this.#engine.memory.release(this.#region);
  }

  pointer(name: string): number {
    const row = this.table.rows.get(name);
    return row ? this.#region + row.offset : 0;
  }

  /** [T][P][outputs][width] of the last layer. */
  get output(): number {
    return this.#output.output;
  }

  /** What the window before left becomes the start of this one, for the sequences marked in `going`. */
  carry(): void {
    for (const stage of this.#stages) stage.carry?.(this.#slot);
    this.#slot = 0;
  }

  /** @param window the number of the window, of which the dropout masks are a function */
  forward(T: number, window = 0): void {
    for (const stage of this.#stages) stage.forward(T, window);
    this.#slot = T;
  }

  /** The loss times `scale`; leaves the gradient of the outputs. */
  loss(T: number, loss: Loss, scale: number): number {
    const { kernels, layout } = this.#engine;
    const { panels, width } = this.lanes;
    const { output, gradient } = this.#output;
    const kernel = { mse: kernels.meanSquaredError, crossEntropy: kernels.softmaxCrossEntropy }[loss.type];
    const [target, counts] = [this.pointer("target"), this.pointer("counts")];
    return kernel(gradient, output, target, counts, T * panels, layout.outputs, width, scale);
  }

  /** @param gradients a region laid out as the parameters; adds to it */
  backward(T: number, window: number, gradients: number): void {
    for (let i = this.#stages.length - 1; i >= 0; i--) (this.#stages[i] as Stage).backward(T, window, gradients);
  }

  /** A copy of the present state. */
  readState(): State {
    const state: State = {};
    this.#eachState((name, at, units) => {
      const data = new Float32Array(this.lanes.batch * units);
      for (let i = 0; i < data.length; i++) data[i] = this.#engine.memory.f32[at(i)] as number;
      state[name] = data;
    });
    return state;
  }

  /** @throws TypeError, RangeError if a state is missing, unknown, of another length or not finite; then nothing changes */
  writeState(state: unknown): void {
    if (typeof state !== "object" || state === null) fail(TypeError, "state", "what state() returned", state);
    const given = new Map(Object.entries(state));
    const checked: [(i: number) => number, ArrayLike<number>][] = [];
    this.#eachState((name, at, units) => {
      checked.push([at, numbers(`state.${name}`, given.get(name), this.lanes.batch * units)]);
      given.delete(name);
    });
    for (const name of given.keys()) throw new RangeError(`"state.${name}" is not a state of this model`);
    for (const [at, data] of checked) {
      for (let i = 0; i < data.length; i++) this.#engine.memory.f32[at(i)] = data[i] as number;
    }
  }

  /** All states zero: every sequence begins. */
  resetState(): void {
    this.#eachState((_, at, units) => {
      for (let i = 0; i < this.lanes.batch * units; i++) this.#engine.memory.f32[at(i)] = 0;
    });
  }

  /** For each state its name, and where number i of [batch][units] lies among the floats of the memory. */
  #eachState(visit: (name: string, at: (i: number) => number, units: number) => void): void {
    const { width, panels } = this.lanes;
    this.#engine.layout.layers.forEach((layer, position) => {
      if (layer.type !== "recurrent") return;
      const { units } = layer;
      for (const kind of layer.cell.states) {
        const start = this.pointer(`${kind}${position}`) / 4 + this.#slot * panels * pad4(units) * width;
        const at = (i: number) => {
          const sequence = Math.floor(i / units);
          const panel = Math.floor(sequence / width);
          return start + (panel * pad4(units) + (i % units)) * width + (sequence % width);
        };
        visit(`${kind}_l${layer.index}`, at, units);
      }
    });
  }

  /** A new kind of layer is a line here and a method below. */
  #stage(layer: LayerPlan, i: number, below: Stage): Stage {
    switch (layer.type) {
      case "recurrent":
        return this.#recurrent(layer, i, below);
      case "dense":
        return this.#dense(layer, i, below);
      case "embedding":
        return this.#embedding(layer, i, below);
      case "dropout":
        return this.#dropout(layer, i, below);
    }
  }

  #recurrent(layer: RecurrentPlan, i: number, below: Stage): Stage {
    const { kernels, params, derived } = this.#engine;
    const { width, panels: P } = this.lanes;
    const { code, groups, states } = layer.cell;
    const H = pad4(layer.units);
    const I = pad4(layer.features);
    const [h, c, gates, dc] = [`h${i}`, `c${i}`, `gates${i}`, `dc${i}`].map((name) => this.pointer(name)) as [
      number,
      number,
      number,
      number,
    ];
    const [going, scratch, gradient] = [this.pointer("going"), this.pointer("scratch"), this.pointer(`gradient${i}`)];
    const carried = states.map((state) => this.pointer(`${state}${i}`));
    const output = h + 4 * P * H * width;
    const weight = params + layer.weight;
    const table = layer.table;
    return {
      output,
      gradient,
      carry(slot) {
        for (const state of carried) kernels.recurrentCarry(state, going, slot, P, layer.units, width);
      },
      forward(T) {
        let bias = derived + layer.bias;
        if (table !== null) {
          kernels.embeddingForward(gates, below.output, params + table, bias, T * P, groups * H, width);
          bias = 0;
        }
        kernels.recurrentForward(h, c, gates, below.output, weight, bias, code, T, P, layer.features, layer.units, width);
      },
      // The gradient of the pre-activations takes the place of the gates: 2 MB less to walk through at H = 128, B = 32, T = 50.
      backward(T, _, gradients) {
        const [dw, dIh, dHh] = [gradients + layer.weight, gradients + layer.biasIh, gradients + layer.biasHh];
        kernels.recurrentBackward(gates, gradient, dc, gates, h, c, derived + layer.recurrentT, code, T, P, layer.units, width);
        kernels.weightGradient(dw, dIh, dHh, gates, below.output, h, scratch, code, groups * H, I, H, T * P, width);
        if (table !== null) {
          kernels.embeddingBackward(gradients + table, gates, below.output, scratch, code, T * P, groups * H, width);
        } else if (below.gradient !== 0 && layer.inputT !== null) {
          kernels.inputGradient(below.gradient, gates, derived + layer.inputT, T * P, I, groups * H, width);
        }
      },
    };
  }

  #dense(layer: DensePlan, i: number, below: Stage): Stage {
    const { kernels, params, derived } = this.#engine;
    const { width, panels: P } = this.lanes;
    const I = pad4(layer.inputs);
    const O = pad4(layer.units);
    const [output, gradient, scratch] = [this.pointer(`output${i}`), this.pointer(`gradient${i}`), this.pointer("scratch")];
    return {
      output,
      gradient,
      forward(T) {
        kernels.denseForward(output, below.output, params + layer.weight, params + layer.bias, T * P, I, O, width);
      },
      backward(T, _, gradients) {
        const [dw, db] = [gradients + layer.weight, gradients + layer.bias];
        kernels.weightGradient(dw, db, 0, gradient, below.output, 0, scratch, DENSE, O, I, 0, T * P, width);
        if (below.gradient !== 0 && layer.inputT !== null) {
          kernels.inputGradient(below.gradient, gradient, derived + layer.inputT, T * P, I, O, width);
        }
      },
    };
  }

  #embedding(layer: EmbeddingPlan, i: number, below: Stage): Stage {
    const { kernels, params } = this.#engine;
    const { width, panels: P } = this.lanes;
    const N = pad4(layer.units);
    const [output, gradient, scratch] = [this.pointer(`output${i}`), this.pointer(`gradient${i}`), this.pointer("scratch")];
    return {
      output,
      gradient,
      forward(T) {
        kernels.embeddingForward(output, below.output, params + layer.table, 0, T * P, N, width);
      },
      backward(T, _, gradients) {
        kernels.embeddingBackward(gradients + layer.table, gradient, below.output, scratch, DENSE, T * P, N, width);
      },
    };
  }

  /** Away from training, dropout is its input. In the backward pass it works in place, on the gradient of the layer below. */
  #dropout(layer: DropoutPlan, i: number, below: Stage): Stage {
    if (this.mode !== "train") return { ...below, forward() {}, backward() {}, carry() {} };
    const { kernels } = this.#engine;
    const [key0, key1] = keys(this.seed);
    const values = (T: number) => T * this.lanes.panels * pad4(layer.units) * this.lanes.width;
    const output = this.pointer(`output${i}`);
    const { gradient } = below;
    return {
      output,
      gradient,
      forward(T, window) {
        kernels.dropout(output, below.output, values(T), layer.rate, window, layer.index, key0, key1);
      },
      backward(T, window) {
        if (gradient !== 0) kernels.dropout(gradient, gradient, values(T), layer.rate, window, layer.index, key0, key1);
      },
    };
  }
}
