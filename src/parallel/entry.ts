/** The thread that is started where none is given. */

import { serve } from "./host.js";

serve();
