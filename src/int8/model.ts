/** A model with int8 weights: all of a model but learning. */

import { assemble, Model, type Tensor, writeMetadata } from "../internal.js";
import type { Activations } from "./compiled.js";
import type { Int8Engine } from "./engine.js";
import { roundRows, scalesOf } from "./rows.js";

/** The cost of int8 weights, measured on the calibration data. */
export interface QuantizeReport {
  /** The largest and the mean difference of an output from that of the model in single precision, in your units. */
  largest: number;
  mean: number;
  /** The loss of both on data with targets; absent without targets, or without a loss. */
  loss?: { before: number; after: number };
}

/** Made by `quantize` and `loadQuantized`. Its `parameters()` are the weights that its integers stand for. */
export class QuantizedModel<O = Float32Array> extends Model<O> {
  /** The cost that `quantize` measured; null without calibration data, and for a model from a file. */
  readonly report: QuantizeReport | null;
  readonly #engine: Int8Engine;

  /** The integers that activations are rounded to. It is not saved: a file has weights alone. */
  get activations(): Activations {
    return this.#engine.activations;
  }

  /** @internal */
  constructor(engine: Int8Engine, report: QuantizeReport | null) {
    super(engine);
    this.#engine = engine;
    this.report = report;
  }

  /**
   * The model as a safetensors file of a quarter of the size: matrices as I8 tensors, each with the F32 scales of its rows beside it
   * (`weight_hh_l0_scale`), vectors as F32. `loadQuantized` reads it.
   * @example writeFileSync("model.int8.safetensors", small.save());
   */
  override save(): Uint8Array<ArrayBuffer> {
    const float = (name: string, { shape, data }: Tensor) => ({
      name,
      dtype: "F32",
      shape,
      size: 4 * data.length,
      write: (view: DataView, at: number) => data.forEach((value, i) => view.setFloat32(at + 4 * i, value, true)),
    });
    const vectors: ReturnType<typeof float>[] = [];
    const matrices: ReturnType<typeof float>[] = [];
    for (const [name, tensor] of Object.entries(this.parameters())) {
      const scales = this.#engine.scales.get(name);
      if (!scales) {
        vectors.push(float(name, tensor));
        continue;
      }
      const integers = this.#engine.integers.get(name) ?? roundRows(tensor, scales);
      const write = ({ buffer, byteOffset }: DataView, at: number) => new Int8Array(buffer, byteOffset).set(integers, at);
      vectors.push(float(scalesOf(name), { shape: [scales.length], data: scales }));
      matrices.push({ name, dtype: "I8", shape: tensor.shape, size: integers.length, write });
    }
    // Numbers of four bytes lie first, so that they lie at multiples of four.
    return assemble([...vectors, ...matrices], writeMetadata(this.#engine, { weights: "int8" }));
  }
}
