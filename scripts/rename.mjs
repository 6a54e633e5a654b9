/**
 * Wasm from the standard input to the standard output, its exports renamed: `node scripts/rename.mjs '{"from":"to"}'`. In a process of its
 * own and plain JavaScript, because tsx would first transform all 13 MB of binaryen, which takes ten times as long as everything here.
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
