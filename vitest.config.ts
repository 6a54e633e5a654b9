import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
    // The memory test measures after a collection that it asks for itself.
    execArgv: ["--expose-gc"],
    pool: "forks",
  },
});
