/** A table of what is refused: what is wrong, with which error, with which message; and the small models that it is tried on. */

import { expect, test } from "vitest";
import { adam, dense, embedding, lstm } from "../../src/index.js";

export const features = { input: { features: 2 }, layers: [lstm({ units: 3 }), dense({ units: 2 })] };

export const tokens = { input: { tokens: 5 }, layers: [embedding({ units: 3 }), lstm({ units: 4 }), dense({ units: 5 })] };

export const trained = { loss: "mse", optimizer: adam() } as const;

export type Refusal = [wrong: string, kind: typeof TypeError | typeof RangeError, message: string, attempt: () => unknown];

// The wrong values are wrong for the compiler, too.
export const any = <T>(value: unknown) => value as T & never;

export const refuses = (cases: Refusal[]) =>
  test.each(cases)("%s", (_, kind, message, attempt) => {
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(kind);
  });
