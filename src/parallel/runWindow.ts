/** A thread's part of a window: the same code on the thread that owns the model and on the helpers. */

import type { Network, NetworkParts } from "../model/network.js";
import type { Run } from "./messages.js";

/** @returns for each head the sum of its loss times its scale; none where nothing is learned */
export function runWindow({ memory, layout }: Pick<NetworkParts, "memory" | "layout">, network: Network, { T, learn }: Run): number[] {
  network.forward(T, learn?.mask);
  if (!learn) return [];
  memory.fill(learn.gradients, layout.params.bytes / 4);
  const losses = network.losses(T, learn.losses, learn.scales);
  network.backward(T, learn.mask, learn.gradients, learn.full);
  return losses;
}
