/** Columns of a file of memcell's own, which stand in its metadata: no reader could tell them from the nodes that they become. */

import { fail, isRecord, type ModelConfig, parseJson, type Tensor } from "../interop/core.js";
import { type Spend, shapeOf, type View, valuesOf } from "./views.js";

export type Metadata = { key: string; value: string }[];

/** The input, the scale of its numbers, and the value of `units` numbers a step that the first layer takes. */
interface OwnInput {
  input: { columns: Record<string, unknown> };
  inputs?: unknown;
  from: string;
  units: number;
}

export function ownInput(metadata: Metadata): OwnInput | undefined {
  const text = metadata.find(({ key }) => key === "memcell")?.value;
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    ({ value } = parseJson(text));
  } catch {
    // Refused below: the value is no object.
  }
  const { input, from, units } = (isRecord(value) ? value : {}) as Partial<OwnInput>;
  const good = isRecord(input) && isRecord(input.columns) && typeof from === "string" && Number.isSafeInteger(units) && Number(units) > 0;
  return good ? (value as OwnInput) : fail(RangeError, "bytes", "the columns that toOnnx writes", "damaged metadata");
}

export function addColumns(
  { input, inputs }: OwnInput,
  config: ModelConfig,
  tensors: Record<string, Tensor>,
  values: Record<string, unknown>,
  spend: Spend,
): void {
  config.input = input as ModelConfig["input"];
  if (inputs) config.scaler = { ...config.scaler, inputs: inputs as NonNullable<NonNullable<ModelConfig["scaler"]>["inputs"]> };
  for (const column of Object.keys(input.columns)) {
    const name = `embedding.${column}.weight`;
    const table = values[name] as View | undefined;
    if (table?.dims && !table.steps) tensors[name] = { shape: shapeOf(table), data: Float32Array.from(valuesOf(table, spend)) };
  }
}
