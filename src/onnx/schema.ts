/** The messages of an ONNX file, as far as they are read (github.com/onnx/onnx/blob/main/onnx/onnx.proto). */

import type { Schema } from "./messages.js";

export interface TensorProto {
  dims: number[];
  type: number;
  name: string;
  /** The numbers as bytes, or one by one, if they are integers. */
  raw?: Uint8Array;
  ints: number[];
  /** 1 if they are in another file. */
  location?: number;
}

export interface NodeProto {
  inputs: string[];
  outputs: string[];
  name?: string;
  op: string;
  domain?: string;
  attributes: AttributeProto[];
}

export interface AttributeProto {
  name: string;
  /** The name of the attribute of the function that has its value. */
  of?: string;
  f?: number;
  i?: number;
  s?: string;
  t?: TensorProto;
  g?: GraphProto;
  floats: number[];
  ints: number[];
  strings: string[];
}

export interface ValueProto {
  name: string;
  type?: { tensor?: { type: number; shape?: { dims: { size?: number; name?: string }[] } } };
}

/** A function of the file's own: names of what goes in and out, and of attributes. */
export interface FunctionProto {
  name: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  nodes: NodeProto[];
  defaults: AttributeProto[];
}

export interface GraphProto {
  nodes: NodeProto[];
  tensors: TensorProto[];
  inputs: ValueProto[];
  outputs: ValueProto[];
  values: ValueProto[];
}

const TENSOR: Schema = {
  1: ["dims*", "number"],
  2: ["type", "number"],
  4: ["raw", "bytes"],
  5: ["ints*", "number"],
  7: ["ints*", "number"],
  8: ["name", "text"],
  9: ["raw", "bytes"],
  10: ["raw", "bytes"],
  14: ["location", "number"],
};
const ATTRIBUTE: Schema = {
  1: ["name", "text"],
  2: ["f", "float"],
  3: ["i", "number"],
  4: ["s", "text"],
  5: ["t", () => TENSOR],
  6: ["g", () => GRAPH],
  7: ["floats*", "float"],
  8: ["ints*", "number"],
  9: ["strings*", "text"],
  21: ["of", "text"],
};
const NODE: Schema = {
  1: ["inputs*", "text"],
  2: ["outputs*", "text"],
  3: ["name", "text"],
  4: ["op", "text"],
  5: ["attributes*", () => ATTRIBUTE],
  7: ["domain", "text"],
};
const DIMENSION: Schema = { 1: ["size", "number"], 2: ["name", "text"] };
const SHAPE: Schema = { 1: ["dims*", () => DIMENSION] };
const ARRAY: Schema = { 1: ["type", "number"], 2: ["shape", () => SHAPE] };
const TYPE: Schema = { 1: ["tensor", () => ARRAY] };
const VALUE: Schema = { 1: ["name", "text"], 2: ["type", () => TYPE] };
const GRAPH: Schema = {
  1: ["nodes*", () => NODE],
  5: ["tensors*", () => TENSOR],
  11: ["inputs*", () => VALUE],
  12: ["outputs*", () => VALUE],
  13: ["values*", () => VALUE],
};
const ENTRY: Schema = { 1: ["key", "text"], 2: ["value", "text"] };
const FUNCTION: Schema = {
  1: ["name", "text"],
  4: ["inputs*", "text"],
  5: ["outputs*", "text"],
  7: ["nodes*", () => NODE],
  10: ["domain", "text"],
  11: ["defaults*", () => ATTRIBUTE],
};
export const MODEL: Schema = { 7: ["graph", () => GRAPH], 14: ["metadata*", () => ENTRY], 25: ["functions*", () => FUNCTION] };
