/** ONNX Runtime, native in Node or in WebAssembly, and what it makes of memcell's sequences. */

import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-web";

export type Runtime = Awaited<ReturnType<typeof runtime>>;
export type Feeds = Record<string, Tensor>;

export async function runtime(platform: "node" | "web") {
  const ort = await (platform === "node" ? import("onnxruntime-node") : import("onnxruntime-web"));
  if (platform === "web") ort.env.wasm.numThreads = 1;
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
  return {
    about: `onnxruntime-${platform} ${ort.env.versions[platform]}`,
    open: (bytes: Uint8Array): Promise<InferenceSession> => ort.InferenceSession.create(bytes, options),
    floats: (data: ArrayLike<number>, dims: readonly number[]): Tensor => new ort.Tensor("float32", Float32Array.from(data), dims),
    int32: (data: ArrayLike<number>, dims: readonly number[]): Tensor => new ort.Tensor("int32", Int32Array.from(data), dims),
    int64: (data: ArrayLike<number>, dims: readonly number[]): Tensor =>
      new ort.Tensor("int64", BigInt64Array.from(Array.from(data, BigInt)), dims),
  };
}

/** Sequences as one tensor [T, B, ...], shorter ones filled up. */
export function batched({ floats, int64 }: Runtime, sequences: readonly number[][], per: number, tokens: boolean): Tensor {
  const T = Math.max(...sequences.map(({ length }) => length / per));
  const B = sequences.length;
  const data = new Float64Array(T * B * per);
  sequences.forEach((values, b) => {
    values.forEach((value, i) => {
      data[(Math.floor(i / per) * B + b) * per + (i % per)] = value;
    });
  });
  return tokens ? int64(data, [T, B]) : floats(data, [T, B, per]);
}

/** The outputs of a sequence out of [T, B, units] or [B, units]. */
export function outputsOf({ data, dims }: TypedTensor<"float32">, b: number, length: number): Float32Array {
  const [B = 1, units = 1] = dims.slice(-2);
  const T = dims.length > 2 ? length : 1;
  return Float32Array.from({ length: T * units }, (_, i) => data[(Math.floor(i / units) * B + b) * units + (i % units)] as number);
}

/** The largest difference, to numbers of size 1. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((most, x, i) => {
    const y = b[i] as number;
    return Math.max(most, Number.isFinite(x - y) ? Math.abs(x - y) / Math.max(1, Math.abs(x)) : Infinity);
  }, 0);
}
