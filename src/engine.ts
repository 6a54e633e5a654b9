/** What a model consists of underneath: its kernels, its memory, its parameters in it, and what is derived from them. */

import { fail } from "./check.js";
import type { Kernels } from "./kernels.js";
import { createKernels } from "./kernels.js";
import type { Config } from "./layers.js";
import type { Layout } from "./layout.js";
import { pad4, planModel } from "./layout.js";
import { Memory } from "./memory.js";
import { PURPOSE, Random } from "./random.js";
import type { Tensor } from "./safetensors.js";

export class Engine {
  readonly layout: Layout;
  readonly kernels: Kernels;
  readonly memory: Memory;
  /** Regions. */
  readonly params: number;
  readonly derived: number;

  constructor(
    readonly config: Config,
    readonly module: WebAssembly.Module | undefined,
  ) {
    this.layout = planModel(config);
    const { targets } = config.scaler;
    const { outputs } = this.layout;
    if (targets && targets.mean.length !== outputs) fail(RangeError, "scaler.targets.mean", `${outputs} numbers`, targets.mean);
    this.kernels = createKernels(module);
    this.memory = new Memory(this.kernels);
    this.params = this.memory.allocate(this.layout.params.bytes);
    this.derived = this.memory.allocate(this.layout.derived.bytes);
  }

  /** PyTorch's initial distributions; each parameter has its own random numbers, whatever the other layers are. */
  initialize(): void {
    this.layout.parameters.forEach((parameter, index) => {
      const random = new Random(this.config.seed, PURPOSE.initialize, index);
      const length = parameter.shape.reduce((product, n) => product * n, 1);
      const data = Float32Array.from({ length }, () => (2 * random.uniform() - 1) * parameter.bound);
      this.memory.pack(this.params, parameter, data);
    });
    this.refresh();
  }

  /** A copy of what lies in a region laid out as the parameters: their values, gradients or moments, by name. */
  tensors(region: number): Record<string, Tensor> {
    const { parameters } = this.layout;
    return Object.fromEntries(parameters.map((p) => [p.name, { shape: p.shape, data: this.memory.unpack(region, p) }]));
  }

  /** Makes the derived region follow the parameters. */
  refresh(): void {
    const { kernels, params, derived } = this;
    for (const layer of this.layout.layers) {
      if (layer.type === "recurrent") {
        const { groups } = layer.cell;
        const rows = groups * pad4(layer.units);
        const I = pad4(layer.features);
        const H = pad4(layer.units);
        const weight = params + layer.weight;
        kernels.recurrentBias(derived + layer.bias, params + layer.biasIh, params + layer.biasHh, rows);
        kernels.transposeWeights(derived + layer.recurrentT, weight, groups, rows, I, H, I + H);
        if (layer.inputT !== null) kernels.transposeWeights(derived + layer.inputT, weight, groups, rows, 0, I, I + H);
      } else if (layer.type === "dense" && layer.inputT !== null) {
        const I = pad4(layer.inputs);
        kernels.transposeWeights(derived + layer.inputT, params + layer.weight, 1, pad4(layer.units), 0, I, I);
      }
    }
  }
}
