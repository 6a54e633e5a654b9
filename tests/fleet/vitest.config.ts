import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/fleet/*.test.ts"],
    globalSetup: "tests/fleet/install.ts",
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: "verbose",
    pool: "forks",
    // Each starts processes enough.
    fileParallelism: false,
  },
});
