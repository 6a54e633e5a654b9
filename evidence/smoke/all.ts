/** Every learner. */

import type { Smoke } from "../smoke.js";
import { BENGIO } from "./bengio.js";
import { DESCENT } from "./descent.js";
import { LIBRARY } from "./library.js";
import { MEMORY } from "./memory.js";
import { SEARCHES } from "./searches.js";

export const SMOKE: readonly Smoke[] = [...LIBRARY, ...DESCENT, ...SEARCHES, ...BENGIO, ...MEMORY];
