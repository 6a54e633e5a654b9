/** A built site, made to work from whatever folder it is served. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** The folder that the site is built for, replaced by the one that it is in. */
export const BASE = "/--memcell-base--/";

/** Where a script finds the folder; set by each page before anything else. */
const FOUND = "globalThis.memcellBase";

/** A script in which each text with the folder asks for it when it runs. */
function withFoundBase(code: string, name: string): string {
  if (!code.includes(BASE)) return code;
  const edits: [number, number, string][] = [];
  const file = ts.createSourceFile(name, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const visit = (node: ts.Node): void => {
    const text = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
    if (!text || !node.getText(file).includes(BASE)) return void ts.forEachChild(node, visit);
    if (ts.isImportDeclaration(node.parent)) throw new Error(`${name}: an import from the folder of the site`);
    const asked = `(${node.getText(file)}).replaceAll(${JSON.stringify(BASE)},${FOUND})`;
    edits.push([
      node.getStart(file),
      node.getEnd(),
      ts.isPropertyAssignment(node.parent) && node.parent.name === node ? `[${asked}]` : asked,
    ]);
  };
  visit(file);
  for (const [start, end, text] of edits.reverse()) code = code.slice(0, start) + text + code.slice(end);
  return code;
}

/** A page whose links are relative, and which tells its scripts where the site is. */
function withRelativeLinks(html: string, up: string): string {
  const kept = `addEventListener("load",()=>navigator.serviceWorker?.register(${FOUND}+"offline.js"))`;
  const script = `<script>${FOUND}=new URL(${JSON.stringify(up)},location.href).pathname;${kept}</script>`;
  return html.replace(/(?<=(?:href|src|content)=")\/--memcell-base--\//g, up).replace("<head>", `<head>\n    ${script}`);
}

export function movable(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    const write = (text: string) => writeFileSync(path, text);
    if (name.endsWith(".js")) write(withFoundBase(readFileSync(path, "utf8"), name));
    else if (name.endsWith(".html"))
      write(withRelativeLinks(readFileSync(path, "utf8"), relative(dirname(path), folder) ? `${relative(dirname(path), folder)}/` : "./"));
    else if (name.endsWith(".css")) write(readFileSync(path, "utf8").replaceAll(`${BASE}assets/`, "./"));
  }
}
