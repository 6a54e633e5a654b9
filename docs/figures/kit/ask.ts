/** Asks the worker, which all figures of the page share. */

import type { Answer, Question } from "./worker.js";

type Listener = (answer: Answer) => void;

let worker: Worker | undefined;
const current = new Map<string, number>();
const listeners = new Map<string, Listener>();
let asked = 0;

/** Answers come until there is one with `end`, or a later question of the same name. */
export function ask(name: string, settings: Question["settings"], listener: Listener): void {
  if (!worker) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      if (data.id === current.get(data.name)) listeners.get(data.name)?.(data);
    });
  }
  current.set(name, ++asked);
  listeners.set(name, listener);
  worker.postMessage({ name, id: asked, settings } satisfies Question);
}
