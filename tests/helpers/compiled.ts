/** The plain kernels as they lie in build/: apart, since some runtimes have modules compiled beforehand alone. */

import { readFileSync } from "node:fs";

export const compiled = new WebAssembly.Module(readFileSync(new URL("../../build/memcell.wasm", import.meta.url)));
