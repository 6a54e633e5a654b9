/** A trainer for `memcell/worker`; `worker` is for its threads, where it is to have several. */

import { serve } from "memcell/worker/host";

serve({ worker: () => new Worker(new URL("./thread.worker.js", import.meta.url), { type: "module" }) });
