/** What is published can be built again by anyone: the same bytes in another folder. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "memcell-again-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The SHA-256 of every file that the build makes. */
const hashes = (project: string) =>
  Object.fromEntries(
    readdirSync(join(project, "dist"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((file) => [file.slice(project.length + 1), createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );

test("a clean build in another folder has the bytes of this one", () => {
  const clean = join(folder, "somewhere", "else");
  mkdirSync(clean, { recursive: true });
  for (const name of [
    "assembly",
    "cli",
    "scripts",
    "src",
    "asconfig.json",
    "asconfig.int8.json",
    "package.json",
    "tsconfig.json",
    "tsconfig.types.json",
  ])
    cpSync(join(root, name), join(clean, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(clean, "node_modules"));
  execFileSync("npm", ["run", "build"], { cwd: clean, stdio: "pipe", env: { ...process.env, TZ: "Asia/Tokyo", LC_ALL: "C" } });
  const again = hashes(clean);
  expect(Object.keys(again).length).toBeGreaterThan(20);
  expect(again).toEqual(hashes(root.replace(/\/$/, "")));
}, 300_000);
