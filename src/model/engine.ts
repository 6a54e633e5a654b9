/** The lower level of a model: its kernels, its memory, its parameters there, and the values derived from them. */

import { fail, oneOf, options } from "../core/check.js";
import { compile, complete, supports, type Variant, whole } from "../core/compiled.js";
import { createKernels, type Kernels } from "../core/kernels.js";
import type { EngineParts } from "../core/memory.js";
import { Memory } from "../core/memory.js";
import { PURPOSE, Random } from "../core/random.js";
import type { Tensor } from "../core/safetensors.js";
import { draw, PRESETS } from "../layers/initializers.js";
import type { Config } from "./config.js";
import type { Layout } from "./layout.js";
import { planModel } from "./layout.js";
import type { Loss } from "./losses.js";
import { type Scale, scaleOfOutputs } from "./scale.js";

/** The environment in which a model runs: not saved with it. */
export interface Environment {
  /** The compiled `memcell/memcell.wasm`, where compiling at run time is forbidden. Default: the one inside the package. */
  module?: WebAssembly.Module;
  /**
   * "relaxed": with fused multiply-add and a larger tile, which is faster; the last bits may differ from one machine to another. An engine
   * without relaxed SIMD, or one that spills that tile (Node 22), gets the plain kernels; `model.engine` tells which run. Default
   * "plain": the same bits everywhere.
   */
  kernels?: "plain" | "relaxed";
}

export function checkEnvironment(environment: unknown): Environment {
  const { module, kernels = "plain" } = options("environment", environment, ["module", "kernels"]);
  const variant = oneOf("plain", "relaxed")("kernels", kernels);
  if (module !== undefined && variant !== "plain")
    fail(RangeError, "kernels", '"plain" together with a module, which is what it is', kernels);
  return { ...(module !== undefined && { module: module as WebAssembly.Module }), kernels: variant };
}

export class Engine implements EngineParts {
  readonly kernels: Kernels;
  readonly memory: Memory;
  /** Regions. */
  readonly params: number;
  readonly derived: number;
  /** For each head the conversion of its outputs to the targets' units. */
  units: (Scale | undefined)[];
  /** Whether the kernels are those for relaxed SIMD. */
  readonly relaxed: boolean;
  /** Whether it has the kernels that learn. */
  #learns: boolean;
  /** Shared memory; null while single-threaded. */
  shared: WebAssembly.Memory | null = null;
  /** Whether other threads are reading the parameters. */
  reading = false;
  /** Whether the transposed recurrent weights are those of older parameters. */
  behind = false;
  /** The losses of the model's last trainer, one for each head; null for none. */
  recorded: readonly Required<Loss>[] | null = null;

  constructor(
    /** Replaced when a running scaler moves. */
    public config: Config,
    { module, kernels }: Environment,
    readonly layout: Layout = planModel(config),
  ) {
    this.units = this.#unitsOf(config);
    this.relaxed = kernels === "relaxed" && supports("relaxed");
    this.kernels = createKernels(module ?? compile(...this.#variants));
    this.#learns = module !== undefined || whole();
    this.memory = new Memory(this.kernels);
    this.params = this.memory.allocate(this.layout.params.bytes);
    this.derived = this.memory.allocate(this.layout.derived.bytes);
  }

  /** Replaces the scaler. */
  rescale(scaler: Config["scaler"]): void {
    this.config = Object.freeze({ ...this.config, scaler });
    this.units = this.#unitsOf(this.config);
  }

  #unitsOf({ scaler }: Config): (Scale | undefined)[] {
    return this.layout.heads.map((head) => scaleOfOutputs(scaler, head));
  }

  /** Draws the initial parameters. Each has random numbers of its own, whatever the other layers are. */
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

  get #variants(): Variant[] {
    return this.relaxed ? ["relaxed"] : [];
  }

  /** The compiled kernels for threads. */
  get threaded(): WebAssembly.Module {
    return compile(...this.#variants, "shared");
  }

  /** Moves everything to memory that threads can share. Pointers, streams and trainers stay valid. */
  share(): void {
    if (this.shared) return;
    const { byteLength } = this.kernels.memory.buffer;
    this.shared = new WebAssembly.Memory({ initial: byteLength / 65536, maximum: 65536, shared: true });
    this.#move(createKernels(this.threaded, this.shared));
  }

  /** Adds the kernels that learn. Pointers, streams and trainers stay valid. @param learning their code, which compiled.ts has */
  learn(learning: string): void {
    complete(learning);
    if (this.#learns) return;
    this.#learns = true;
    this.#move(this.shared ? createKernels(this.threaded, this.shared) : createKernels(compile(...this.#variants)));
  }

  #move(kernels: Kernels): void {
    this.memory.move(kernels.memory);
    Object.assign(this.kernels, kernels);
  }

  /** The same engine with parameters in another region, and one of its own for the values derived from them. */
  beside(params: number, derived: number): Engine {
    const engine: Engine = Object.create(this, { params: { value: params }, derived: { value: derived } });
    engine.refresh();
    return engine;
  }

  /** The engine, for what needs parameters of single precision: training, threads. An int8 model refuses. */
  exact(): Engine {
    return this;
  }

  /** @throws Error if the parameters cannot be changed now */
  change(): void {
    if (this.reading) throw new Error("parameters cannot be changed while threads work with them: await what is under way");
  }

  /** Copies a region laid out as the parameters (values, gradients or moments) to tensors by name. */
  tensors(region: number): Record<string, Tensor> {
    const { parameters } = this.layout;
    return Object.fromEntries(parameters.map((p) => [p.name, { shape: p.shape, data: this.memory.unpack(region, p) }]));
  }

  /** The inverse of tensors. */
  write(region: number, tensors: Record<string, Tensor>): void {
    for (const p of this.layout.parameters) this.memory.pack(region, p, (tensors[p.name] as Tensor).data);
  }

  /**
   * Recomputes the derived region from the parameters.
   * @param flows false leaves out the transposed recurrent weights, which are needed only where errors flow back through them; `ready`
   * makes up for it
   */
  refresh(flows = true): void {
    for (const layer of this.layout.layers) layer.refresh?.(this, flows);
    this.behind = !flows;
  }

  /** Call before errors flow back through the recurrent weights. */
  ready(): void {
    if (this.behind) this.refresh();
  }
}
