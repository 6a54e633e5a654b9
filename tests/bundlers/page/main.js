/** For bundlers that find the package's own workers. */

import { train } from "./train.js";

globalThis.trained = train();
