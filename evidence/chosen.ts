/**
 * The settings that tuning chose, of each experiment and learner: chosen.json, which `npm run evidence -- choose` writes from the
 * results of the rows that try them.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";

export interface Chosen {
  /** Adam's. */
  rate: number;
  /** How many times the paper's number of cells. */
  size: number;
}

const PATH = new URL("chosen.json", import.meta.url);

export const readChosen = (): Record<string, Chosen> => (existsSync(PATH) ? JSON.parse(readFileSync(PATH, "utf8")) : {});

/** @throws RangeError before its trials of tuning have been run */
export function chosen(name: string): Chosen {
  const setting = readChosen()[name];
  if (!setting) throw new RangeError(`no setting has been chosen for ${name}: run its rows of tuning, then choose`);
  return setting;
}

export const writeChosen = (all: Record<string, Chosen>) => writeFileSync(PATH, `${JSON.stringify(all, null, 2)}\n`);
