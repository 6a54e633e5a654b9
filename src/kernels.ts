/** The compiled kernels: the only place that brings WebAssembly up. */

import type { instantiate } from "../build/memcell.js";
import { variants, wasm } from "../build/wasm.js";
import { fail } from "./check.js";

/** The exports of assembly/index.ts, in an object of our own: `share` of engine.ts puts others in their place. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/** "relaxed": for relaxed SIMD. "shared": on a memory that several threads work on, given from outside. */
export type Variant = keyof typeof variants;

const compiled = new Map<string, WebAssembly.Module>();

/** The plain kernels' bytes, with the spans that a variant has instead. */
function bytesOf(names: Variant[]): Uint8Array<ArrayBuffer> {
  const spans = names.flatMap((name) => variants[name]).sort(([a], [b]) => a - b);
  let [text, from] = ["", 0];
  for (const [at, removed, own] of spans) {
    text += wasm.slice(from, at) + own;
    from = at + removed;
  }
  text += wasm.slice(from);
  const bytes = new Uint8Array(text.length);
  // Not Uint8Array.from: it walks through an iterator, and takes 3 ms where this takes 0.6.
  for (let i = 0; i < bytes.length; i++) bytes[i] = 122 - text.charCodeAt(i);
  return bytes;
}

/** Whether the engine has what a variant needs. */
export function supports(name: Variant): boolean {
  return compiled.has(name) || WebAssembly.validate(bytesOf([name]));
}

/** Compiled once a process. */
export function compile(...names: Variant[]): WebAssembly.Module {
  const key = names.join();
  try {
    const module = compiled.get(key) ?? new WebAssembly.Module(bytesOf(names));
    compiled.set(key, module);
    return module;
  } catch (cause) {
    throw new Error(
      "memcell needs WebAssembly with SIMD: this engine has none, or a content security policy without 'wasm-unsafe-eval' forbids it",
      { cause },
    );
  }
}

/**
 * A new instance with its own memory; or, of the variant "shared", with that `memory`. Where compiling is forbidden, `module` is
 * the compiled `memcell/memcell.wasm`.
 */
export function createKernels(module = compile(), memory?: WebAssembly.Memory): Kernels {
  if (!(module instanceof WebAssembly.Module)) fail(TypeError, "module", "a WebAssembly.Module", module);
  // What @assemblyscript/loader adds (strings, arrays, a wrapper for each export) is 2.1 kB that nothing here needs.
  const { exports } = new WebAssembly.Instance(module, memory && { env: { memory } });
  if (typeof exports.recurrentForward !== "function") {
    throw new RangeError('"module" is not the memcell.wasm of this version');
  }
  return { ...exports } as unknown as Kernels;
}
