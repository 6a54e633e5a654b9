/** The results file: a line of JSON for each trial that ended. What is in it is not run again. */

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Result, VERSION } from "./row.js";

export class Results {
  readonly all: Result[] = [];
  /** Lines that could not be read, by number from 1: they stay in the file. */
  readonly broken: number[] = [];
  /** Where each stands in the file, from line 1. */
  readonly lines = new Map<Result, number>();
  readonly #path: string;
  /** Lines of the file. */
  #length = 0;

  /** @throws RangeError if a line is of another version */
  constructor(path: string) {
    this.#path = path;
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    text.split("\n").forEach((line, i) => {
      if (line === "") return;
      this.#length = i + 1;
      let result: Result;
      try {
        result = JSON.parse(line);
      } catch {
        this.broken.push(i + 1);
        return;
      }
      const { version = 1 } = result;
      if (version !== VERSION) throw new RangeError(`${path}: line ${i + 1} is of version ${version}, expected ${VERSION}`);
      this.all.push(result);
      this.lines.set(result, i + 1);
    });
    // A line that was cut off ends here, so that the next one is not added to it.
    if (text !== "" && !text.endsWith("\n")) writeFileSync(path, `${text}\n`);
  }

  /** A trial's result, unless it was given up earlier than it would be now. */
  of(row: string, trial: number, limit: number): Result | undefined {
    return this.all.find((result) => {
      const same = result.row === row && result.trial === trial;
      return same && (result.solved ? result.sequences <= limit : result.diverged || result.limit >= limit);
    });
  }

  add(result: Result): void {
    this.all.push(result);
    this.lines.set(result, ++this.#length);
    mkdirSync(dirname(this.#path), { recursive: true });
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }
}
