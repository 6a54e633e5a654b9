/**
 * Publishes the version in package.json to npm with provenance: `npm run release`, which release.yml runs for a tag. If something is
 * not ready it refuses, and lists all that is missing. With --dry-run it publishes nothing.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";

const ask = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
const npm = (...args: string[]) => execFileSync("npm", args, { stdio: "inherit" });

/** The addresses that a reader of the registry must find; only the owner knows them. */
const ADDRESSES = {
  repository: "npm pkg set repository.type=git repository.url=git+https://…",
  homepage: "npm pkg set homepage=https://…",
  bugs: "npm pkg set bugs.url=https://…",
};

const dry = process.argv.includes("--dry-run");
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const { version } = manifest;
const changelog = readFileSync("CHANGELOG.md", "utf8").split(/^## /m).slice(1);
const unreleased = changelog.find((part) => part.startsWith("Unreleased"))?.match(/^- /m);

const missing: string[] = [];
for (const [name, command] of Object.entries(ADDRESSES)) if (!manifest[name]) missing.push(`package.json has no "${name}": ${command}`);
if (ask("status", "--porcelain")) missing.push("there are changes that are not committed");
if (!changelog.some((part) => part.startsWith(`${version} - `))) missing.push(`CHANGELOG.md has no "## ${version} - <date>"`);
if (unreleased) missing.push(`CHANGELOG.md has changes under "Unreleased": move them under the version`);
if (!ask("tag", "--points-at", "HEAD").split("\n").includes(`v${version}`)) missing.push(`the commit has no tag v${version}`);
if (missing.length > 0) {
  console.error(`memcell ${version} is not published:\n${missing.map((line) => `- ${line}`).join("\n")}`);
  process.exit(1);
}

npm("run", "lint");
npm("run", "types");
npm("test");
mkdirSync("build/release", { recursive: true });
npm("pack", "--pack-destination", "build/release");
npm("publish", `build/release/memcell-${version}.tgz`, "--access", "public", ...(dry ? ["--dry-run"] : ["--provenance"]));
