/** memcell's entry in a file's metadata, beside the user's own strings. */

import { fail, integerIn, isObject } from "../core/check.js";
import { parseJson } from "../core/json.js";
import { BARE, type Config } from "./config.js";
import type { Loss } from "./losses.js";

/** Version of memcell's entry: 2. Files of 0.1 have no version. */
export const FORMAT = 2;

/** The metadata to write. @param replacer as JSON's */
export function writeMetadata(
  { config: { metadata, ...model }, recorded: loss }: { config: Config; recorded: Required<Loss> | null },
  more: object = {},
  replacer?: (key: string, value: unknown) => unknown,
): Record<string, string> {
  return {
    ...metadata,
    memcell: JSON.stringify({ format: FORMAT, model, ...(loss && loss.type !== "custom" && { loss }), ...more }, replacer),
  };
}

/** Reads the metadata, with the version. */
export function readMetadata({ memcell: text, ...metadata }: Record<string, string>): Record<string, unknown> {
  if (text === undefined) {
    throw new RangeError('"bytes" was not written by memcell: give the configuration, loadModel(bytes, { config })');
  }
  let value: unknown;
  try {
    ({ value } = parseJson(text));
  } catch {
    // Refused below: the value is no object.
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
 * Limits the layers before they are checked: a file with few tensors must have few layers. All kinds have tensors of their own but a
 * tied layer, of which there is only one, and layers without parameters, of which few stand on each other.
 */
export function checkLayers(model: unknown, tensors: number): unknown {
  const layers = isObject(model) && "layers" in model ? model.layers : undefined;
  const most = (BARE + 1) * (tensors + 1) + BARE;
  if (Array.isArray(layers) && layers.length > most) {
    fail(RangeError, "layers", `at most ${most} layers, as the file has ${tensors} tensors`, layers);
  }
  return model;
}
