/** Computes figures beside the page. What is asked for last of a figure counts. */

import { NUMBERS } from "../numbers.js";

export interface Question {
  name: string;
  id: number;
  settings: Record<string, number | string>;
}

export type Answer = { name: string; id: number; end: boolean } & ({ result: unknown } | { error: string });

const latest = new Map<string, number>();

async function answer({ name, id, settings }: Question): Promise<void> {
  const say = (rest: { end: boolean } & ({ result: unknown } | { error: string })) => postMessage({ name, id, ...rest } satisfies Answer);
  // Whoever drags a slider has asked again meanwhile.
  await new Promise((resolve) => setTimeout(resolve));
  if (latest.get(name) !== id) return;
  try {
    const result = NUMBERS[name]?.(settings);
    if (!(Symbol.iterator in Object(result)) || Array.isArray(result)) return say({ end: true, result });
    let seen: unknown;
    for (const piece of result as Iterable<unknown>) {
      seen = piece;
      say({ end: false, result: piece });
      await new Promise((resolve) => setTimeout(resolve));
      if (latest.get(name) !== id) return;
    }
    say({ end: true, result: seen });
  } catch (error) {
    say({ end: true, error: (error as Error).message });
  }
}

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  latest.set(data.name, data.id);
  void answer(data);
});
