/**
 * Renames the exports of wasm, from standard input to standard output: `node scripts/rename.mjs '{"from":"to"}'`. It is a process of its
 * own in plain JavaScript, because tsx would first transform all 13 MB of binaryen, ten times as long as all the rest takes.
 */

import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const module = binaryen.readBinary(readFileSync(0));
module.setFeatures(binaryen.Features.All);
for (const [name, short] of Object.entries(JSON.parse(process.argv[2]))) {
  const { value } = binaryen.getExportInfo(module.getExport(name));
  module.removeExport(name);
  module.addFunctionExport(value, short);
}
writeFileSync(1, module.emitBinary());
