/** Which language is each of these surnames from? All that is needed is in the file. */

import { readFileSync } from "node:fs";
import { loadModel } from "memcell";
import { tokensOf } from "./names.js";

const model = loadModel(readFileSync("surnames.safetensors"));
const { alphabet, labels } = model.config.metadata;
const languages = labels.split(",");
const names = process.argv.slice(2);
const probabilities = model.predict(
  names.map((name) => ({ inputs: tokensOf(name, alphabet) })),
  { as: "probabilities" },
);
for (const [i, name] of names.entries()) {
  const ranked = languages.map((language, k) => [language, probabilities[i][k]]).sort(([, a], [, b]) => b - a);
  console.log(
    `${name}: ${ranked
      .slice(0, 3)
      .map(([language, share]) => `${language} ${(100 * share).toFixed(1)} %`)
      .join(", ")}`,
  );
}
