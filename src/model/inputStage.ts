/** The stage below the first layer: the panel and the tokens of a window, gaps that take the last value, and learned vectors. */

import { DENSE } from "../../assembly/codes.js";
import { pad4 } from "../layers/packing.js";
import type { Planner } from "../layers/plan.js";
import type { Initials } from "../layers/reading.js";
import type { Stage, Workspace } from "../layers/stage.js";
import type { Input } from "./input.js";

/** Adds the parameters of learned vectors. */
export function planInput(planner: Planner, input: Input): (workspace: Workspace) => Stage {
  const { rows, gathered, floats, lasting } = input;
  const vectors = input.learned.map(({ name, count, units, row, initial }) => {
    const N = pad4(units);
    const table = planner.params.add(count, N);
    const at = (category: number, column: number) => category * N + column;
    planner.parameter(table, "embedding", `embedding.${name}.weight`, [count, units], units, at, initial?.weights as Initials["weights"]);
    return { table, N, units, row };
  });
  // Gathered, not multiplied.
  planner.row.multiplications = 0;
  planner.learnsBelow = vectors.length > 0;
  return (workspace) => {
    const { kernels, params, ends, scratch, T: longest, panels: P, width, buffer } = workspace;
    const tokenRow = longest * P * width;
    // The tokens follow the panel. Streams write both at once, padding included.
    const output = buffer(Math.max(longest * (rows + gathered + vectors.length), floats), P, width);
    const tokens = output + 4 * rows * tokenRow;
    const gradient = vectors.length > 0 ? workspace.gradient(rows) : 0;
    const L = pad4(lasting.length);
    const seen = L && buffer(longest + 1, P, L, width);
    const slot = 4 * P * L * width;
    if (seen) workspace.carry({ name: "seen", pointer: seen, units: lasting.length, rows: L });
    const stages = vectors.map((vector, n) => {
      const shape = [longest, P, vector.N, width] as const;
      return { ...vector, vector: buffer(...shape), dVector: gradient && buffer(...shape), tokens: tokens + 4 * (gathered + n) * tokenRow };
    });
    if (!seen && stages.length === 0) return { output, gradient, tokens, forward() {}, backward() {} };
    return {
      output,
      gradient,
      tokens,
      forward(T) {
        if (seen) {
          kernels.recurrentCarry(seen, ends, P, L, width);
          lasting.forEach((row, n) => {
            kernels.moveRows(seen + slot, output, 0, L, n, rows, row, 1, false, T, P, width);
          });
          kernels.fillGaps(seen, T, slot / 4);
          lasting.forEach((row, n) => {
            kernels.moveRows(output, seen + slot, 0, rows, row, L, n, 1, false, T, P, width);
          });
        }
        for (const { table, vector, tokens, N, row, units } of stages) {
          kernels.embeddingForward(vector, tokens, params + table, 0, 1, 0, T * P, N, width);
          kernels.moveRows(output, vector, 0, rows, row, N, 0, units, false, T, P, width);
        }
      },
      backward(T, _, gradients) {
        for (const { table, dVector, tokens, N, row, units } of stages) {
          kernels.moveRows(dVector, gradient, 0, N, 0, rows, row, units, false, T, P, width);
          kernels.embeddingBackward(gradients + table, dVector, tokens, scratch, DENSE, 1, 0, T * P, N, width);
        }
      },
    };
  };
}
