/** The runner as a person runs it. */

import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Result } from "../row.js";

const root = new URL("../..", import.meta.url).pathname;

describe("npm run evidence", () => {
  const folder = mkdtempSync(join(root, "build", "evidence-test-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const out = join(folder, "results.jsonl");
  const lines = () => readFileSync(out, "utf8").trim().split("\n");
  const results = (): Result[] => lines().map((line) => JSON.parse(line));
  const of = (all: Result[]) => all.map(({ row, trial }) => `${row} ${trial}`).sort();

  /** `interrupt` sends Ctrl-C once the first trial has begun. */
  function evidence(flags: string[], interrupt = false): Promise<{ code: number | null; output: string }> {
    const child = spawn("node", ["--import", "tsx", "evidence/main.ts", "--out", out, ...flags], { cwd: root });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        if (interrupt && output === "") setTimeout(() => child.kill("SIGINT"), 500);
        output += data;
      });
    }
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
  }

  test("without a name, lists them", async () => {
    const { code, output } = await evidence([]);
    expect(code).toBe(0);
    for (const name of ["reber-3x2-0.5", "2c-1000-50", "adding-100-lstm-adam"]) expect(output).toContain(name);
  });

  test("--help says how it is called", async () => {
    const { code, output } = await evidence(["--help"]);
    expect(code).toBe(0);
    expect(output).toContain("npm run evidence -- all [--budget-hours N]");
  });

  test("shows the trials behind a number, with their lines", async () => {
    const { code, output } = await evidence(["show", "6a", "--out", "evidence/results.jsonl"]);
    expect(code, output).toBe(0);
    expect(output).toContain("313900");
    expect(output.match(/'6a'.*'yes'/g)).toHaveLength(20);
    // Of a row that other seeds were run for once, only those of the manifest count.
    const guesses = await evidence(["show", "rivals-2c-50-guessing", "--out", "evidence/results.jsonl"]);
    expect([guesses.output.match(/'yes'/g)?.length, guesses.output.match(/'no'/g)?.length]).toEqual([10, 5]);
  });

  test("writes a line for each trial and goes on from them, past a broken one; Ctrl-C loses none that is done", async () => {
    const quick = ["6a", "reber-4x1", "--trials", "2", "--budget", "30"];
    const first = await evidence(quick);
    expect(first.code, first.output).toBe(0);
    expect(first.output).toContain("steps a second");
    const all = ["6a 0", "6a 1", "reber-4x1-0.1 0", "reber-4x1-0.1 1", "reber-4x1-0.5 0", "reber-4x1-0.5 1"];
    expect(of(results())).toEqual(all);
    const before = lines();
    expect((await evidence(quick)).code).toBe(0);
    expect(lines()).toEqual(before);

    const stopped = await evidence(["adding-1000", "--trials", "2"], true);
    expect(stopped.code, stopped.output).toBe(130);
    expect(stopped.output).toContain("The same command goes on from here");
    expect(lines()).toEqual(before);

    appendFileSync(out, '{"row":"6a","tri');
    const mended = await evidence(["6a", "--trials", "1", "--seed", "2", "--budget", "30"]);
    expect(mended.output).toContain("line 7 is broken");
    expect(lines()[6]).toBe('{"row":"6a","tri');
    expect(JSON.parse(lines()[7]!)).toMatchObject({ row: "6a", trial: 2, limit: 30 });
  });

  test("runs the manifest from a fresh file for as long as it may, says what is left, and goes on", async () => {
    const fresh = join(folder, "fresh.jsonl");
    const all = (hours: string) => evidence(["all", "--budget-hours", hours, "--threads", "1", "--out", fresh]);
    const trialsLeft = (output: string) => Number(/(\d+) of the manifest's [\d,]+ trials are left: /.exec(output)?.[1]);
    const first = await all("0.008");
    expect(first.code, first.output).toBe(0);
    const done = readFileSync(fresh, "utf8");
    expect(trialsLeft(first.output)).toBeGreaterThan(1000);
    const second = await all("0.002");
    expect(readFileSync(fresh, "utf8").startsWith(done)).toBe(true);
    expect(trialsLeft(second.output)).toBeLessThanOrEqual(trialsLeft(first.output));
  });

  test.each([
    { flags: ["all", "--budget-hours", "soon"], message: '"--budget-hours" expected a number above 0, got soon' },
    { flags: ["adding-10"], message: "expected the name of a row" },
    { flags: ["6a", "--budget", "0"], message: '"--budget" expected a positive integer, got 0' },
    { flags: ["6a", "--trials", "1.5"], message: '"--trials" expected a positive integer, got 1.5' },
    { flags: ["6a", "--seed", "-1"], message: "--seed" },
    { flags: ["6a", "--limit", "3"], message: "--limit" },
    { flags: ["show", "6c"], message: "expected the name of a row" },
  ])("refuses $flags", async ({ flags, message }) => {
    const { code, output } = await evidence(flags);
    expect(code).not.toBe(0);
    expect(output).toContain(message);
    expect(output).not.toContain("    at ");
  });
});
