/** Short names for the shipped kernels: 0.4 kB less gzipped. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

/**
 * Renames the exports that have a capital in their name: nothing else in the package has these names. One of them gets a fingerprint
 * of the kernels, by which src/core/kernels.ts recognises a module of another version.
 */
export function shortNames(wasm: Buffer<ArrayBuffer>): Record<string, string> {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
  const short = names.filter((name) => /[A-Z]/.test(name)).map((name, i) => [name, `k${i.toString(36)}`]);
  const fingerprint = createHash("sha256").update(wasm).digest("hex").slice(0, 8);
  return { ...Object.fromEntries(short), recurrentForward: `k_${fingerprint}` };
}

/** The same wasm with its exports renamed. */
export function renamed(wasm: Buffer, names: Record<string, string>): Buffer {
  const script = fileURLToPath(new URL("rename.mjs", import.meta.url));
  return execFileSync(process.execPath, [script, JSON.stringify(names)], { input: wasm, maxBuffer: 1 << 24 });
}
