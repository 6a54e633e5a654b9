/** ONNX Runtime, native in Node or in WebAssembly, on models that PyTorch's exporter wrote (export.py). */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { int8Model } from "./onnxInt8.js";
import type { Implementation, Prepared, Task } from "./task.js";

export async function implementation(platform: "node" | "web", int8 = false): Promise<Implementation> {
  const ort = await (platform === "node" ? import("onnxruntime-node") : import("onnxruntime-web"));
  if (platform === "web") ort.env.wasm.numThreads = 1;
  const load = (task: Task) =>
    ort.InferenceSession.create(int8 ? quantized(task) : modelOf(task), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const tensor = (data: Float32Array, dims: number[]): Tensor => new ort.Tensor("float32", data, dims);
  const version = ort.env.versions[platform];
  return {
    about: `onnxruntime-${platform} ${version}${int8 ? ", dynamic quantisation" : ""}`,
    async prepare(task) {
      if (task.kind === "training") return "cannot train";
      const session = await load(task);
      return task.kind === "forward" ? forward(task, session, tensor) : streaming(task, session, tensor);
    },
  };
}

type MakeTensor = (data: Float32Array, dims: number[]) => Tensor;

async function forward({ shape: [I, H, B, T], inputs }: Task, session: InferenceSession, tensor: MakeTensor): Promise<Prepared> {
  const x = tensor(inputs, [T, B, I]);
  const zero = tensor(new Float32Array(B * H), [1, B, H]);
  const run = () => session.run({ x, h_0: zero, c_0: zero });
  return { proof: { outputs: (await run()).y.data }, run };
}

async function streaming({ shape: [I, H, , T], inputs }: Task, session: InferenceSession, tensor: MakeTensor): Promise<Prepared> {
  let h = tensor(new Float32Array(H), [1, 1, H]);
  let c = h;
  const run = async () => {
    const outputs = new Float32Array(T);
    for (let t = 0; t < T; t++) {
      const x = tensor(inputs.subarray(t * I, (t + 1) * I), [1, 1, I]);
      const { y, h_n, c_n } = await session.run({ x, h_0: h, c_0: c });
      outputs[t] = y.data[0] as number;
      h = h_n;
      c = c_n;
    }
    return outputs;
  };
  return { proof: { outputs: await run() }, run };
}

/** The numbers that stand in the models for a parameter's weights: export.py. */
const PLACEHOLDERS: Record<string, number> = {
  weight_ih_l0: 1.2345678,
  weight_hh_l0: 2.3456789,
  bias_ih_l0: 3.4567891,
  bias_hh_l0: 4.5678912,
  "dense.weight": 5.6789123,
  "dense.bias": 6.7891234,
};

/** The model's file with the task's weights in it, gates in ONNX's order i, o, f, c. */
function modelOf({ shape: [I, H], parameters }: Task): Uint8Array {
  const bytes = gunzipSync(readFileSync(new URL(`models/lstm-${I}-${H}.onnx.gz`, import.meta.url)));
  for (const [name, placeholder] of Object.entries(PLACEHOLDERS)) {
    const data = parameters[name] as Float32Array;
    const at = bytes.indexOf(bytesOf(new Float32Array(data.length).fill(placeholder)));
    if (at < 0) throw new Error(`"${name}" has no place in the model: make it again with export.py`);
    bytes.set(bytesOf(name.startsWith("dense") ? data : reorder(data)), at);
  }
  return bytes;
}

const quantized = ({ shape: [I, H], parameters }: Task): Uint8Array =>
  int8Model(
    I,
    H,
    Object.fromEntries(Object.entries(parameters).map(([name, data]) => [name, name.startsWith("dense") ? data : reorder(data)])),
  );

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function reorder(values: Float32Array): Float32Array {
  const quarter = values.length / 4;
  const [i, f, g, o] = [0, 1, 2, 3].map((gate) => values.subarray(gate * quarter, (gate + 1) * quarter)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return Float32Array.from([...i, ...o, ...f, ...g]);
}
