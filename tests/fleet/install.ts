/** Before the tests: a Redis, and the packages of the examples. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install } from "../../scripts/install.js";

export default function setup(): void {
  if (spawnSync("redis-server", ["--version"]).error) throw new Error("redis-server is not installed: apt-get install redis-server");
  for (const name of ["jobs", "fleet", "ddp"])
    install(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), `the packages of examples/${name}`);
}
