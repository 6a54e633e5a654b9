/**
 * The tests and the bits in every runtime, and a table of it.
 *
 *     npm run test:runtimes [-- --only Deno] [-- --write]    --write puts the table into docs/runtimes.md
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "./prepare.js";

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
interface Row {
  runtime: string;
  kernels: string;
  api: string;
  bits: string;
  threads: string;
  worker: string;
}
const rows: Row[] = [];
let [passed, failed] = [0, 0];
try {
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: root, encoding: "utf8" }).trim();
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", `./${packed}`], { cwd: project, stdio: "ignore" });
  copyFileSync(join(root, "build/memcell.wasm"), join(project, "memcell.wasm"));

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
      const counted = ({ passed, failed }: typeof tests.api) => (failed > 0 ? `${failed} of ${passed + failed} failed` : `${passed} pass`);
      const absent = way === "fetch" ? "has none" : "none";
      rows.push({
        runtime: name,
        kernels: counted(tests.kernels),
        api: counted(tests.api),
        bits: asked.wrong.length > 0 ? `differ: ${asked.wrong.join(", ")}` : "the same",
        threads: asked.threads ? "the same bits" : absent,
        worker: asked.worker ? "the same bits" : absent,
      });
      for (const error of [...tests.kernels.errors, ...tests.api.errors]) console.error(`  ${name}: ${error}`);
      passed += tests.kernels.passed + tests.api.passed;
      failed += tests.kernels.failed + tests.api.failed + asked.wrong.length;
      if (way !== "fetch" && !(asked.threads && asked.worker)) failed++;
    } catch (error) {
      if (abort.signal.aborted) throw error;
      console.error(error);
      failed++;
      rows.push({ runtime: name, kernels: "failed", api: "failed", bits: "", threads: "", worker: "" });
    }
    console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}

console.table(rows);
if (flags.write) {
  const head = ["runtime", "kernel tests", "API tests", "bits", "2 threads", "in a worker"];
  const table = [head, head.map(() => "-"), ...rows.map((row) => Object.values(row))].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const page = join(root, "docs/runtimes.md");
  const marks = /(<!-- runtimes -->\n)(?:.*\n)?(<!-- \/runtimes -->)/s;
  writeFileSync(page, readFileSync(page, "utf8").replace(marks, `$1\n${table}\n\n$2`));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
