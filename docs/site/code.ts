/** `import code from "./numbers.ts?code"`: a module of a figure as JavaScript that a reader can run, comments and all. */

import { readFileSync } from "node:fs";
import ts from "typescript";

/** Without types and exports. */
export function readable(source: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  // Blank lines are lost in printing, so each is a comment meanwhile.
  const kept = source.replace(/^$/gm, "//~");
  const { outputText } = ts.transpileModule(kept, { compilerOptions });
  return outputText
    .replace(/^\s*\/\/~$/gm, "")
    .replace(/^export (?=const|function|async|class)/gm, "")
    .replace(/^export \{\};\n/m, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

export const codePlugin = () => ({
  name: "code",
  enforce: "pre" as const,
  load(id: string) {
    if (!id.endsWith(".ts?code")) return undefined;
    return `export default ${JSON.stringify(readable(readFileSync(id.slice(0, -"?code".length), "utf8")))};`;
  },
});
