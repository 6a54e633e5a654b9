/** Before the tests: the tools of this folder, Chromium, and the package packed and installed into an empty project. */

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { install } from "../../scripts/install.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the empty project, with the pages of page/ in it. */
    project: string;
    /** The packed package. */
    tarball: string;
  }
}

export const CHROMIUM = "/usr/bin/chromium";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const run = (command: string, args: string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

export default function setup(project: TestProject): void {
  install(here, "the bundlers (220 MB) in tests/bundlers/node_modules");
  if (!existsSync(CHROMIUM)) {
    console.log("Installing Chromium ...");
    run("apt-get", ["update"], here);
    run("apt-get", ["install", "-y", "chromium"], here);
  }
  console.log("Packing memcell and installing it into an empty project ...");
  const folder = mkdtempSync(join(tmpdir(), "memcell-"));
  // Also after Ctrl-C.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [{ filename }] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], root));
  const tarball = join(folder, filename);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball], folder);
  cpSync(join(here, "page"), folder, { recursive: true });
  project.provide("project", folder);
  project.provide("tarball", tarball);
}
