/** The demo as a person runs it: to its end, and stopped with Ctrl-C and resumed. */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(root, "build", "demo-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the demo; `interrupt` sends Ctrl-C once the training has begun. */
function demo(out: string, flags: string[], interrupt = false): Promise<{ code: number | null; output: string }> {
  const child = spawn("node", ["--import", "tsx", "examples/demo/main.ts", "--quick", "--out", join(folder, out), ...flags], { cwd: root });
  let output = "";
  let sent = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output += data;
      if (interrupt && !sent && output.includes("Model:")) {
        sent = true;
        setTimeout(() => child.kill("SIGINT"), 150);
      }
    });
  }
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

const heldOut = (output: string) => output.match(/to the last digit ([\d.]+)/)?.[1];
const written = (output: string) => output.slice(output.indexOf("A sample")).replaceAll(/(build|demo)[^ ]*\//g, "");

test("learns, draws, saves, loads and streams; stopped by Ctrl-C it goes on to the same figure, to the last digit", async () => {
  const whole = await demo("whole", []);
  expect(whole.code, whole.output).toBe(0);
  expect(Number(heldOut(whole.output))).toBeLessThan(3.8);
  expect(Math.abs(Number(whole.output.match(/which loses (\S+)/)?.[1]))).toBeLessThan(0.005);
  expect(whole.output).toContain("the same output to the bit");
  expect(readFileSync(join(folder, "whole/curve.svg"), "utf8")).toMatch(/^<svg .*held out/s);

  const stopped = await demo("stopped", [], true);
  expect(stopped.code, stopped.output).toBe(130);
  expect(stopped.output).toMatch(/Stopped after \d+ updates. Go on with: npm run demo -- --quick --resume/);
  expect(existsSync(join(folder, "stopped/checkpoint.safetensors"))).toBe(true);
  const resumed = await demo("stopped", ["--resume"]);
  expect(resumed.code, resumed.output).toBe(0);
  expect(heldOut(resumed.output)).toBe(heldOut(whole.output));
  expect(written(resumed.output)).toBe(written(whole.output));
  expect(readFileSync(join(folder, "stopped/model.safetensors"))).toEqual(readFileSync(join(folder, "whole/model.safetensors")));
  expect(readFileSync(join(folder, "stopped/curve.svg"), "utf8")).toBe(readFileSync(join(folder, "whole/curve.svg"), "utf8"));
  expect(existsSync(join(folder, "stopped/checkpoint.safetensors"))).toBe(false);

  const missing = await demo("nothing", ["--resume"]);
  expect(missing.code).toBe(1);
  expect(missing.output).toContain("There is no checkpoint");
});
