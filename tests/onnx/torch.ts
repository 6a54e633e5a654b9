/** Random modules of PyTorch, as its exporter writes them, in memcell. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromOnnx } from "../../src/onnx.js";

interface Exported {
  about: string;
  /** In base64. */
  file: string;
  inputs: number[][];
  outputs: number[][];
}

export function exported(count: number): Exported[] {
  const path = "build/exports.json";
  const script = fileURLToPath(new URL("exports.py", import.meta.url));
  const { status } = spawnSync("/usr/bin/python3", [script, `${count}`, path], { stdio: "inherit" });
  if (status !== 0) throw new Error(`exports.py ended with ${status}`);
  return JSON.parse(readFileSync(path, "utf8"));
}

/** @returns the largest difference */
export function apartFrom({ file, inputs, outputs }: Exported): number {
  const { model } = fromOnnx(Buffer.from(file, "base64"));
  const own = model.predict(inputs.map((inputs) => ({ inputs })));
  const apart = own.flatMap((y, b) => {
    const expected = outputs[b]!;
    return expected.length === y.length ? Array.from(y, (value, i) => Math.abs(value - expected[i]!)) : [Infinity];
  });
  return apart.reduce((most, value) => (value <= most ? most : Number.isNaN(value) ? Infinity : value), 0);
}
