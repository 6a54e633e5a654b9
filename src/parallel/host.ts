/** A thread that helps: it sees the model's memory, has networks where the owner has them, and runs windows on demand. */

import { listen } from "../core/workers.js";
import { createKernels, type Kernels, Memory, Network, type NetworkParts, planModel } from "../internal.js";
import type { Answer, Begin, Build, Message } from "./messages.js";
import { runWindow } from "./runWindow.js";

/** Memory whose regions the owner has handed out: they are taken in the same order. */
class Lent extends Memory {
  regions: number[] = [];

  override allocate(): number {
    return this.regions.shift() as number;
  }
}

const networks = new Map<number, Network>();
/** All but where the parameters lie, which each network has its own of. */
type Shared = Omit<NetworkParts, "params" | "derived"> & { memory: Lent };
let shared: Shared | undefined;

function begin({ module, memory, config }: Begin): void {
  const kernels: Kernels = createKernels(module, memory);
  shared = { config, layout: planModel(config), kernels, memory: new Lent(kernels) };
}

function build(shared: Shared, { id, T, lanes, mode, seed, regions, params, derived }: Build): void {
  shared.memory.regions = [...regions];
  networks.set(id, new Network({ ...shared, params, derived }, T, lanes, mode, seed));
}

function receive(message: Message): Answer | undefined {
  if (message.type === "begin") begin(message);
  if (!shared) return;
  // The owner may have added to it.
  shared.memory.view();
  if (message.type === "build") build(shared, message);
  else if (message.type === "drop") networks.delete(message.id);
  else if (message.type === "run") return { loss: runWindow(shared, networks.get(message.id) as Network, message) };
  return;
}

/**
 * Makes a worker of your own a thread of `memcell/parallel`: for bundlers, or addresses, that need a file of your project.
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
