/** The code of docs/onnx.md, with the package as it was built. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { chdir, cwd } from "node:process";

const root = new URL("../../", import.meta.url);

export async function runDocs(): Promise<void> {
  const page = readFileSync(new URL("docs/onnx.md", root), "utf8");
  const code = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block).join("\n");
  const file = new URL("tests/onnx/.docs.mjs", root);
  writeFileSync(
    file,
    code.replace(/"memcell(?:\/(\w+))?"/g, (_, entry = "memcell") => JSON.stringify(new URL(`dist/${entry}.js`, root).href)),
  );
  const before = cwd();
  chdir(new URL("build/", root).pathname);
  try {
    await import(file.href);
  } finally {
    chdir(before);
    rmSync(file);
  }
}
