/** Workers of any runtime, seen from both sides: node:worker_threads (also in Deno and Bun), or the web's. */

/** The part of a worker that memcell uses. */
export interface Remote {
  post(message: unknown, transfer?: Transferable[]): void;
  end(): void;
  /** Whether the process waits for the worker; a page never does. */
  hold(on: boolean): void;
}

/** The web's `Worker`, or an object with these members. */
interface WebWorker {
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** The `Worker` of node:worker_threads. */
interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly never[]): void;
  terminate(): unknown;
  on(event: string, hear: (...values: unknown[]) => void): unknown;
  ref(): void;
  unref(): void;
}

export type AnyWorker = WebWorker | NodeWorker;

// In a variable of its own, as bundlers take `new URL(name, import.meta.url)` for a file to include.
const here = import.meta.url;

const node = () => globalThis.process?.getBuiltinModule?.("node:worker_threads");

/** The error where a worker's file is not found, with the ways to solve it. */
const lost = (cause?: unknown) =>
  new Error(
    'a worker of memcell cannot be loaded: is its file served, as a module, by the page\'s own origin? Where a bundler leaves it out, make the worker from a file of yours, with the option "worker" (docs/bundlers.md)',
    { cause },
  );

/**
 * Starts a worker. In a page `web` makes it, so that bundlers see the expression they look for:
 * `new Worker(new URL("./file.js", import.meta.url), { type: "module" })`.
 * @param file beside this one
 * @param given makes the worker instead, if there is one
 * @param fail is also called when the worker ends
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
    // Deno may have loaded the package from an address, from which only web workers start. execArgv is empty because the flags of
    // `node --input-type=module --eval …` would keep a file from starting.
    worker = given ? given() : threads && url?.protocol === "file:" ? new threads.Worker(url, { execArgv: [] }) : web();
  } catch (error) {
    // A page may not start a worker from another origin.
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
  // A missing file gives an event without a message.
  own.onerror = ({ error, message }) => fail(error ?? (message ? new Error(message) : lost()));
  own.onmessageerror = () => fail(new Error("a worker of memcell sent what cannot be read"));
  return { post: (message, transfer = []) => own.postMessage(message, transfer), end: () => own.terminate(), hold() {} };
}

/** In the worker: calls `hear` for each message posted to it. @returns a function that posts back */
export function listen<M>(hear: (message: M) => void): (message: unknown, transfer?: Transferable[]) => void {
  const port = node()?.parentPort;
  if (port) {
    port.on("message", hear);
    return (message, transfer = []) => port.postMessage(message, transfer as never);
  }
  addEventListener("message", ({ data }) => hear(data as M));
  return (message, transfer = []) => postMessage(message, { transfer });
}
