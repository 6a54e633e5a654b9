/** In the debug build a kernel that traps says where, in assembly/. */

import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";

const root = new URL("../../", import.meta.url);
const map = new SourceMap(JSON.parse(readFileSync(new URL("build/memcell.debug.wasm.map", root), "utf8")));

/** The lines of assembly/ in which a trap lies, innermost first. */
function linesOf(trap: WebAssembly.RuntimeError): string {
  const offsets = [...(trap.stack ?? "").matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g)].map(([, offset]) => Number.parseInt(offset!, 16));
  return offsets
    .map((offset) => {
      // A wasm source map has one line, its columns are bytes. What an assert ends in has no place of its own: that of what it tested.
      let entry = map.findEntry(0, offset);
      while ("generatedColumn" in entry && !entry.originalSource && entry.generatedColumn > 0)
        entry = map.findEntry(0, entry.generatedColumn - 1);
      if (!("originalSource" in entry) || !entry.originalSource?.startsWith("assembly/")) return "";
      const line = readFileSync(new URL(entry.originalSource, root), "utf8").split("\n")[entry.originalLine];
      return `\n  ${entry.originalSource}:${entry.originalLine + 1}: ${line?.trim()}`;
    })
    .join("");
}

const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  override get exports() {
    const traced = ([name, value]: [string, WebAssembly.ExportValue]) => {
      if (typeof value !== "function") return [name, value];
      const call = (...values: unknown[]) => {
        try {
          return value(...values);
        } catch (error) {
          if (error instanceof WebAssembly.RuntimeError) error.message += linesOf(error);
          throw error;
        }
      };
      return [name, call];
    };
    return Object.fromEntries(Object.entries(super.exports).map(traced));
  }
};
