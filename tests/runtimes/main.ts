/**
 * The tests and the bits in every runtime, and a table of it.
 *
 *     npm run test:runtimes [-- --only Deno] [-- --write]    --write keeps what came out in docs/runtimes.json
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "./prepare.js";
import { cellsOf } from "./table.js";

const root = resolve(import.meta.dirname, "../..");
const { values: flags } = parseArgs({ options: { only: { type: "string" }, write: { type: "boolean", default: false } } });

prepare();
const { RUNTIMES } = await import("./runtimes.js");
const { bitsProgram, packageProgram, testsPrograms } = await import("./bundle.js");

// The package as it is published, in a project of its own.
const project = mkdtempSync(join(root, "build", "runtimes-"));
const abort = new AbortController();
process.once("SIGINT", () => abort.abort(new Error("stopped")));
type Result = import("./vitest.js").Result;
const none = (): Result => ({ passed: 0, failed: 0, errors: [] });
function add(to: Result, { passed, failed, errors }: Result): void {
  to.passed += passed;
  to.failed += failed;
  to.errors.push(...errors);
}
const rows: import("./table.js").Ran[] = [];
let [passed, failed] = [0, 0];
try {
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: root, encoding: "utf8" }).trim();
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", `./${packed}`], { cwd: project, stdio: "ignore" });
  for (const name of ["memcell.wasm", "int8.wasm"]) copyFileSync(join(root, "build", name), join(project, name));

  for (const { name, way, run } of RUNTIMES.filter(({ name }) => name.startsWith(flags.only ?? ""))) {
    const began = performance.now();
    try {
      const tests = { kernels: none(), api: none() };
      for (const program of testsPrograms(way)) {
        const part = (await run(await program, project, abort.signal)) as import("./portable.js").Report;
        for (const kind of ["kernels", "api"] as const) add(tests[kind], part[kind]);
      }
      const program = way === "fetch" ? await bitsProgram(project) : await packageProgram(way);
      const asked = (await run(program, project, abort.signal)) as import("./package.js").Report;
      const seconds = Math.round((performance.now() - began) / 1000);
      const counted = ({ passed, failed }: Result) => ({ passed, failed });
      rows.push({ runtime: name, seconds, kernels: counted(tests.kernels), api: counted(tests.api), ...asked, alone: way === "fetch" });
      for (const error of [...tests.kernels.errors, ...tests.api.errors]) console.error(`  ${name}: ${error}`);
      passed += tests.kernels.passed + tests.api.passed;
      failed += tests.kernels.failed + tests.api.failed + asked.wrong.length;
      if (way !== "fetch" && !(asked.threads && asked.worker)) failed++;
    } catch (error) {
      if (abort.signal.aborted) throw error;
      console.error(error);
      failed++;
      rows.push({ runtime: name, error: String(error) });
    }
    console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}

console.table(rows.map(cellsOf));
if (flags.write) {
  const file = join(root, "docs/runtimes.json");
  const before: typeof rows = JSON.parse(readFileSync(file, "utf8"));
  // Those that did not run now stay as they were.
  const kept = before.map((row) => rows.find(({ runtime }) => runtime === row.runtime) ?? row);
  const added = rows.filter(({ runtime }) => !before.some((row) => row.runtime === runtime));
  writeFileSync(file, `${JSON.stringify([...kept, ...added], null, 2)}\n`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
