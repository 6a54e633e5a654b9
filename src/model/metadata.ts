/** memcell's entry in a file's metadata, beside the user's own strings. */

import { fail, integerIn, isObject, isRecord } from "../core/check.js";
import { parseJson } from "../core/json.js";
import { BARE, type Config } from "./config.js";
import type { Layout } from "./layout.js";
import type { Loss } from "./losses.js";
import { plainLosses } from "./objective.js";

/** Version of memcell's entry: 2. Files of 0.1 have no version. */
export const FORMAT = 2;

/** The metadata to write. @param replacer as JSON's */
export function writeMetadata(
  { config: { metadata, ...model }, layout, recorded }: { config: Config; layout: Layout; recorded: readonly Required<Loss>[] | null },
  more: object = {},
  replacer?: (key: string, value: unknown) => unknown,
): Record<string, string> {
  // No file could hold a function.
  const loss = recorded?.every(({ type }) => type !== "custom") && plainLosses(layout, recorded);
  return { ...metadata, memcell: JSON.stringify({ format: FORMAT, model, ...(loss && { loss }), ...more }, replacer) };
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
 * Limits layers and heads before they are checked: a file with few tensors must have few of them. All kinds have tensors of their own but
 * a tied layer, of which there is only one, and layers without parameters, of which few stand on each other.
 */
export function checkLayers(model: unknown, tensors: number): unknown {
  const { layers, heads } = Object(model) as { layers?: unknown; heads?: unknown };
  const most = (BARE + 1) * (tensors + 1) + BARE;
  if (Array.isArray(layers) && layers.length > most) {
    fail(RangeError, "layers", `at most ${most} layers, as the file has ${tensors} tensors`, layers);
  }
  if (isRecord(heads) && Object.keys(heads).length > tensors + 1) {
    fail(RangeError, "heads", `at most ${tensors + 1}, as the file has ${tensors} tensors`, heads);
  }
  return model;
}
