/**
 * Random modules made in PyTorch, computed by memcell, and given back: `npm run test:torch [-- COUNT]`. Needs Debian's python3-torch.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { agree, type Case } from "./agreement.js";

const [count = "200"] = process.argv.slice(2);
const path = "build/torch.json";
const python = (what: string) => {
  const script = fileURLToPath(new URL("modules.py", import.meta.url));
  const { status, stdout } = spawnSync("/usr/bin/python3", [script, what, count, path], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`modules.py ended with ${status}`);
  return stdout;
};

python("make");
const cases: Case[] = JSON.parse(readFileSync(path, "utf8"));
let [passed, failed, worst, proposed] = [0, 0, 0, 0];
const back = cases.map((given, i) => {
  const result = agree(given);
  const good = result.error < 1e-5;
  if (good) passed++;
  else failed++;
  if (!good) console.error(`module ${i}, ${given.form}: ${result.error}, ${JSON.stringify(given.config)}`);
  worst = Math.max(worst, result.error);
  proposed += Number(result.proposed);
  return Buffer.from(result.back).toString("base64");
});
console.log(`PyTorch's modules in memcell: at most ${worst.toExponential(1)} apart, ${proposed} without a configuration as well`);
writeFileSync(`${path}.back`, JSON.stringify(back));
const { worst: apart, torch } = JSON.parse(python("load"));
console.log(`and back in PyTorch ${torch}: at most ${apart.toExponential(1)} apart`);
if (!(apart < 1e-5)) failed++;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
