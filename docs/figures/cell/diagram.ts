/** The diagrams of the cells: places joined by edges, each edge with its value. */

type Values = Record<string, number>;

/** x and y in hundredths of the picture's width; text in it. */
type Place = [x: number, y: number, text: string];
/** From, to, the value that flows. */
type Edge = [from: string, to: string, value: (at: Values, before: Values) => number];

interface Diagram {
  places: Record<string, Place>;
  edges: Edge[];
}

const value = (name: string) => (at: Values) => at[name] ?? 0;

const LSTM: Diagram = {
  places: {
    past: [8, 10, "c(t-1)"],
    keep: [32, 10, "×"],
    add: [56, 10, "+"],
    c: [92, 10, "c(t)"],
    f: [32, 27, "f"],
    i: [46, 27, "i"],
    let: [56, 27, "×"],
    g: [66, 27, "g"],
    out: [80, 27, "×"],
    o: [80, 40, "o"],
    h: [92, 27, "h(t)"],
    x: [8, 34, "x(t), h(t-1)"],
  },
  edges: [
    ["past", "keep", (_, before) => before.c ?? 0],
    ["f", "keep", value("f")],
    ["keep", "add", (at, before) => (at.f ?? 1) * (before.c ?? 0)],
    ["i", "let", value("i")],
    ["g", "let", value("g")],
    ["let", "add", (at, before) => (at.c ?? 0) - (at.f ?? 1) * (before.c ?? 0)],
    ["add", "c", value("c")],
    ["add", "out", value("c")],
    ["o", "out", value("o")],
    ["out", "h", value("h")],
  ],
};

const DIAGRAMS: Record<string, Diagram> = {
  lstm: LSTM,
  // The same without a gate on the way from cell to cell: the constant error carousel.
  "lstm of 1997": {
    places: {
      ...Object.fromEntries(Object.entries(LSTM.places).filter(([name]) => name !== "f")),
      keep: [32, 10, "× 1"],
      i: [46, 27, "in"],
      o: [80, 40, "out"],
    },
    edges: LSTM.edges
      .filter(([from]) => from !== "f")
      .map(([from, to, of]): Edge => [from, to, from === "i" ? value("in") : from === "o" ? value("out") : of]),
  },
  gru: {
    places: {
      past: [8, 10, "h(t-1)"],
      keep: [40, 10, "×"],
      add: [66, 10, "+"],
      h: [92, 10, "h(t)"],
      z: [40, 27, "z"],
      let: [66, 27, "× (1 - z)"],
      n: [88, 27, "n"],
      r: [62, 40, "r"],
      x: [8, 34, "x(t), h(t-1)"],
    },
    edges: [
      ["past", "keep", (_, before) => before.h ?? 0],
      ["z", "keep", value("z")],
      ["keep", "add", (at, before) => (at.z ?? 0) * (before.h ?? 0)],
      ["n", "let", value("n")],
      ["z", "let", (at) => 1 - (at.z ?? 0)],
      ["let", "add", (at) => (1 - (at.z ?? 0)) * (at.n ?? 0)],
      ["r", "n", value("r")],
      ["add", "h", value("h")],
    ],
  },
  rnn: {
    places: { past: [8, 10, "h(t-1)"], add: [50, 18, "tanh(W x + U h)"], h: [92, 18, "h(t)"], x: [8, 27, "x(t)"] },
    edges: [
      ["past", "add", (_, before) => before.h ?? 0],
      ["x", "add", value("x")],
      ["add", "h", value("h")],
    ],
  },
};

/** @param at what the cell has at this step, by name; `before` at the step before */
export function diagram(cell: string, at: Values, before: Values): string {
  const { places, edges } = DIAGRAMS[cell] as Diagram;
  const size = 7.2;
  const lines = edges.map(([from, to, of]) => {
    const [a, b] = [places[from] as Place, places[to] as Place];
    const flows = of(at, before);
    const [x, y] = [((a[0] + b[0]) / 2) * size, ((a[1] + b[1]) / 2) * size];
    const width = 1 + 7 * Math.min(1, Math.abs(flows));
    return `<line class="edge${flows < 0 ? " negative" : ""}" stroke-width="${width.toFixed(2)}" x1="${a[0] * size}" y1="${a[1] * size}" x2="${b[0] * size}" y2="${b[1] * size}"/><text class="flows" x="${x.toFixed(1)}" y="${(y - 7).toFixed(1)}" text-anchor="middle">${flows.toFixed(3)}</text>`;
  });
  const shapes = Object.values(places).map(([x, y, text]) => {
    const half = Math.max(16, text.length * 4.4 + 6);
    return `<rect class="place" x="${x * size - half}" y="${y * size - 14}" width="${2 * half}" height="28" rx="14"/><text x="${x * size}" y="${y * size}" dy="0.35em" text-anchor="middle">${text}</text>`;
  });
  const said = edges.map(([from, to, of]) => `${from} to ${to} ${of(at, before).toFixed(3)}`).join(", ");
  return `<svg class="chart" viewBox="0 0 720 325" role="img" aria-label="${cell}: ${said}"><text x="58" y="275" text-anchor="middle">x = ${(at.x ?? 0).toFixed(2)}</text>${lines.join("")}${shapes.join("")}</svg>`;
}
