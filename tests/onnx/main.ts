/**
 * Random models in ONNX Runtime, native and in WebAssembly, and back; random modules of PyTorch and models of other makers in memcell; and
 * the code of docs/onnx.md: `npm run test:onnx [-- COUNT]`. Its packages are installed in this folder; needs Debian's python3-torch and
 * espeak-ng.
 */

import { quantize } from "../../src/int8.js";
import { agreement } from "./agreement.js";
import { back } from "./back.js";
import { runDocs } from "./docs.js";
import { drawModel } from "./models.js";
import { others } from "./others.js";
import { runtime } from "./runtime.js";
import { apartFrom, exported } from "./torch.js";

const count = Number(process.argv[2] ?? 200);
let [passed, failed] = [0, 0];
const tell = (good: boolean, about: () => string) => {
  if (good) passed++;
  else failed++;
  if (!good) console.error(about());
};
for (const platform of ["node", "web"] as const) {
  const run = await runtime(platform);
  for (const [about, bound] of [
    ["models", 1e-5],
    ["models of int8 weights", 3e-4],
  ] as const) {
    let worst = 0;
    for (let n = 0; n < count; n++) {
      const drawn = drawModel(n);
      if (about !== "models") drawn.model = quantize(drawn.model);
      try {
        const apart = await agreement(drawn, run);
        worst = Math.max(worst, apart);
        tell(apart < bound, () => `model ${n}: ${apart} apart ${JSON.stringify(drawn.config)}`);
      } catch (error) {
        tell(false, () => `model ${n}: ${(error as Error).message} ${JSON.stringify(drawn.config)}`);
      }
    }
    console.log(`${count} ${about} in ${run.about}: at most ${worst.toExponential(1)} apart`);
  }
}
await runDocs();
for (let n = 0; n < count; n++) tell(back(drawModel(n)), () => `model ${n} comes back with other bits`);
console.log(`${count} models to ONNX and back, to the bit`);
let worst = 0;
exported(count).forEach((each, i) => {
  try {
    const apart = apartFrom(each);
    worst = Math.max(worst, apart);
    tell(apart < 1e-5, () => `module ${i}, ${each.about}: ${apart} apart`);
  } catch (error) {
    tell(false, () => `module ${i}, ${each.about}: ${(error as Error).message}`);
  }
});
console.log(`${count} modules of PyTorch in memcell: at most ${worst.toExponential(1)} apart`);
const [good, bad] = await others(await runtime("node"));
passed += good;
failed += bad;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
