/** One step out of a sequence. */

import { idsOf, type Node, plain, shaped } from "./node.js";
import { PLACES, type Signal } from "./signal.js";
import { hasRole, refuse, type Steps, sizeOf, squeeze, unsqueeze, type View } from "./views.js";

/** The state of a recurrent layer after it has read all of a sequence; of other layers the last step. */
export function finalOf({ chain, name }: Node, signal: Signal, wrong?: string): Signal {
  if (wrong) return chain.bare(signal, name, { type: "pooling", kind: "last" }, { wrong });
  signal.final ??= chain.bare(signal, name, { type: "pooling", kind: "last" });
  return signal.final;
}

const REVERSE =
  "of a step that a layer in reverse has not read all of the sequence for, expected its final state: Y_h, the last step of what runs forward and the first one of what runs in reverse";

/** The step at `place` of the axis of steps, which is gone. @throws Refusal if it is neither the sequence's first nor its last one */
export function pick(node: Node, view: View, axis: number, place: number): View {
  const { reversed, front, behind } = view.steps as Steps;
  const size = sizeOf(view.dims[axis] ?? []);
  const [first, last] = [place === front, place === size - 1 - behind];
  if (!first && !last) refuse(`of step ${place}, expected the last one`);
  const ends = [reversed ? first : last, reversed ? last : first] as const;
  const rest: View = { ...view, dims: view.dims.map((dim, k) => (k === axis ? dim.filter(({ role }) => role !== "T") : dim)) };
  const gone = squeeze(rest, [axis]);
  const ids = idsOf(node, gone);
  const signal = node.chain.signals[Math.floor((ids[0] ?? 0) / PLACES)];
  const { bidirectional, residual } = signal?.layer ?? {};
  if (signal && bidirectional === "concat" && !residual && ids.every((id) => Math.floor(id / PLACES) === signal.id)) {
    // The directions end at different steps: the forward half at the last one, the backward half at the first.
    const middle = signal.units / 2;
    const final = finalOf(node, signal);
    const one =
      ends[0] === ends[1] ? final : Object.assign(finalOf(node, signal, REVERSE), { half: { final, from: ends[0] ? 0 : middle } });
    return { ...gone, read: (at) => gone.read(at) + (one.id - signal.id) * PLACES };
  }
  const whole = plain(node, gone);
  const good = whole.layer?.direction === "reverse" && !whole.layer.residual ? ends[1] : ends[0] && !whole.ahead;
  if (!good && !whole.ahead) refuse("of the first step, expected the last one");
  return shaped(gone, finalOf(node, whole, good ? undefined : REVERSE));
}

/** The last step of each sequence, by an index that is its length less 1, of one step or of a list of one. */
export function lastOf(node: Node, view: View, index: View): View {
  const { chain } = node;
  const [top] = idsOf(node, index);
  const last = chain.signals[Math.floor((top as number) / PLACES)];
  const [op, values] = last?.by ?? [];
  const lengths = chain.lengths as View | undefined;
  const axis = view.dims.findIndex((dim) => hasRole(dim, "T"));
  const before = op === "Sub" ? 1 : -1;
  const good = lengths && last?.terms?.[0]?.ids[0] === idsOf(node, lengths)[0] && values?.[0] === before && axis === 1;
  if (!good || node.number("batch_dims", 0) !== 1) return refuse("of steps that are not the last ones");
  const step = pick(node, view, axis, sizeOf(view.dims[axis] ?? []) - 1);
  return index.dims.length > 2 ? unsqueeze(step, [1]) : step;
}
