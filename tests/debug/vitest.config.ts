import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import shared from "../../vitest.config.js";

/** The debug build in the place of all kernels. */
const debug = {
  name: "debug",
  enforce: "pre" as const,
  load(id: string) {
    if (!id.endsWith("/build/wasm.js")) return;
    const text = Array.from(readFileSync("build/memcell.debug.wasm"), (byte) => String.fromCharCode(122 - byte)).join("");
    // Whole: nothing is left out of it, and any text says that it can learn.
    return `export const wasm = ${JSON.stringify(text)}, traps = [], learning = " ", variants = { relaxed: [], shared: [] };`;
  },
  transform(code: string, id: string) {
    if (id.endsWith("/tests/helpers/compiled.ts")) return code.replace("memcell.wasm", "memcell.debug.wasm");
  },
};

export default defineConfig({
  plugins: [debug],
  test: {
    ...shared.test,
    setupFiles: ["tests/debug/setup.ts"],
    exclude: [],
    include: ["tests/{debug,kernels,online}/*.test.ts", "tests/{gradients,conv1d,pytorch,streams,losses,truncation,initializers}.test.ts"],
  },
});
