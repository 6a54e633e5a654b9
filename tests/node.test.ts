/** Files that are whole at every moment. tests/attacks.test.ts kills processes that write them. */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { writeAtomically } from "../src/node.js";

const root = mkdtempSync(join(tmpdir(), "memcell-node-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, "test-"));
  file = join(folder, "model.safetensors");
});
afterEach(() => vi.restoreAllMocks());

const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
const pipe = () => {
  execFileSync("mkfifo", [file]);
  return file;
};
const handles = async () => {
  const handle = await open(root);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
};

test.each<[string, () => string | URL, Uint8Array | string]>([
  ["bytes", () => file, bytes],
  ["a part of an array", () => file, bytes.subarray(100, 300)],
  ["a string, under an address", () => pathToFileURL(file), "wörter"],
  ["nothing", () => file, new Uint8Array()],
])("writes %s, and in their place others", async (_, path, content) => {
  for (const each of [content, "other"]) {
    await writeAtomically(path(), each);
    expect(readFileSync(file).equals(Buffer.from(each as Uint8Array))).toBe(true);
    expect(readdirSync(folder)).toEqual(["model.safetensors"]);
  }
});

test("the bytes are on the disk before the name changes, and the name after", async () => {
  const prototype = await handles();
  const said: string[] = [];
  const { writeFile, sync } = prototype;
  vi.spyOn(prototype, "writeFile").mockImplementation(async function (this: FileHandle, data) {
    await writeFile.call(this, data);
    said.push(`write ${readdirSync(folder).length}`);
  });
  vi.spyOn(prototype, "sync").mockImplementation(async function (this: FileHandle) {
    await sync.call(this);
    said.push(`sync ${(await this.stat()).isDirectory() ? "folder" : "file"}, ${readFileSync(file, "utf8")}`);
  });
  writeFileSync(file, "old");
  await writeAtomically(file, "new");
  expect(said).toEqual(["write 2", "sync file, old", "sync folder, new"]);
});

test.skipIf(process.platform === "win32")("a file keeps its permissions, a link stays one, a new file has the usual ones", async () => {
  writeFileSync(file, "old");
  chmodSync(file, 0o662);
  const link = join(folder, "latest");
  symlinkSync(file, link);
  await writeAtomically(link, "new");
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(statSync(file).mode & 0o777).toBe(0o662);
  expect(readdirSync(folder)).toEqual(["latest", "model.safetensors"]);
  await writeAtomically(join(folder, "other"), "new");
  expect(statSync(join(folder, "other")).mode & 0o777).toBe(0o666 & ~process.umask());
});

test("two at once: one of both, whole", async () => {
  const contents = [bytes, bytes.map((byte) => 255 - byte)];
  await Promise.all(contents.map((content) => writeAtomically(file, content)));
  expect(contents.some((content) => readFileSync(file).equals(content))).toBe(true);
  expect(readdirSync(folder)).toEqual(["model.safetensors"]);
});

describe("what fails leaves the old file, and nothing beside it", () => {
  test.each<[string, "writeFile" | "sync", string]>([
    ["writing", "writeFile", "no space left"],
    ["getting it to the disk", "sync", "no space left"],
    ["the name", "sync", "ENOENT"],
  ])("%s", async (_, method, message) => {
    writeFileSync(file, "old");
    vi.spyOn(await handles(), method as "sync").mockImplementationOnce(async () => {
      if (message !== "ENOENT") throw new Error(message);
      for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name));
    });
    await expect(writeAtomically(file, bytes)).rejects.toThrow(message);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["model.safetensors"]);
  });

  test("a folder that cannot go to the disk is said, one that never does is not", async () => {
    const prototype = await handles();
    const { sync } = prototype;
    for (const [code, said] of [
      ["EIO", true],
      ["EINVAL", false],
    ] as const) {
      vi.spyOn(prototype, "sync").mockImplementation(async function (this: FileHandle) {
        await sync.call(this);
        if ((await this.stat()).isDirectory()) throw Object.assign(new Error(code), { code });
      });
      const outcome = expect(writeAtomically(file, code));
      await (said ? outcome.rejects.toThrow(code) : outcome.resolves.toBeUndefined());
      expect(readFileSync(file, "utf8")).toBe(code);
      vi.restoreAllMocks();
    }
  });

  test.each<[string, () => unknown, unknown, string | RegExp]>([
    ["no path", () => undefined, bytes, '"path" expected a path or a URL, got undefined'],
    ["a promise of bytes", () => file, Promise.resolve(bytes), '"bytes" expected a Uint8Array or a string, got a Promise'],
    ["an array", () => file, [1, 2], '"bytes" expected a Uint8Array or a string, got an array of 2'],
    ["a folder that is not there", () => join(folder, "none", "file"), bytes, /ENOENT/],
    ["a folder", () => folder, bytes, /^"path" expected the path of a file, got "/],
    ["another protocol", () => new URL("http://localhost/model"), bytes, /file/],
    ...(process.platform === "win32" ? [] : [["a pipe", pipe, bytes, /^"path" expected the path of a file, got "/] as never]),
  ])("%s is refused", async (_, path, content, message) => {
    const given = path();
    mkdirSync(join(folder, "inside"));
    const before = readdirSync(folder);
    await expect(writeAtomically(given as string, content as string)).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(before);
  });
});
