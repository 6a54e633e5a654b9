/** examples/ddp: one model trained by two processes of PyTorch, and back. */

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("a model is trained by two processes of torch.distributed and comes back with PyTorch's outputs", () => {
  const cwd = new URL("../../examples/ddp", import.meta.url).pathname;
  const said = execFileSync(process.execPath, ["main.js"], { cwd, encoding: "utf8" });
  expect(said).toMatch(/^loss 0\.\d+ before, 0\.000\d after; outputs at most \d\.\de-[78] from PyTorch's$/m);
});
