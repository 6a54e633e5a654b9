/** Before the tests: the packages of docs/, and the site, built. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install } from "../../scripts/install.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default function setup(): void {
  install(`${root}docs`, "the packages of the site (170 MB) in docs/node_modules");
  // A site that is there already, for whoever works on a test.
  if (process.env.BUILT) return;
  console.log("Building the site ...");
  execFileSync("npx", ["tsx", "docs/site/reference.ts"], { cwd: root, stdio: "inherit" });
  execFileSync("docs/node_modules/.bin/vitepress", ["build", "docs"], { cwd: root, stdio: "pipe" });
}
