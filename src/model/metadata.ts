/** What memcell says about a file in its metadata, beside the strings of the user's own. */

import { fail, integerIn, isObject } from "../core/check.js";
import { parseJson } from "../core/json.js";
import type { Config } from "./config.js";

/** What the metadata of files means: 2. Files of 0.1 do not say it. */
export const FORMAT = 2;

/** What is written. @param replacer as JSON's */
export function writeMetadata(
  { metadata, ...model }: Config,
  more: object = {},
  replacer?: (key: string, value: unknown) => unknown,
): Record<string, string> {
  return { ...metadata, memcell: JSON.stringify({ format: FORMAT, model, ...more }, replacer) };
}

/** The same, read, with its format. */
export function readMetadata({ memcell: text, ...metadata }: Record<string, string>): Record<string, unknown> {
  if (text === undefined) {
    throw new RangeError('"bytes" was not written by memcell: give the configuration, loadModel(bytes, { config })');
  }
  let value: unknown;
  try {
    ({ value } = parseJson(text));
  } catch {
    // Refused with what is no object.
  }
  if (!isObject(value)) throw new RangeError('"bytes" has damaged memcell metadata');
  const { format = 1, model, ...rest } = value as { format?: unknown; model?: unknown };
  return {
    ...rest,
    model: isObject(model) ? { ...model, metadata } : model,
    format: integerIn(1, FORMAT)("metadata.memcell.format", format),
  };
}

/**
 * Before layers are looked at: all but dropout, of which there is no more than one above another layer, and a tied layer have
 * tensors of their own, so a small file has few.
 */
export function checkLayers(model: unknown, tensors: number): unknown {
  const layers = isObject(model) && "layers" in model ? model.layers : undefined;
  const most = 2 * tensors + 2;
  if (Array.isArray(layers) && layers.length > most) {
    fail(RangeError, "layers", `at most ${most} layers, as the file has ${tensors} tensors`, layers);
  }
  return model;
}
