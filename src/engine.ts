/** What a model consists of underneath: its kernels, its memory, its parameters in it, and what is derived from them. */

import { fail } from "./check.js";
import type { Config } from "./config.js";
import { createKernels, type Kernels } from "./kernels.js";
import type { Parts } from "./layer.js";
import type { Layout } from "./layout.js";
import { planModel } from "./layout.js";
import { Memory } from "./memory.js";
import { PURPOSE, Random } from "./random.js";
import type { Tensor } from "./safetensors.js";

export class Engine implements Parts {
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
      const { shape, role, fan, fixed } = parameter;
      const [rows, columns = 1] = shape as [number, number?];
      // Embeddings are uniform with the variance 1 of PyTorch's normal.
      const bound = role === "embedding" ? Math.sqrt(3) : 1 / Math.sqrt(fan);
      const constant = role === "gain" ? 1 : role === "shift" ? 0 : undefined;
      const data = Float32Array.from({ length: rows * columns }, (_, i) => {
        const drawn = (2 * random.uniform() - 1) * bound;
        return fixed?.(Math.floor(i / columns)) ?? constant ?? drawn;
      });
      this.memory.pack(this.params, parameter, data);
    });
    this.refresh();
  }

  /** A copy of what lies in a region laid out as the parameters: their values, gradients or moments, by name. */
  tensors(region: number): Record<string, Tensor> {
    const { parameters } = this.layout;
    return Object.fromEntries(parameters.map((p) => [p.name, { shape: p.shape, data: this.memory.unpack(region, p) }]));
  }

  /** The inverse of tensors. */
  write(region: number, tensors: Record<string, Tensor>): void {
    for (const p of this.layout.parameters) this.memory.pack(region, p, (tensors[p.name] as Tensor).data);
  }

  /** Makes the derived region follow the parameters. */
  refresh(): void {
    for (const layer of this.layout.layers) layer.refresh?.(this);
  }
}
