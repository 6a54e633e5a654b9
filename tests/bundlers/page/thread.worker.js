/** A thread for `memcell/parallel`. */

import { serve } from "memcell/parallel/host";

serve();
