/** Before the tests: a Redis, and the packages of the examples. */

import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install } from "../../scripts/install.js";

export default function setup(): void {
  if (spawnSync("redis-server", ["--version"]).error) {
    console.log("Installing redis-server ...");
    for (const args of [["update"], ["install", "-y", "redis-server"]]) execFileSync("apt-get", args, { stdio: "pipe" });
  }
  for (const name of ["jobs", "fleet", "ddp"])
    install(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), `the packages of examples/${name}`);
}
