/** What a figure is: settings, a pure function from them to numbers, words on these and a drawing. */

import type { Control, Settings } from "./controls.js";

export interface Figure<S, R> {
  /** Of its element, `NAME-figure`, and of its settings in the address. */
  name: string;
  title: string;
  controls: { [K in keyof S]: Control };
  /** The module of its numbers as a reader's program. */
  code: string;
  /** Whether it is computed only when it is asked for, piece by piece. */
  slow?: boolean;
  /** The numbers that matter, in a sentence. */
  summary(result: R, settings: S): string;
  /** Draws into an empty element. */
  draw(place: HTMLElement, result: R, settings: S): void;
}

/** Forgets the types of settings and numbers, which only the figure itself knows. */
// biome-ignore lint/suspicious/noExplicitAny: each figure has numbers of its own kind
export type AnyFigure = Figure<any, any>;

/** The figure's numbers as a program that prints them. */
export function programOf({ code, slow, title }: AnyFigure, settings: Settings): string {
  const call = `compute(${JSON.stringify(settings)})`;
  const print = slow ? `for (const result of ${call}) console.log(JSON.stringify(result));` : `console.log(JSON.stringify(${call}));`;
  const needs = code.includes('from "memcell"') ? "npm install memcell; " : "";
  return `// ${title}. Save as figure.mjs; ${needs}node figure.mjs\n${code}\n\n${print}\n`;
}
