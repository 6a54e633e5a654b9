import { createModel, gru, lstm, lstm97, rnn, trace } from "memcell";

type Held = "free" | "open" | "shut";

/** A cell of one unit on 24 steps: its gates, its state and its output at each, with gates that are free, or held open or shut. */
export function compute({
  cell,
  signal,
  input,
  forget,
  output,
}: {
  cell: string;
  signal: string;
  input: Held;
  forget: Held;
  output: Held;
}) {
  const inputs = Float32Array.from({ length: 24 }, (_, t) => {
    if (signal === "triangle") return Math.abs((t % 12) - 6) / 3 - 1;
    return signal === "one pulse" ? Number(t === 3) : Number(t % 6 === 3) * (t % 12 === 3 ? 1 : -1);
  });
  // The rows of the weights: each gate's, and that of what goes into the cell.
  const kinds = {
    rnn: { layer: rnn({ units: 1 }), rows: ["h"] },
    "lstm of 1997": { layer: lstm97({ blocks: 1, cellsPerBlock: 1 }), rows: ["g", "in", "out"] },
    lstm: { layer: lstm({ units: 1 }), rows: ["i", "f", "g", "o"] },
    gru: { layer: gru({ units: 1 }), rows: ["r", "z", "n"] },
  };
  const { layer, rows } = kinds[cell as keyof typeof kinds];
  const gates: Record<string, Held> = { i: input, in: input, f: forget, z: forget, r: input, o: output, out: output };
  const model = createModel({ input: { features: 1 }, layers: [layer], seed: 1 });

  // A bias of 100 is a gate that is 1 to the last bit.
  const bias = { free: 0, open: 100, shut: -100 };
  const values: Record<string, (row: number, column: number) => number> = {
    weight_ih_l0: () => 1.5,
    weight_hh_l0: (_, column) => (column === 0 ? 0.5 : 0),
    bias_ih_l0: (row) => bias[gates[rows[row]!] ?? "free"],
    bias_hh_l0: () => 0,
  };
  const parameters = Object.entries(model.parameters()).map(([name, { shape }]) => {
    const [height = 1, width = 1] = shape;
    const data = Float32Array.from({ length: height * width }, (_, i) => values[name]!(Math.floor(i / width), i % width));
    return [name, { shape, data }] as const;
  });
  model.setParameters(Object.fromEntries(parameters));
  const [recorded] = trace(model, { inputs }).layers;
  return { x: Array.from(inputs), ...Object.fromEntries(Object.entries(recorded!).map(([name, { data }]) => [name, Array.from(data)])) };
}
