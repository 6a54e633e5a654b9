/**
 * Installs the packages of a folder that has a package.json of its own, unless its lock file is unchanged since the last time.
 *
 *     tsx scripts/install.ts evidence
 */

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** @param about message to print before it takes its time */
export function install(folder: string, about: string): void {
  const [lock, installed] = [join(folder, "package-lock.json"), join(folder, "node_modules/.package-lock.json")];
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(lock).mtimeMs) return;
  console.log(`Installing ${about} ...`);
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder, stdio: "inherit" });
  if (status !== 0) throw new Error(`npm ci in ${folder} ended with ${status}`);
}

if (process.argv[1] === import.meta.filename)
  for (const folder of process.argv.slice(2)) install(resolve(folder), `the packages of ${folder}`);
