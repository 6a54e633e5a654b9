/** Every attack that there is, in the order in which they run. */

import type { Attack } from "./attack.js";
import { canaries } from "./canaries.js";

export const ATTACKS: readonly Attack[] = [canaries];
