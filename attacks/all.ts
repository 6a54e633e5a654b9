/** Every attack that there is, in the order in which they run. */

import type { Attack } from "./attack.js";

export const ATTACKS: readonly Attack[] = [];
