/** A line chart that is drawn anew at most once a frame. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const COLOURS = ["#1f6fb4", "#d9541e"];

/** @returns what draws lines, one array of numbers for each name */
export function chart(parent, title, names) {
  const series = names.map((label, i) => ({ label, stroke: COLOURS[i], width: 1.5 }));
  const options = { title, width: 780, height: 220, scales: { x: { time: false } }, series: [{ label: "step" }, ...series] };
  const plot = new uPlot(options, [[], ...names.map(() => [])], parent);
  let next = null;
  return (lines) => {
    if (!next)
      requestAnimationFrame(() => {
        const length = Math.max(...next.map((line) => line.length));
        const fill = (line) => Array.from({ length }, (_, i) => (Number.isFinite(line[i]) ? line[i] : null));
        plot.setData([Array.from({ length }, (_, i) => i), ...next.map(fill)]);
        next = null;
      });
    next = lines;
  };
}
