/**
 * Prints the functions of wasm from standard input, and the indices of those that only some exports reach: `node scripts/learning.mjs
 * 'adam|sgd'`. A process of its own for the reason that rename.mjs gives.
 */

import { readFileSync } from "node:fs";
import binaryen from "binaryen";

const module = binaryen.readBinary(readFileSync(0));
module.setFeatures(binaryen.Features.All);
const list = (count, at) => Array.from({ length: count }, (_, i) => at(i));
const functions = () => list(module.getNumFunctions(), (i) => binaryen.getFunctionInfo(module.getFunctionByIndex(i)).name);
const names = functions();
const exported = list(module.getNumExports(), (i) => binaryen.getExportInfo(module.getExportByIndex(i)).name);
for (const name of exported) if (name.match(process.argv[2])) module.removeExport(name);
module.runPasses(["remove-unused-module-elements"]);
const left = new Set(functions());
console.log(JSON.stringify({ names, only: names.flatMap((name, i) => (left.has(name) ? [] : [i])) }));
