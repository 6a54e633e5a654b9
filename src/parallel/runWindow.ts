/** A thread's part of a window: the same code on the thread that owns the model and on the helpers. */

import type { Network, NetworkParts } from "../model/network.js";
import type { Run } from "./messages.js";

/** @returns the sum of the loss times its scale; 0 where nothing is learned */
export function runWindow({ memory, layout }: Pick<NetworkParts, "memory" | "layout">, network: Network, { T, learn }: Run): number {
  network.forward(T, learn?.mask);
  if (!learn) return 0;
  memory.fill(learn.gradients, layout.params.bytes / 4);
  const loss = network.loss(T, learn.loss, learn.scale);
  network.backward(T, learn.mask, learn.gradients, learn.full);
  return loss;
}
