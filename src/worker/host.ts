/** The worker's side: a trainer that does as the page asks. */

import { listen } from "../core/workers.js";
import { loadModel } from "../index.js";
import { CHANGES, options, type Report, type Sequence } from "../internal.js";
import { checkWorker, type Threads } from "../parallel/threadOptions.js";
import { createTrainer, type ParallelTrainer, resumeTrainer } from "../parallel/trainer.js";
import {
  type Answer,
  type Call,
  type Changed,
  type Create,
  type Message,
  type Method,
  type Pull,
  type Pulled,
  type Rate,
  STREAMED,
} from "./messages.js";

/** The buffers of an answer. They were made for the page alone, so they are moved instead of copied. */
function buffers(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(buffers) : [];
}

class Host {
  readonly #post: (answer: Answer, transfer?: Transferable[]) => void;
  readonly #waiting = new Map<number, (pulled: Pulled) => void>();
  #pulls = 0;
  #trainer: ParallelTrainer | undefined;
  #failed: unknown;
  #fit: AsyncGenerator<Report, void, undefined> | undefined;
  #abort = new AbortController();

  constructor(
    post: (answer: Answer, transfer?: Transferable[]) => void,
    readonly where: Pick<Threads, "worker">,
  ) {
    this.#post = post;
  }

  receive(message: Message): void {
    if (message.type === "create") this.#create(message);
    else if (message.type === "abort") this.#abort.abort();
    else if (message.type === "rate") this.#rate(message);
    else if (message.type === "pulled") this.#waiting.get(message.id)?.(message);
    else void this.#answer(message);
  }

  #create({ bytes, resumes, options, threads = 1 }: Create): void {
    try {
      const where = { ...this.where, threads };
      const changes = Object.fromEntries(CHANGES.map((key) => [key, options[key]]));
      this.#trainer = resumes ? resumeTrainer(bytes, { ...changes, ...where }) : createTrainer(loadModel(bytes), { ...options, ...where });
    } catch (error) {
      this.#failed = error;
    }
  }

  #rate({ value }: Rate): void {
    if (this.#trainer) this.#trainer.learningRate = value;
  }

  async #answer({ id, method, values }: Call): Promise<void> {
    try {
      const value = await this.#call(method, values);
      const changes = ["next", "return", "step"].includes(method);
      const changed = changes ? this.#changed() : undefined;
      this.#post({ type: "reply", id, value, ...(changed && { changed }) }, [...buffers(value), ...buffers(changed)]);
    } catch (error) {
      this.#post({ type: "reply", id, error });
    }
  }

  #changed(): Changed {
    const { model, updates, epochs } = this.#trainer as ParallelTrainer;
    return { parameters: model.parameters(), updates, epochs };
  }

  #call(method: Method, values: unknown[]): unknown {
    if (!this.#trainer) throw this.#failed;
    const trainer = this.#trainer;
    const [first, second] = values as [never, never];
    switch (method) {
      case "fit":
        this.#abort = new AbortController();
        this.#fit = trainer.fit(first === STREAMED ? this.#streamed() : first, { ...(second as object), signal: this.#abort.signal });
        return;
      case "next":
        return this.#fit?.next();
      case "return":
        return this.#fit?.return();
      case "rewind":
        return void trainer.rewind();
      default:
        return trainer[method](first, second);
    }
  }

  /** The page's iterable, restarted in every epoch. */
  #streamed(): AsyncIterable<Sequence> {
    const pull = (method: Pull["method"]) => this.#pull(method) as Promise<IteratorResult<Sequence>>;
    return {
      [Symbol.asyncIterator]() {
        const opened = pull("open");
        return { next: () => opened.then(() => pull("next")), return: () => pull("return") };
      },
    };
  }

  #pull(method: Pull["method"]): Promise<IteratorResult<unknown> | undefined> {
    const id = this.#pulls++;
    this.#post({ type: "pull", id, method });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(error);
      });
    });
  }
}

/**
 * Makes your own worker one that trains for `createTrainer` of `memcell/worker`. For bundlers, or addresses, that need a file of your
 * project.
 * @param where `worker`: a function that makes the further threads, as for `createTrainer` of `memcell/parallel`
 * @throws TypeError if it is not a function
 * @example import { serve } from "memcell/worker/host"; serve();
 */
export function serve(where: Pick<Threads, "worker"> = {}): void {
  checkWorker(options("options", where, ["worker"]).worker);
  const host = new Host(
    listen((message: Message) => host.receive(message)),
    where,
  );
}
