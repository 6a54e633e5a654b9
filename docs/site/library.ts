/** Where the site finds the library: what is packed, in dist/. */

import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));

/** As Vite and Vitest take them: memcell, memcell/worker/host and the like. */
export const libraryAliases = [
  { find: /^memcell$/, replacement: `${dist}/memcell.js` },
  { find: /^memcell\/([a-z]+)$/, replacement: `${dist}/$1.js` },
  { find: /^memcell\/([a-z]+)\/([a-z]+)$/, replacement: `${dist}/$1-$2.js` },
];
