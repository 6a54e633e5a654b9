/** Asks for the kernels for relaxed SIMD, and gets them also in an engine that is too slow at them to be given them otherwise. */

export const RELAXED = { kernels: "relaxed" } as const;

// Node 20 compiles them with a flag (vitest.config.ts); src/core/compiled.ts chooses by the presence of this function.
if (!("f16round" in Math)) Object.assign(Math, { f16round: Math.fround });
