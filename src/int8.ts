/**
 * Models with weights of one byte: `memcell/int8`. A file is a quarter of the size, and a step takes about half the time. Each row of a
 * matrix has a scale; activations are rounded to 16 bits, or to 7 where asked for, each step anew; sums of products are those of integers,
 * so the bits are the same everywhere. Gates and states stay in single precision. After Jacob et al. 2018 (arXiv 1712.05877), with scales by row.
 */

import { type Activations, supports } from "./int8/compiled.js";
import { Int8Engine } from "./int8/engine.js";
import { QuantizedModel, type QuantizeReport } from "./int8/model.js";
import { checkRows, type Integers, isMatrix, roundRows, scaleRows, scalesOf, weightsOf } from "./int8/rows.js";
import {
  type AnySequence,
  checkConfig,
  checkLayers,
  checkLosses,
  checkSequences,
  checkTensor,
  clip,
  DTYPES,
  fail,
  isObject,
  type Losses,
  Model,
  oneOf,
  openSafetensors,
  options,
  planModel,
  readMetadata,
  type Tensor,
} from "./internal.js";

export type { Activations } from "./int8/compiled.js";
export type { QuantizedModel, QuantizeReport } from "./int8/model.js";

export interface Int8Options {
  /**
   * What activations are rounded to, each step anew. "int8" is a tenth to a quarter faster, and costs accuracy: `report` tells how much.
   * It needs an engine with relaxed SIMD (Node 22 and later, Deno, Bun, Chromium and Firefox have it; Node 20 does not, nor does memcell
   * take it in workerd), and gives the same bits in all of them. Default "int16", which runs everywhere.
   */
  activations?: Activations;
}

export interface QuantizeOptions extends Int8Options {
  /** Sequences on which the cost is measured, for the report. Default: none. */
  calibrate?: Iterable<AnySequence>;
  /** The loss to measure, if the calibration data has targets. Default: that of the model's last trainer. */
  loss?: Losses;
}

/** @throws RangeError if the engine cannot run them */
function checkActivations(value: unknown = "int16"): Activations {
  const activations = oneOf("int16", "int8")("activations", value);
  if (!supports(activations))
    fail(RangeError, "activations", '"int16", as this engine has no relaxed SIMD, which "int8" needs', activations);
  return activations;
}

/**
 * A model with the weights of another one, rounded to one byte each: for `predict`, `stream`, `streams`, `generate`, `evaluate` and a
 * batcher. It learns nothing, and the other one stays as it is. Layers of kind lstm97 save bytes in the file alone.
 * @returns the model, with the cost in its `report`
 * @throws TypeError, RangeError if the model is one of int8 weights already, has weights that are not finite, the calibration data does
 * not fit it, or the engine has no relaxed SIMD, which activations of one byte need
 * @example const small = quantize(model, { calibrate: test }); console.log(small.report); writeFileSync("model.int8.safetensors", small.save());
 * @example const { report } = quantize(model, { activations: "int8", calibrate: test }); // { largest, mean, loss: { before, after } }
 */
export function quantize<O = Float32Array>(model: Model<O>, quantizeOptions: QuantizeOptions = {}): QuantizedModel<O> {
  const engine = Model.engine("model", model).exact();
  const o = options("options", quantizeOptions, ["calibrate", "loss", "activations"]);
  const activations = checkActivations(o.activations);
  const loss = (o.loss ?? model.loss) as Losses | null;
  const losses = loss && checkLosses("loss", loss, engine);
  // They are read more than once.
  const given = o.calibrate as AnySequence[] | undefined;
  const calibrate = isObject(given) && Symbol.iterator in given ? [...given] : given;
  const taught =
    losses && (o.loss !== undefined || (Array.isArray(calibrate) && calibrate.every((sequence) => sequence?.targets !== undefined)));
  if (calibrate !== undefined) checkSequences("calibrate", calibrate, taught ? { engine, losses } : { engine });
  const parameters = model.parameters();
  const scales = new Map<string, Float32Array>();
  const integers = new Map<string, Integers>();
  for (const [name, tensor] of Object.entries(parameters)) {
    if (!isMatrix(tensor)) continue;
    const own = scaleRows(name, tensor);
    const rounded = roundRows(tensor, own);
    scales.set(name, own);
    integers.set(name, rounded);
    parameters[name] = weightsOf(tensor, rounded, own);
  }
  const quantized = new Int8Engine(engine.config, parameters, integers, scales, engine.recorded, activations);
  const after = new QuantizedModel<O>(quantized, null);
  if (calibrate === undefined) return after;
  const report: QuantizeReport = difference(flat(model.predict(calibrate)), flat(after.predict(calibrate)));
  if (taught && loss) report.loss = { before: model.evaluate(calibrate, { loss }).loss, after: after.evaluate(calibrate, { loss }).loss };
  return new QuantizedModel(quantized, report);
}

/** The outputs of all sequences, of every head. */
const flat = (outputs: unknown[]): Float32Array[] =>
  outputs.flatMap((output) => (output instanceof Float32Array ? [output] : Object.values(output as Record<string, Float32Array>)));

function difference(before: Float32Array[], after: Float32Array[]): { largest: number; mean: number } {
  let [largest, sum, count] = [0, 0, 0];
  before.forEach((outputs, i) =>
    outputs.forEach((output, k) => {
      const apart = Math.abs(output - (after[i]?.[k] as number));
      largest = Math.max(largest, apart);
      sum += apart;
      count++;
    }),
  );
  return { largest, mean: sum / count };
}

/** The tensors of a file, I8 ones as numbers. */
const READ = /* @__PURE__ */ new Map([...DTYPES, ["I8", { size: 1, read: (view: DataView, at: number) => view.getInt8(at) }]]);

/**
 * Loads the model from a file that the `save` of a model with int8 weights wrote. It has weights alone: activations are chosen here.
 * @throws TypeError, RangeError if the file is damaged, or does not hold exactly such a model; as `quantize` for activations of one byte
 * @example const small = loadQuantized(readFileSync("model.int8.safetensors"));
 */
export function loadQuantized<O = Float32Array>(bytes: Uint8Array | ArrayBuffer, int8Options: Int8Options = {}): QuantizedModel<O> {
  const activations = checkActivations(options("options", int8Options, ["activations"]).activations);
  const { tensors, metadata } = openSafetensors(bytes, READ);
  const { model: saved, loss, weights } = readMetadata(metadata);
  if (weights !== "int8") throw new RangeError('"bytes" is not a model with int8 weights: loadModel of memcell reads others');
  const config = checkConfig(checkLayers(saved, Object.keys(tensors).length));
  const layout = planModel(config);
  const recorded = loss === undefined ? null : checkLosses("metadata.memcell.loss", loss, { config, layout });
  const unused = new Set(Object.keys(tensors));
  const take = (name: string, shape: readonly number[]): Tensor => {
    unused.delete(name);
    return { shape, data: checkTensor(`tensors.${name}`, tensors[name], shape) };
  };
  // Shapes first, of all: a small file may claim a large model.
  const scales = new Map<string, Float32Array>();
  const integers = new Map<string, Integers>();
  const parameters: Record<string, Tensor> = Object.create(null);
  for (const { name, shape } of layout.parameters) {
    const tensor = take(name, shape);
    if (isMatrix(tensor)) {
      const { data } = take(scalesOf(name), [shape[0] as number]);
      checkRows(name, tensor.data, data);
      scales.set(name, data);
      integers.set(name, Int8Array.from(tensor.data));
    }
    parameters[name] = isMatrix(tensor) ? weightsOf(tensor, tensor.data, scales.get(name) as Float32Array) : tensor;
  }
  for (const name of unused) throw new RangeError(`"tensors.${clip(name)}" is no tensor of this model`);
  return new QuantizedModel(new Int8Engine(config, parameters, integers, scales, recorded, activations), null);
}
