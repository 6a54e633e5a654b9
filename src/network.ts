/** One window through all layers, forward and back: the kernels in the order in which data flows. */

import { fail, numbers } from "./check.js";
import type { Engine } from "./engine.js";
import type { Lanes, Mode } from "./lanes.js";
import { planWindow } from "./lanes.js";
import type { DensePlan, DropoutPlan, EmbeddingPlan, LayerPlan, RecurrentPlan, Table } from "./layout.js";
import { DENSE, pad4 } from "./layout.js";
import type { Loss, Run } from "./losses.js";
import { ruleOf } from "./losses.js";
import { keys } from "./random.js";

/** One layer at work in a window. All numbers are pointers; 0 stands for none. */
interface Stage {
  /** [T][P][rows][width] */
  output: number;
  /** Its gradient, same shape; 0 where none is needed. */
  gradient: number;
  forward(T: number, update: number): void;
  /** Adds to the gradients of the parameters in the region `gradients`, and writes the gradient of its input. */
  backward(T: number, update: number, gradients: number, full: boolean): void;
}

/** The recurrent state of one layer: `h` and `c` are [batch][units], row-major. */
export type State = Record<string, Float32Array>;

export class Network {
  readonly table: Table;
  readonly #engine: Engine;
  readonly #region: number;
  readonly #stages: Stage[] = [];
  readonly #output: Stage;
  /** For each sequence, where in T+1 slots its present state lies: at its own end, not in what padding made of it. */
  readonly ends: Int32Array;

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
    this.ends = new Int32Array(lanes.batch);
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
    const offset = this.table.offsets.get(name);
    return offset === undefined ? 0 : this.#region + offset;
  }

  /** [T][P][outputs][width] of the last layer. */
  get output(): number {
    return this.#output.output;
  }

  /**
   * A window forward: what each sequence goes on from (the kernels' `ends`, written by writeWindow) becomes slot 0, then each
   * layer runs.
   * @param update the number of the update being made, of which the dropout masks are a function
   */
  forward(T: number, update = 0): void {
    for (const stage of this.#stages) stage.forward(T, update);
  }

  /** The sum of the loss times `scale`; leaves the gradient of the outputs. Or what another kernel makes of the same panels. */
  loss(T: number, loss: Required<Loss>, scale: number, run?: Run): number {
    const { kernels, layout, memory } = this.#engine;
    const { panels, width } = this.lanes;
    const { output: y, gradient: dy } = this.#output;
    const { outputs: O } = layout;
    const rule = ruleOf(loss);
    const numbers = rule.perOutput?.(loss, O);
    const perOutput = numbers ? this.pointer("scratch") : 0;
    if (numbers) {
      memory.f32.fill(0, perOutput / 4, perOutput / 4 + pad4(O));
      memory.f32.set(numbers, perOutput / 4);
    }
    const [target, weight] = [this.pointer("target"), this.pointer("counts")];
    return (run ?? rule.run)(kernels, loss, { dy, y, target, weight, perOutput, sizes: [T * panels, O, width, scale] });
  }

  /**
   * @param gradients a region laid out as the parameters; adds to it
   * @param full whether errors flow back through the recurrent inputs, or through the cells alone
   */
  backward(T: number, update: number, gradients: number, full: boolean): void {
    for (let i = this.#stages.length - 1; i >= 0; i--) (this.#stages[i] as Stage).backward(T, update, gradients, full);
  }

  /** A copy of the present state, for each recurrent layer and kind [batch][units]. */
  readState(): State {
    const state: State = {};
    this.#eachState((name, units) => {
      state[name] = new Float32Array(this.lanes.batch * units);
    });
    this.#copy(state, false);
    return state;
  }

  /** Makes a state present that readState or checkState returned. */
  writeState(state: State): void {
    this.#copy(state, true);
  }

  /** @throws TypeError, RangeError if a state is missing, unknown, of another length or not finite */
  checkState(state: unknown): State {
    if (typeof state !== "object" || state === null) fail(TypeError, "state", "what state() returned", state);
    const given = new Map(Object.entries(state));
    const checked: State = {};
    this.#eachState((name, units) => {
      checked[name] = Float32Array.from(numbers(`state.${name}`, given.get(name), this.lanes.batch * units));
      given.delete(name);
    });
    for (const name of given.keys()) throw new RangeError(`"state.${name}" is not a state of this model`);
    return checked;
  }

  #eachState(visit: (name: string, units: number, pointer: number) => void): void {
    this.#engine.layout.layers.forEach((layer, position) => {
      if (layer.type !== "recurrent") return;
      for (const kind of layer.cell.states) visit(`${kind}_l${layer.index}`, layer.units, this.pointer(`${kind}${position}`) / 4);
    });
  }

  /** Between [batch][units] and [slot][panel][units][width], each sequence at its own slot. */
  #copy(state: State, write: boolean): void {
    const { f32 } = this.#engine.memory;
    const { width, panels, batch } = this.lanes;
    this.#eachState((name, units, pointer) => {
      const data = state[name] as Float32Array;
      const panel = pad4(units) * width;
      for (let b = 0; b < batch; b++) {
        const at = pointer + ((this.ends[b] as number) * panels + Math.floor(b / width)) * panel + (b % width);
        for (let u = 0, i = b * units; u < units; u++, i++) {
          if (write) f32[at + u * width] = data[i] as number;
          else data[i] = f32[at + u * width] as number;
        }
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
    const [ends, scratch, gradient] = [this.pointer("ends"), this.pointer("scratch"), this.pointer(`gradient${i}`)];
    const carried = states.map((state) => this.pointer(`${state}${i}`));
    const output = h + 4 * P * H * width;
    const weight = params + layer.weight;
    const table = layer.table;
    return {
      output,
      gradient,
      forward(T) {
        for (const state of carried) kernels.recurrentCarry(state, ends, P, layer.units, width);
        let bias = derived + layer.bias;
        if (table !== null) {
          kernels.embeddingForward(gates, below.output, params + table, bias, T * P, groups * H, width);
          bias = 0;
        }
        kernels.recurrentForward(h, c, gates, below.output, weight, bias, code, T, P, layer.features, layer.units, width);
      },
      // The gradient of the pre-activations takes the place of the gates: 2 MB less to walk through at H = 128, B = 32, T = 50.
      backward(T, _, gradients, full) {
        const [dw, dIh, dHh] = [gradients + layer.weight, gradients + layer.biasIh, gradients + layer.biasHh];
        kernels.recurrentBackward(gates, gradient, dc, gates, h, c, derived + layer.recurrentT, code, full, T, P, layer.units, width);
        kernels.weightGradient(dw, dIh, dHh, gates, below.output, h, scratch, code, groups * H, I, H, T * P, width);
        if (table !== null) {
          kernels.embeddingBackward(gradients + table, gates, below.output, scratch, code, T * P, groups * H, width);
        } else if (layer.inputT !== null) {
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
        if (layer.inputT !== null) {
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
    if (this.mode !== "train") return { ...below, forward() {}, backward() {} };
    const { kernels } = this.#engine;
    const [key0, key1] = keys(this.seed);
    const values = (T: number) => T * this.lanes.panels * pad4(layer.units) * this.lanes.width;
    const output = this.pointer(`output${i}`);
    const { gradient } = below;
    return {
      output,
      gradient,
      forward(T, update) {
        kernels.dropout(output, below.output, values(T), layer.rate, update, layer.index, key0, key1);
      },
      backward(T, update) {
        if (gradient !== 0) kernels.dropout(gradient, gradient, values(T), layer.rate, update, layer.index, key0, key1);
      },
    };
  }
}
