import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/bundlers/*.test.ts"],
    globalSetup: "tests/bundlers/install.ts",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: "verbose",
    pool: "forks",
    // Chromium and a bundler have the two cores that they need, one file after the other.
    fileParallelism: false,
  },
});
