/** A release that is not ready is refused, with all that is missing; nothing is run and nothing published. */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "memcell-release-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A repository with nothing but what the script looks at, and an npm that notes how it is called. */
function repository(name: string, addresses: object, changelog: string, tag?: string): { cwd: string; calls: () => string[] } {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, "bin"), { recursive: true });
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "memcell", version: "1.2.3", type: "module", ...addresses }));
  writeFileSync(join(cwd, "CHANGELOG.md"), `# Changelog\n\n${changelog}\n`);
  cpSync(join(root, "scripts/release.ts"), join(cwd, "release.ts"));
  writeFileSync(join(cwd, ".gitignore"), "calls\nbuild\n");
  writeFileSync(join(cwd, "bin/npm"), `#!/bin/sh\necho "$@" >> calls\n`, { mode: 0o755 });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=", "-c", "commit.gpgsign=false", ...args], { cwd });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "all");
  if (tag) git("tag", tag);
  writeFileSync(join(cwd, "calls"), "");
  return { cwd, calls: () => readFileSync(join(cwd, "calls"), "utf8").trim().split("\n") };
}

const release = (cwd: string, ...flags: string[]) =>
  spawnSync(process.execPath, ["--import", join(root, "node_modules/tsx/dist/loader.mjs"), "release.ts", ...flags], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, PATH: `${join(cwd, "bin")}:${process.env.PATH}` },
  });

const ADDRESSES = {
  repository: "git+https://host.invalid/memcell.git",
  homepage: "https://host.invalid",
  bugs: "https://host.invalid/bugs",
};
const READY = "## Unreleased\n\n### Added\n\n## 1.2.3 - 2026-01-01\n\n- All.";

test.each([[[]], [["--dry-run"]]])("what is missing is said at once, with flags %j", (flags) => {
  const { cwd, calls } = repository(`missing${flags.length}`, {}, "## Unreleased\n\n- More.\n\n## 1.2.2 - 2026-01-01");
  writeFileSync(join(cwd, "left.ts"), "");
  const { status, stdout, stderr } = release(cwd, ...flags);
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toBe(`memcell 1.2.3 is not published:
- package.json has no "repository": npm pkg set repository.type=git repository.url=git+https://…
- package.json has no "homepage": npm pkg set homepage=https://…
- package.json has no "bugs": npm pkg set bugs.url=https://…
- there are changes that are not committed
- CHANGELOG.md has no "## 1.2.3 - <date>"
- CHANGELOG.md has changes under "Unreleased": move them under the version
- the commit has no tag v1.2.3
`);
  expect(calls()).toEqual([""]);
});

test.each(Object.keys(ADDRESSES))("without %s alone it is refused", (name) => {
  const { cwd, calls } = repository(`without-${name}`, { ...ADDRESSES, [name]: undefined }, READY, "v1.2.3");
  const { status, stderr } = release(cwd);
  expect(status).toBe(1);
  expect(stderr).toMatch(new RegExp(`^memcell 1.2.3 is not published:\n- package.json has no "${name}": .*\n$`));
  expect(calls()).toEqual([""]);
});

test.each([
  [[], "publish build/release/memcell-1.2.3.tgz --access public --provenance"],
  [["--dry-run"], "publish build/release/memcell-1.2.3.tgz --access public --dry-run"],
])("what is ready is linted, tested, packed and published, with flags %j", (flags, publish) => {
  const { cwd, calls } = repository(`ready${flags.length}`, ADDRESSES, READY, "v1.2.3");
  expect(release(cwd, ...flags)).toMatchObject({ status: 0, stderr: "" });
  expect(calls()).toEqual(["run lint", "run types", "test", "pack --pack-destination build/release", publish]);
});
