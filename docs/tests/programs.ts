/** The programs of a page, run as a reader would: files are written, commands run, and what they print is what the page shows. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const packages = join(root, "docs/node_modules");
const { devDependencies } = JSON.parse(readFileSync(join(root, "docs/package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};

/** An empty folder in which `npm install` has been run, of memcell and of what docs/ has. */
export function folderOfReader(): { folder: string; remove: () => void } {
  mkdirSync(join(root, "build"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/reader-"));
  for (const name of Object.keys(devDependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(packages, name), link);
  }
  symlinkSync(root, join(folder, "node_modules/memcell"));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

export interface Block {
  language: string;
  code: string;
  /** Of a file: the last name in backquotes before it. */
  name: string;
}

export function blocks(text: string): Block[] {
  return [...text.matchAll(/((?:^(?!```)[^\n]*\n)*)^```(\w+)\n(.*?)^```$/gms)].map(([, before, language, code]) => ({
    language: language as string,
    code: code as string,
    name: [...(before as string).matchAll(/`([\w.-]+\.(?:mjs|js|html))`/g)].at(-1)?.[1] ?? "",
  }));
}

/** Times differ from run to run. */
const timeless = (text: string) => text.replace(/\d+(?:\.\d+)?(?= m?s\b)/g, "*");

/**
 * Every command of the page, in order.
 * @returns for each block of output: as the page has it and as the programs printed it, without times
 * @throws if a command installs what docs/ has not, or a program fails
 */
export function follow(page: string, folder: string): { shown: string; printed: string }[] {
  const outputs: { shown: string; printed: string }[] = [];
  let printed = "";
  for (const { language, code, name } of blocks(readFileSync(join(root, page), "utf8"))) {
    if (name && (language === "js" || language === "html")) writeFileSync(join(folder, name), code);
    if (language === "text") outputs.push({ shown: code, printed });
    if (language !== "sh") continue;
    const [program, ...words] = code.trim().split(" ");
    if (program === "node")
      printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    for (const word of program === "npm" ? words.slice(1) : []) {
      const [, wanted, version = ""] = /^(.+?)(?:@([\d.]+))?$/.exec(word) as RegExpExecArray;
      if (!["memcell", "vite"].includes(wanted as string) && !devDependencies[wanted as string]?.startsWith(version))
        throw new Error(`docs/ has no ${word}`);
    }
  }
  return outputs;
}

/** Whether a page shows what its programs print. */
export const same = ({ shown, printed }: { shown: string; printed: string }): [string, string] => [timeless(printed), timeless(shown)];

/** The page with what its programs printed. */
export function written(page: string, outputs: readonly { printed: string }[]): void {
  let next = 0;
  const file = join(root, page);
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text.replace(/^```text\n.*?^```$/gms, () => `\`\`\`text\n${outputs[next++]?.printed ?? ""}\`\`\``),
  );
}

export const guides = readdirSync(join(root, "docs/guides")).map((name) => `docs/guides/${name}`);
