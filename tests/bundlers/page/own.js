/** For bundlers that do not, and for addresses on another origin: workers from files of the page's own. */

import { train } from "./train.js";

globalThis.trained = train({
  worker: () => new Worker(new URL("./trainer.worker.js", import.meta.url), { type: "module" }),
  thread: () => new Worker(new URL("./thread.worker.js", import.meta.url), { type: "module" }),
});
