/** The asserts of the debug build: they hold for all that the other tests do, and are there. */

import { expect, test } from "vitest";
import { Bench } from "../helpers/kernels.js";

test("a kernel that is called against its comments traps, and says in which line", () => {
  const bench = new Bench();
  const x = bench.buffer(8);
  expect(() => bench.kernels.blend(x, x, 8, 1, 1)).not.toThrow();
  const line = /assembly\/vectors\.ts:\d+: if \(DEBUG\) assert\(aligned\(y, x\) && fours\(count\)\);/;
  expect(() => bench.kernels.blend(x, x, 7, 1, 1)).toThrow(line);
  expect(() => bench.kernels.blend(x + 4, x, 4, 1, 1)).toThrow(line);
  expect(() => bench.kernels.blend(0, x, 4, 1, 1)).toThrow(line);
  expect(() => bench.kernels.denseForward(x, x, x, x, 1, 4, 4, 2)).toThrow(
    /assembly\/matmul\.ts:\d+: .*isWidth\(width\).*\n.*assembly\/dense\.ts/s,
  );
});

test("so does any other trap", () => {
  const bench = new Bench();
  expect(() => bench.kernels.squaredNorm(16, 1 << 28)).toThrow(/out of bounds.*\n {2}assembly\/optimizer\.ts:\d+: /s);
});
