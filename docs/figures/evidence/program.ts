import { readFileSync } from "node:fs";

// Run this in a clone of memcell's repository, where the results are.
const files = {
  "one of two symbols, past distractors": "success-rivals-2c",
  "one of two symbols, past always the same": "success-rivals-2a",
  adding: "success-rivals-adding",
  "two sequences": "success-two-sequences",
};

/** The share of trials that learned, by lag. */
export function compute({ task }: { task: keyof typeof files }) {
  return JSON.parse(readFileSync(`evidence/pictures/${files[task]}.json`, "utf8"));
}
