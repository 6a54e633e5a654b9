/** Wrappers around any cell: a second direction, and a residual connection. */

import type { EngineParts } from "../core/memory.js";
import { pad4 } from "./packing.js";
import type { Below, LayerPlan, Planner } from "./plan.js";
import type { AroundOptions } from "./recurrentOptions.js";
import type { Stage, Workspace } from "./stage.js";

/** One direction of a layer. */
export interface Direction {
  stage(workspace: Workspace, below: Stage): Stage;
  refresh(parts: EngineParts, flows: boolean): void;
}

/** A layer of one or two directions, with its residual connection. */
export function around(
  planner: Planner,
  options: AroundOptions,
  outputs: number,
  cells: boolean,
  plan: (suffix: string, number: number) => Direction,
): LayerPlan {
  const { bidirectional, direction, residual } = options;
  const reversed = direction === "reverse";
  if (reversed && bidirectional) throw new RangeError(`"${planner.path}.direction" does not go with bidirectional`);
  const { inputs, tokens, below: source, final } = planner;
  const k = planner.count("recurrent");
  const directions = ["", "_reverse"].flatMap((end, i) => (bidirectional || reversed === i > 0 ? [plan(`_l${k}${end}`, 2 * k + i)] : []));
  const units = bidirectional === "concat" ? 2 * outputs : outputs;
  if ((residual && tokens) || (residual === "sum" && inputs !== units)) {
    const expected = residual === "sum" ? `${units} inputs, as many as outputs,` : "numbers as inputs,";
    throw new RangeError(`"${planner.path}.residual" expected ${expected} got ${tokens ? "tokens or categories" : inputs}`);
  }
  return {
    units: residual === "concat" ? units + inputs : units,
    recurrent: { cells },
    carries: true,
    ...((bidirectional || reversed) && { whole: bidirectional ? "a bidirectional layer" : "a reverse layer" }),
    refresh: (parts, flows) => {
      for (const direction of directions) direction.refresh(parts, flows);
    },
    stage(workspace, below) {
      const [first, second] = directions as [Direction, Direction?];
      const layer = second
        ? bothWays(workspace, below, source, outputs, units, first, second, final)
        : reversed
          ? backwards(workspace, below, source, pad4(outputs), first, final)
          : first.stage(workspace, below);
      return residual ? residualOf(workspace, below, layer, units, inputs, residual === "concat") : layer;
    },
  };
}

/** A direction that reads its inputs in reverse. @param adds whether the gradient of the inputs adds to what is there */
function reverse(workspace: Workspace, below: Stage, source: Below, direction: Direction, adds: boolean): Stage {
  const { kernels, lengths, T: longest, panels: P, width, buffer } = workspace;
  const inputs = pad4(source.inputs - source.tokens);
  const turned = buffer(longest, P, inputs, width);
  const tokens = buffer(source.gathered, longest, P, width);
  const turnedGradient = below.gradient ? buffer(longest, P, inputs, width) : 0;
  const { output, gradient, ...stage } = direction.stage(workspace, { ...below, output: turned, gradient: turnedGradient, tokens });
  return {
    output,
    gradient,
    forward(T, update) {
      kernels.moveRows(turned, below.output, lengths, inputs, 0, inputs, 0, inputs, false, T, P, width);
      for (let n = 0; n < source.gathered; n++) {
        const at = 4 * n * longest * P * width;
        kernels.moveRows(tokens + at, (below.tokens as number) + at, lengths, 1, 0, 1, 0, 1, false, T, P, width);
      }
      stage.forward(T, update);
    },
    backward(T, update, gradients, full) {
      stage.backward(T, update, gradients, full);
      if (turnedGradient) kernels.moveRows(below.gradient, turnedGradient, lengths, inputs, 0, inputs, 0, inputs, adds, T, P, width);
    },
  };
}

/**
 * Two directions. The second one's outputs are turned back to the order of the steps, unless the final states are asked for: then they stay
 * in the order in which they were computed, so that at a sequence's last step both directions have read all of it (PyTorch's `h_n`).
 */
function bothWays(
  workspace: Workspace,
  below: Stage,
  source: Below,
  each: number,
  units: number,
  first: Direction,
  second: Direction,
  final: boolean,
): Stage {
  const { kernels, lengths, T: longest, panels: P, width, buffer } = workspace;
  const rows = pad4(units);
  const eachRows = pad4(each);
  const forth = first.stage(workspace, below);
  const back = reverse(workspace, below, source, second, true);
  const [output, gradient] = [buffer(longest, P, rows, width), workspace.gradient(rows)];
  const at = units > each ? each : 0;
  const turns = final ? 0 : lengths;
  return {
    output,
    gradient,
    forward(T, update) {
      forth.forward(T, update);
      back.forward(T, update);
      kernels.moveRows(output, forth.output, 0, rows, 0, eachRows, 0, each, false, T, P, width);
      kernels.moveRows(output, back.output, turns, rows, at, eachRows, 0, each, at === 0, T, P, width);
    },
    backward(T, update, gradients, full) {
      kernels.moveRows(forth.gradient, gradient, 0, eachRows, 0, rows, 0, each, false, T, P, width);
      kernels.moveRows(back.gradient, gradient, turns, eachRows, 0, rows, at, each, false, T, P, width);
      forth.backward(T, update, gradients, full);
      back.backward(T, update, gradients, full);
    },
  };
}

/** A layer that runs in reverse only: outputs are turned back to the order of the steps. */
function backwards(workspace: Workspace, below: Stage, source: Below, rows: number, direction: Direction, final: boolean): Stage {
  const { kernels, lengths, T: longest, panels: P, width, buffer } = workspace;
  const back = reverse(workspace, below, source, direction, false);
  if (final) return back;
  const [output, gradient] = [buffer(longest, P, rows, width), workspace.gradient(rows)];
  return {
    output,
    gradient,
    forward(T, update) {
      back.forward(T, update);
      kernels.moveRows(output, back.output, lengths, rows, 0, rows, 0, rows, false, T, P, width);
    },
    backward(T, update, gradients, full) {
      kernels.moveRows(back.gradient, gradient, lengths, rows, 0, rows, 0, rows, false, T, P, width);
      back.backward(T, update, gradients, full);
    },
  };
}

/** The residual connection: y = layer(x) + x, or both side by side. */
function residualOf(workspace: Workspace, below: Stage, layer: Stage, units: number, inputs: number, concat: boolean): Stage {
  const { kernels, T: longest, panels: P, width, buffer } = workspace;
  const [U, I, rows] = [pad4(units), pad4(inputs), pad4(concat ? units + inputs : units)];
  const [output, gradient] = [buffer(longest, P, rows, width), workspace.gradient(rows)];
  const at = concat ? units : 0;
  const split = (T: number) => kernels.moveRows(layer.gradient, gradient, 0, U, 0, rows, 0, units, false, T, P, width);
  const { recurrence } = layer;
  return {
    ...layer,
    ...(recurrence && { recurrence: { ...recurrence, traced: recurrence.traced && { ...recurrence.traced, split: () => split(1) } } }),
    output,
    gradient,
    forward(T, update) {
      layer.forward(T, update);
      kernels.moveRows(output, layer.output, 0, rows, 0, U, 0, units, false, T, P, width);
      kernels.moveRows(output, below.output, 0, rows, at, I, 0, inputs, !concat, T, P, width);
    },
    backward(T, update, gradients, full) {
      split(T);
      layer.backward(T, update, gradients, full);
      if (below.gradient) kernels.moveRows(below.gradient, gradient, 0, I, 0, rows, at, inputs, true, T, P, width);
    },
  };
}
