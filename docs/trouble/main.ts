/** Learns and draws the pictures of docs/trouble.md anew: `npx tsx docs/trouble/main.ts [NAME ...]`. */

import { writeFileSync } from "node:fs";
import { pictures } from "./curves.ts";
import { draw } from "./draw.ts";

for (const [name, make] of Object.entries(pictures)) {
  if (process.argv.length > 2 && !process.argv.includes(name)) continue;
  const picture = await make();
  writeFileSync(new URL(`${name}.svg`, import.meta.url), draw(picture));
  for (const { name: of, y } of picture.curves)
    console.log(`${name}, ${of}: ${y.length} epochs, ${[y[0], y[y.length >> 1], y.at(-1)].map((each) => each?.toPrecision(3)).join(", ")}`);
}
