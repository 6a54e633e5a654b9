import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Packages that a suite has installed below tests/ bring tests of their own.
    exclude: ["**/node_modules/**", "tests/bundlers/**", "tests/debug/**", "tests/fleet/**"],
    // No test is late on a slow machine: this only ends one that hangs.
    testTimeout: 600_000,
    // No test may need the one before it. Another order: --sequence.seed=6, which .ci/run asks for as well, and 7.
    sequence: { shuffle: { tests: true }, seed: 1 },
    // The memory test measures after a collection that it asks for itself. Node 20 has relaxed SIMD behind a flag, later ones as it is.
    execArgv: ["--expose-gc", ...(process.version.startsWith("v20.") ? ["--experimental-wasm-relaxed-simd"] : [])],
    pool: "forks",
    // Of two cores Vitest leaves one idle.
    maxWorkers: "100%",
  },
});
