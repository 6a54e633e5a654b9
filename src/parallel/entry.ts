/** The package's own thread, for when no worker is given. */

import { serve } from "./host.js";

serve();
