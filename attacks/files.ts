/** Files and states from strangers. Whatever they hold, they are refused with a path, or are good, within bounds of memory and time. */

import { Random } from "../src/core/random.js";
import type { Attack, Attempts } from "./attack.js";
import { type Honest, honestFiles } from "./honest.js";
import { changeBytes, changeStructure, changeValue, changeZip, pick } from "./mutate.js";

/** The most bytes to allocate beyond twice the file. */
const ROOM = 16 << 20;
/** Milliseconds of processor time to open, save and open again: a thousand times the time of an honest file. */
const TIME = 5000;
/** The start of every refusal: the path of the wrong value, or a sentence about the whole model. */
const REFUSAL = /^"|^an online learner needs a model|^a model with a bidirectional or reverse layer/;

/** Bytes by which WebAssembly's memories have grown. */
let grown = 0;
function watchMemories(): () => void {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    const before = grow.call(this, pages);
    grown += pages * 65536;
    return before;
  };
  return () => {
    WebAssembly.Memory.prototype.grow = grow;
  };
}

/**
 * Bytes taken and not given back: by WebAssembly's memories, which never shrink, by array buffers, and by the heap, where garbage counts
 * until it is collected. So a difference is an upper bound on the memory in use.
 */
function taken(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return grown + arrayBuffers + heapUsed;
}

/** @throws Error if a file is not refused as it should be, or if its object does not save and load again */
function open({ open }: Honest, bytes: Uint8Array): boolean {
  let saved: Uint8Array;
  try {
    saved = open(bytes);
  } catch (error) {
    const { message } = error as Error;
    // From JSON.parse: the state is no JSON, and memcell never sees it.
    if (error instanceof SyntaxError) return false;
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    if (!REFUSAL.test(message)) throw new Error(`refused without a path: ${error.stack?.slice(0, 500)}`);
    if (message.length >= 1000) throw new Error(`refused in ${message.length} characters: ${message.slice(0, 200)}`);
    return false;
  }
  const again = open(saved);
  if (Buffer.compare(again, saved) !== 0) throw new Error("what it saved is another file when saved again");
  return true;
}

class FileAttempts implements Attempts {
  readonly #restore = watchMemories();
  #opened = 0;
  #tries = 0;
  #most = 0;
  #longest = 0;

  constructor(
    readonly seed: number,
    readonly files: readonly Honest[],
  ) {}

  #changed(n: number): { honest: Honest; bytes: Uint8Array } {
    // Purpose 9: memcell draws nothing with it.
    const random = new Random(this.seed, 9, n);
    const honest = pick(random, this.files);
    if (random.uniform() < 0.3 || honest.form === "bytes")
      return { honest, bytes: changeBytes(random, honest.bytes, pick(random, this.files).bytes) };
    if (honest.form === "zip") return { honest, bytes: changeZip(random, honest.bytes, pick(random, this.files).bytes) };
    return { honest, bytes: (honest.form === "json" ? changeValue : changeStructure)(random, honest.bytes) };
  }

  attempt(n: number): void {
    const { honest, bytes } = this.#changed(n);
    const budget = 2 * bytes.length + ROOM;
    const measured = () => {
      const [before, cpu] = [taken(), process.cpuUsage()];
      const good = open(honest, bytes);
      const { user, system } = process.cpuUsage(cpu);
      return { good, memory: taken() - before, time: (user + system) / 1000 };
    };
    this.#tries++;
    try {
      let { good, memory, time } = measured();
      // Garbage collection and compilation count too, so measure a second time.
      if (memory > budget || time > TIME) {
        globalThis.gc?.();
        ({ memory, time } = measured());
      }
      if (good) this.#opened++;
      this.#most = Math.max(this.#most, memory - 2 * bytes.length);
      this.#longest = Math.max(this.#longest, time);
      if (memory > budget) throw new Error(`took ${memory} bytes, where a file of ${bytes.length} may take ${budget}`);
      if (time > TIME) throw new Error(`took ${time} ms`);
    } catch (error) {
      throw new Error(`${honest.name}: ${(error as Error).message}`, { cause: error });
    }
  }

  note(): string {
    const most = (Math.max(0, this.#most) / 2 ** 20).toFixed(1);
    return `${this.files.length} formats and states, ${this.#opened} of ${this.#tries} good; at most twice the file and ${most} MB, ${Math.round(this.#longest)} ms`;
  }

  close(): void {
    this.#restore();
  }
}

export const files: Attack = {
  name: "files",
  promise: "a changed file or state is refused with a path or is good, in bounded memory and time",
  short: 1000,
  full: 1_000_000,
  async open(seed) {
    return new FileAttempts(seed, await honestFiles());
  },
};
