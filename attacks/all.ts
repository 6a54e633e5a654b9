/** All attacks, in the order in which they run. */

import type { Attack } from "./attack.js";
import { canaries } from "./canaries.js";
import { files } from "./files.js";
import { interruptions } from "./interruptions.js";
import { kills } from "./kills.js";
import { server } from "./server.js";
import { streams } from "./streams.js";
import { workers } from "./workers.js";

export const ATTACKS: readonly Attack[] = [canaries, files, interruptions, kills, server, streams, workers];
