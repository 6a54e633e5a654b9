/** What is asked of the package as it is installed: the bits, on one thread, on two, and in a worker. */

import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
import { EXPECTED, INT8_ACTIVATIONS } from "../helpers/bits.expected.js";
import { bits, options, train, twoLayers } from "../helpers/bits.js";
import { int8Bits } from "../helpers/int8Bits.js";

export interface Report {
  /** Names of what has other bits, or is shown in another way. */
  wrong: string[];
  /** Whether two threads did work. */
  threads: boolean;
  worker: boolean;
}

export async function installed(): Promise<Report> {
  const found = { ...(await bits()), int8: await int8Bits() } as Record<string, string>;
  const rounded = await int8Bits("int8").catch((error) => (error instanceof RangeError ? undefined : String(error)));
  if (rounded) found[INT8_ACTIVATIONS] = rounded;
  const parallel = createParallel(twoLayers(), { ...options, threads: 2 });
  const threads = parallel.threads === 2;
  if (threads) found["2 threads"] = await train(parallel);
  parallel.close();
  const trainer = createWorker(twoLayers(), { ...options, threads: 1 });
  const inWorker = await train(trainer);
  trainer.close();
  const expected = Object.entries(EXPECTED).filter(([name]) => (threads || name !== "2 threads") && (rounded || name !== INT8_ACTIVATIONS));
  const wrong = expected.filter(([name, hash]) => found[name] !== hash).map(([name]) => name);
  // How console.log shows a model, where the runtime has a function for that.
  const { Deno, Bun } = globalThis as { [name in "Deno" | "Bun"]?: { inspect(value: unknown): string } };
  const [model, inspect] = [twoLayers(), (Deno ?? Bun)?.inspect];
  if (inspect && inspect(model) !== model.summary()) wrong.push("console.log");
  return { wrong, threads, worker: inWorker === EXPECTED.training };
}
