/** What came out of a runtime, docs/runtimes.json, in words: for the console and for the site. */

interface Counted {
  passed: number;
  failed: number;
}

export interface Ran {
  runtime: string;
  /** That all of it took. */
  seconds?: number;
  kernels?: Counted;
  api?: Counted;
  /** The bits that differ from Node's, by what was asked for. */
  wrong?: string[];
  threads?: boolean;
  worker?: boolean;
  /** It has neither threads nor workers of its own. */
  alone?: boolean;
  /** What ended it. */
  error?: string;
}

export interface Cells {
  runtime: string;
  kernels: string;
  api: string;
  bits: string;
  threads: string;
  worker: string;
}

export function cellsOf({ runtime, kernels, api, wrong = [], threads, worker, alone, error }: Ran): Cells {
  if (error !== undefined || !kernels || !api) return { runtime, kernels: "failed", api: "failed", bits: "", threads: "", worker: "" };
  const counted = ({ passed, failed }: Counted) => (failed > 0 ? `${failed} of ${passed + failed} failed` : `${passed} pass`);
  const there = (is: boolean | undefined) => (is ? "the same bits" : alone ? "has none" : "none");
  return {
    runtime,
    kernels: counted(kernels),
    api: counted(api),
    bits: wrong.length > 0 ? `differ: ${wrong.join(", ")}` : "the same",
    threads: there(threads),
    worker: there(worker),
  };
}
