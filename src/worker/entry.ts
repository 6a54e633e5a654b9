/** The package's own worker, for when none is given. */

import { serve } from "./host.js";

serve();
