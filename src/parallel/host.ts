/** A helper thread: it shares the model's memory, builds networks where the owner's lie, and runs windows on demand. */

import { listen } from "../core/workers.js";
import { createKernels, type Kernels, Memory, Network, type NetworkParts, planModel } from "../internal.js";
import type { Answer, Begin, Build, Message } from "./messages.js";
import { runWindow } from "./runWindow.js";

/** The owner's memory: allocations return the regions that the owner has handed out, in the same order. */
class Lent extends Memory {
  regions: number[] = [];

  override allocate(): number {
    return this.regions.shift() as number;
  }
}

const networks = new Map<number, Network>();
/** The parts that all networks share; each has its own place of parameters. */
type Shared = Omit<NetworkParts, "params" | "derived"> & { memory: Lent };
let shared: Shared | undefined;

function begin({ module, memory, config }: Begin): void {
  const kernels: Kernels = createKernels(module, memory);
  shared = { config, layout: planModel(config), kernels, memory: new Lent(kernels) };
}

function build(shared: Shared, { id, T, lanes, mode, seed, lowest, regions, params, derived }: Build): void {
  shared.memory.regions = [...regions];
  networks.set(id, new Network({ ...shared, params, derived }, T, lanes, mode, seed, false, lowest));
}

function receive(message: Message): Answer | undefined {
  if (message.type === "begin") begin(message);
  if (!shared) return;
  // The owner may have grown the memory.
  shared.memory.view();
  if (message.type === "build") build(shared, message);
  else if (message.type === "drop") networks.delete(message.id);
  else if (message.type === "run") return { losses: runWindow(shared, networks.get(message.id) as Network, message) };
  return;
}

/**
 * Makes your own worker a thread of `memcell/parallel`. For bundlers, or addresses, that need a file of your project.
 * @example import { serve } from "memcell/parallel/host"; serve();
 */
export function serve(): void {
  const post = listen((message: Message) => {
    try {
      const answer = receive(message);
      if (answer) post(answer);
    } catch (error) {
      post({ error });
    }
  });
}
