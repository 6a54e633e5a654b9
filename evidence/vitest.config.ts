import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["evidence/tests/*.test.ts"], testTimeout: 60_000, pool: "forks" },
});
