/** Workers of whichever runtime, seen from both sides: Node's own, which Deno and Bun have as well, or the web's. */

/** The few things that are asked of a worker. */
export interface Remote {
  post(message: unknown, transfer?: Transferable[]): void;
  end(): void;
  /** Whether the process waits for it; a page never does. */
  hold(on: boolean): void;
}

/** The web's `Worker`, or what is like it enough. */
export interface WebWorker {
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** The `Worker` of node:worker_threads. */
export interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly never[]): void;
  terminate(): unknown;
  on(event: string, hear: (...values: unknown[]) => void): unknown;
  ref(): void;
  unref(): void;
}

export type AnyWorker = WebWorker | NodeWorker;

/** Not where it is used: bundlers look for files that are named beside it. */
const here = import.meta.url;

const node = () => globalThis.process?.getBuiltinModule?.("node:worker_threads");

/** What can be done where a worker's file is not found. */
const lost = (cause?: unknown) =>
  new Error(
    'a worker of memcell cannot be loaded: is its file served, as a module, by the page\'s own origin? Where a bundler leaves it out, make the worker from a file of yours, with the option "worker" (docs/bundlers.md)',
    { cause },
  );

/**
 * Starts a worker. A page's is made by `web`, where bundlers find the address that they look for:
 * `new Worker(new URL("./file.js", import.meta.url), { type: "module" })`.
 * @param file beside this one
 * @param given makes it instead, if there is one
 * @param fail hears of its end as well
 */
export function start(
  file: string,
  web: () => WebWorker,
  given: (() => AnyWorker) | undefined,
  hear: (message: unknown) => void,
  fail: (error: unknown) => void,
): Remote {
  const threads = node();
  const url = threads && new URL(file, here);
  let worker: AnyWorker;
  try {
    // Deno may have the package from a registry, from where only its web workers start. Not the flags of the process: of
    // `node --input-type=module --eval …` a file does not start.
    worker = given ? given() : threads && url?.protocol === "file:" ? new threads.Worker(url, { execArgv: [] }) : web();
  } catch (error) {
    // A page may not start one from another origin.
    queueMicrotask(() => fail(given ? error : lost(error)));
    return { post() {}, end() {}, hold() {} };
  }
  if ("on" in worker) {
    const own = worker;
    own.unref();
    own.on("message", hear);
    own.on("error", (error) => fail((error as { code?: string }).code?.endsWith("MODULE_NOT_FOUND") ? lost(error) : error));
    own.on("messageerror", fail);
    own.on("exit", (code) => fail(new Error(`a worker of memcell ended with code ${code}`)));
    return {
      post: (message, transfer = []) => own.postMessage(message, transfer as never),
      end: () => void own.terminate(),
      hold: (on) => (on ? own.ref() : own.unref()),
    };
  }
  const own = worker;
  own.onmessage = ({ data }) => hear(data);
  // A file that is not found gives an event without a message.
  own.onerror = ({ error, message }) => fail(error ?? (message ? new Error(message) : lost()));
  own.onmessageerror = () => fail(new Error("a worker of memcell sent what cannot be read"));
  return { post: (message, transfer = []) => own.postMessage(message, transfer), end: () => own.terminate(), hold() {} };
}

/** In the worker: hears what is posted to it. @returns what posts back */
export function listen<M>(hear: (message: M) => void): (message: unknown, transfer?: Transferable[]) => void {
  const port = node()?.parentPort;
  if (port) {
    port.on("message", hear);
    return (message, transfer = []) => port.postMessage(message, transfer as never);
  }
  addEventListener("message", ({ data }) => hear(data as M));
  return (message, transfer = []) => postMessage(message, { transfer });
}
