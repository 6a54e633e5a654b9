/**
 * Random models in ONNX Runtime, native and in WebAssembly, and the code of docs/onnx.md: `npm run test:onnx [-- COUNT]`. Its packages are
 * installed in this folder.
 */

import { agreement } from "./agreement.js";
import { runDocs } from "./docs.js";
import { drawModel } from "./models.js";
import { runtime } from "./runtime.js";

const count = Number(process.argv[2] ?? 200);
let [passed, failed] = [0, 0];
for (const platform of ["node", "web"] as const) {
  const run = await runtime(platform);
  let worst = 0;
  for (let n = 0; n < count; n++) {
    const drawn = drawModel(n);
    try {
      const apart = await agreement(drawn, run);
      worst = Math.max(worst, apart);
      if (!(apart < 1e-5)) throw new Error(`${apart} apart`);
      passed++;
    } catch (error) {
      failed++;
      console.error(`model ${n}: ${(error as Error).message} ${JSON.stringify(drawn.config)}`);
    }
  }
  console.log(`${count} models in ${run.about}: at most ${worst.toExponential(1)} apart`);
}
await runDocs();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
