/** Before the tests: a Redis, a balancer, and the packages of the examples. */

import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install } from "../../scripts/install.js";

export default function setup(): void {
  const missing = Object.entries({ "redis-server": "--version", nginx: "-v" })
    .filter(([program, version]) => spawnSync(program, [version]).error)
    .map(([program]) => program);
  if (missing.length > 0) {
    console.log(`Installing ${missing.join(", ")} ...`);
    for (const args of [["update"], ["install", "-y", ...missing]]) execFileSync("apt-get", args, { stdio: "pipe" });
  }
  for (const name of ["jobs", "fleet", "ddp"])
    install(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), `the packages of examples/${name}`);
}
