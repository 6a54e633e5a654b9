/** The engine of an int8 model: parameters as their integers and scales say, and products by the integers. */

import { type Config, Engine, lanesFor, Network, type Tensor } from "../internal.js";
import { replaceProducts } from "./products.js";
import { weightsOf } from "./rows.js";

export class Int8Engine extends Engine {
  /** The scales of each matrix's rows, by its name. */
  readonly scales: ReadonlyMap<string, Float32Array>;

  /** @param tensors the parameters, each weight a multiple of its row's scale */
  constructor(config: Config, tensors: Record<string, Tensor>, scales: ReadonlyMap<string, Float32Array>, recorded: Engine["recorded"]) {
    super(config, { kernels: "plain" });
    this.scales = scales;
    this.recorded = recorded;
    this.write(this.params, tensors);
    this.refresh();
    const { memory, layout } = this;
    const regions = [memory.allocate(layout.params.bytes), memory.allocate(layout.derived.bytes)] as const;
    for (const parameter of layout.parameters) {
      const own = scales.get(parameter.name);
      if (!own) continue;
      const { data } = tensors[parameter.name] as Tensor;
      memory.pack(regions[0], parameter, weightsOf(parameter, new Uint8Array(data.length).fill(1), own).data);
    }
    const packed = replaceProducts(this, this.beside(...regions));
    const network = new Network(this, 1, lanesFor(1), "infer");
    memory.i32[network.lengths / 4] = 1;
    network.forward(1);
    network.release();
    packed();
    for (const region of regions) memory.release(region);
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
