/** The diagrams of the cells: places joined by edges, each edge with its value. */

import { widthOf } from "../kit/chart.js";

type Values = Record<string, number>;

/** x in hundredths of the picture's width, y in pixels; text in it. A place without a text is where a line forks. */
type Place = [x: number, y: number, text: string];
/** From, to, the value that flows. */
type Edge = [from: string, to: string, value: (at: Values, before: Values) => number];

interface Diagram {
  places: Record<string, Place>;
  edges: Edge[];
}

const value = (name: string) => (at: Values) => at[name] ?? 0;

const [CELL, GATED, GATES, INPUTS] = [32, 112, 192, 264];

const LSTM: Diagram = {
  places: {
    past: [9, CELL, "c(t−1)"],
    keep: [35, CELL, "×"],
    add: [57, CELL, "+"],
    fork: [78, CELL, ""],
    c: [92, CELL, "c(t)"],
    f: [35, GATES, "f"],
    i: [46, GATES, "i"],
    let: [57, GATED, "×"],
    g: [68, GATES, "g"],
    out: [78, GATED, "×"],
    o: [78, GATES, "o"],
    h: [92, GATED, "h(t)"],
  },
  edges: [
    ["past", "keep", (_, before) => before.c ?? 0],
    ["f", "keep", value("f")],
    ["keep", "add", (at, before) => (at.f ?? 1) * (before.c ?? 0)],
    ["i", "let", value("i")],
    ["g", "let", value("g")],
    ["let", "add", (at, before) => (at.c ?? 0) - (at.f ?? 1) * (before.c ?? 0)],
    ["add", "fork", value("c")],
    ["fork", "c", value("c")],
    ["fork", "out", value("c")],
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
      keep: [35, CELL, "× 1"],
      i: [46, GATES, "in"],
      o: [78, GATES, "out"],
    },
    edges: LSTM.edges
      .filter(([from]) => from !== "f")
      .map(([from, to, of]): Edge => [from, to, from === "i" ? value("in") : from === "o" ? value("out") : of]),
  },
  gru: {
    places: {
      past: [9, CELL, "h(t−1)"],
      keep: [35, CELL, "×"],
      add: [58, CELL, "+"],
      h: [92, CELL, "h(t)"],
      z: [35, GATES, "z"],
      let: [58, GATED, "× (1 − z)"],
      n: [58, GATES, "n"],
      r: [80, GATES, "r"],
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
    places: { past: [9, CELL, "h(t−1)"], add: [50, GATED, "tanh(W x + U h)"], h: [91, GATED, "h(t)"] },
    edges: [
      ["past", "add", (_, before) => before.h ?? 0],
      ["add", "h", value("h")],
    ],
  },
};

/** The gates that the reader holds, by their names in the diagrams: in which words. */
export type Held = Record<string, "free" | "open" | "shut">;

/** @param at what the cell has at this step, by name; `before` at the step before */
export function diagram(place: HTMLElement, cell: string, at: Values, before: Values, held: Held): void {
  const { places, edges } = DIAGRAMS[cell] as Diagram;
  const width = widthOf(place);
  const spot = (name: string): [x: number, y: number] => {
    const [x, y] = places[name] as Place;
    return [(x * width) / 100, y];
  };
  const line = ([x1, y1]: number[], [x2, y2]: number[], kind: string, size: number) =>
    `<line class="${kind}" stroke-width="${size.toFixed(2)}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
  // What comes in goes to every place in the row of the gates, and to the sum of an rnn.
  const fed = Object.keys(places).filter((name) => places[name]?.[1] === GATES || (cell === "rnn" && name === "add"));
  const feeds = fed.map((name) => line([spot(name)[0], INPUTS], spot(name), "feed", 1));
  const lines = edges.map(([from, to, of]) => {
    const flows = of(at, before);
    const ends = [spot(from), spot(to)] as const;
    return line(...ends, `edge${flows < 0 ? " negative" : ""}`, 1 + 7 * Math.min(1, Math.abs(flows)));
  });
  const numbers = edges.map(([from, to, of]) => {
    const [[x1, y1], [x2, y2]] = [spot(from), spot(to)];
    const text = of(at, before).toFixed(2).replace("-", "−");
    // Beside an upright line, above a level one, on a slanting one.
    const [dx, dy] = x1 === x2 ? [24, 4] : y1 === y2 ? [to === "keep" ? 12 : 0, x2 - x1 > 80 ? -8 : -20] : [0, 8];
    return from === "fork" && to === "c"
      ? ""
      : `<text class="flows" x="${(x1 + x2) / 2 + dx}" y="${(y1 + y2) / 2 + dy}" text-anchor="middle">${text}</text>`;
  });
  const shapes = Object.entries(places).map(([name, [, y, text]]) => {
    const [x] = spot(name);
    if (text === "") return `<circle class="place" cx="${x}" cy="${y}" r="3"/>`;
    const half = Math.max(15, text.length * 3.7 + 7);
    const kind = held[name] && held[name] !== "free" ? ` ${held[name]}` : "";
    return `<rect class="place${kind}" x="${x - half}" y="${y - 15}" width="${2 * half}" height="30" rx="15"/><text class="named${kind}" x="${x}" y="${y}" dy="0.35em" text-anchor="middle">${text}</text>`;
  });
  const state = (before.h ?? 0).toFixed(2).replace("-", "−");
  const inputs = `<rect class="place" x="8" y="${INPUTS - 15}" width="${width - 16}" height="30" rx="4"/><text class="named" x="${width / 2}" y="${INPUTS}" dy="0.35em" text-anchor="middle">x(t) = ${(at.x ?? 0).toFixed(2).replace("-", "−")}, h(t−1) = ${state}</text>`;
  const said = edges.map(([from, to, of]) => `${from} to ${to} ${of(at, before).toFixed(3)}`).join(", ");
  place.innerHTML = `<svg class="chart" viewBox="0 0 ${width} 284" role="img" aria-label="${cell}: ${said}">${feeds.join("")}${lines.join("")}${shapes.join("")}${inputs}${numbers.join("")}</svg><p class="detail">The thicker a line, the larger its value; values below 0 are dashed.</p>`;
}
