/** What a model consists of underneath: its kernels, its memory, its parameters in it, and what is derived from them. */

import { fail } from "./check.js";
import type { Config } from "./config.js";
import { draw, PRESETS } from "./initializers.js";
import { compile, createKernels, type Kernels } from "./kernels.js";
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
  /** What the threads that work on the model share, once there are any. */
  shared: WebAssembly.Memory | null = null;
  /** Whether other threads are reading the parameters. */
  reading = false;

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

  /** Draws the initial parameters; each has its own random numbers, whatever the other layers are. */
  initialize(): void {
    const { seed, initial } = this.config;
    this.layout.parameters.forEach((parameter, index) => {
      const random = () => new Random(seed, PURPOSE.initialize, index);
      const { shape, role, fan } = parameter;
      const data = draw(this, parameter.initial ?? PRESETS[initial][role](fan), shape, random());
      for (const { from, values } of parameter.rows?.(this, random(), initial) ?? []) data.set(values, from);
      this.memory.pack(this.params, parameter, data);
    });
    this.refresh();
  }

  /** Moves everything to memory that threads can share. Pointers, streams and trainers stay what they are. */
  share(): void {
    if (this.shared) return;
    const { byteLength } = this.kernels.memory.buffer;
    this.shared = new WebAssembly.Memory({ initial: byteLength / 65536, maximum: 65536, shared: true });
    Object.assign(this.kernels, createKernels(compile("shared"), this.shared));
    this.memory.move(this.shared);
  }

  /** @throws Error if the parameters cannot be changed now */
  change(): void {
    if (this.reading) throw new Error("parameters cannot be changed while threads work with them: await what is under way");
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
