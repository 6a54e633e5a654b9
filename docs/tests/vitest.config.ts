import { defineConfig } from "vitest/config";
import { codePlugin } from "../site/code.js";
import { libraryAliases } from "../site/library.js";

export default defineConfig({
  plugins: [codePlugin()],
  resolve: { alias: libraryAliases },
  test: {
    include: ["docs/tests/*.test.ts"],
    globalSetup: "docs/tests/built.ts",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: "verbose",
    pool: "forks",
    // The browsers have the cores that they need, one file after the other.
    fileParallelism: false,
  },
});
