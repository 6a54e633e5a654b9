/** Installs the runtimes that npm has, and says which browser is missing. */

import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { install } from "../../scripts/install.js";

const here = import.meta.dirname;

/** @throws Error if a browser is missing */
export function prepare(): void {
  install(here, "the runtimes (1 GB) in tests/runtimes/node_modules");
  for (const file of ["node22/bin/node", "node24/bin/node", "node26/bin/node", "deno/deno", "bun/bin/bun"]) {
    chmodSync(join(here, "node_modules", file), 0o755);
  }
  for (const [file, name] of [
    ["/usr/bin/chromium", "chromium"],
    ["/usr/bin/firefox-esr", "firefox-esr"],
  ] as const) {
    if (!existsSync(file)) throw new Error(`${file} is missing: apt-get install -y ${name}`);
  }
}
