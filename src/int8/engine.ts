/** The engine of an int8 model: parameters as their integers and scales say, and products by the integers. */

import { type Config, Engine, type Tensor } from "../internal.js";
import type { Activations } from "./compiled.js";
import { copyFloats, isPacked, layoutWithout, standIn } from "./layout.js";
import { movePacks, packAll } from "./packing.js";
import { replaceProducts } from "./products.js";
import { type Integers, weightsOf } from "./rows.js";

const PLAIN = { kernels: "plain" } as const;

export class Int8Engine extends Engine {
  /** The scales of each matrix's rows, by its name. */
  readonly scales: ReadonlyMap<string, Float32Array>;
  /** The integers of the matrices that are packed: they have no floats. */
  readonly integers: ReadonlyMap<string, Integers>;

  /**
   * @param tensors the parameters, each weight a multiple of its row's scale
   * @param integers which one, for each matrix
   */
  constructor(
    config: Config,
    tensors: Record<string, Tensor>,
    integers: ReadonlyMap<string, Integers>,
    scales: ReadonlyMap<string, Float32Array>,
    recorded: Engine["recorded"],
    readonly activations: Activations,
  ) {
    // In single precision, until its matrices are packed.
    const whole = new Engine(config, PLAIN);
    whole.write(whole.params, tensors);
    whole.refresh();
    const placed = Array.from(scales, ([name, own]) => {
      const { shape, data } = tensors[name] as Tensor;
      return [name, weightsOf({ shape }, new Uint8Array(data.length).fill(1), own)] as const;
    });
    const packs = packAll(whole, activations, new Map(placed));
    super(config, PLAIN, layoutWithout([...packs.keys()], whole));
    copyFloats(whole, this);
    const moved = movePacks(packs, whole, this, (w) => standIn(w, whole, this));
    replaceProducts(this, activations, moved);
    const { parameters } = this.layout;
    this.integers = new Map(parameters.filter(isPacked).map(({ name }) => [name, integers.get(name) as Integers]));
    this.scales = scales;
    this.recorded = recorded;
  }

  override tensors(region: number): Record<string, Tensor> {
    const one = (parameter: (typeof this.layout.parameters)[number]): Tensor => {
      const { name, shape } = parameter;
      const integers = this.integers.get(name);
      if (!integers) return { shape, data: this.memory.unpack(region, parameter) };
      return weightsOf({ shape }, integers, this.scales.get(name) as Float32Array);
    };
    return Object.fromEntries(this.layout.parameters.map((parameter) => [parameter.name, one(parameter)]));
  }

  override exact(): never {
    throw new TypeError('"model" expected a model that can be trained, got an int8 model: train the one that it was made of');
  }

  override change(): never {
    throw new TypeError("the parameters of an int8 model cannot be set: quantize the model that has the new ones");
  }

  override share(): never {
    throw new TypeError("an int8 model runs on one thread");
  }
}
