/** Lines over x, as SVG, with a legend in words; drawn into a place, whatever was there. */

import { escaped } from "./dom.js";
import { power, told } from "./words.js";

export interface Line {
  name: string;
  /** NaN and null: a gap. */
  values: readonly (number | null)[];
}

export interface ChartOptions {
  x: string;
  y: string;
  log?: boolean;
  /** The x of each value; by default 1, 2 and so on. */
  at?: readonly number[];
  /** What to hold the y axis to. */
  least?: number;
  most?: number;
  /** The whole in a sentence, for those who do not see it. */
  label: string;
}

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [300, 60, 14, 12, 42];
const DASHES = ["", "7 4", "2 4", "9 4 1 4"];

/** As wide as its place, so that the letters in a picture are as large as those around it. */
export const widthOf = (place: Element): number => Math.max(300, Math.min(900, place.clientWidth || 720));

/** Round numbers between two others. */
function ticks(low: number, high: number, log: boolean, count = 5): number[] {
  if (log) {
    const every = Math.max(1, Math.ceil((high - low) / 6));
    return Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => Math.ceil(low) + i * every).filter(
      (tick) => tick <= high,
    );
  }
  const rough = (high - low) / count || 1;
  const scale = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * scale >= rough) as number) * scale;
  return Array.from({ length: Math.floor((high - low) / step) + 2 }, (_, i) => (Math.ceil(low / step) + i) * step).filter(
    (tick) => tick <= high * (1 + 1e-9),
  );
}

export function chart(place: HTMLElement, lines: readonly Line[], { x, y, log = false, at, least, most, label }: ChartOptions): void {
  const width = widthOf(place);
  // Below what f32 can tell from nothing, a line ends.
  const scaled = (value: number | null) =>
    value === null || !Number.isFinite(value) || (log && value < 1e-30) ? Number.NaN : log ? Math.log10(value) : value;
  const numbers = lines.flatMap(({ values }) => values.map(scaled)).filter(Number.isFinite);
  const low = Math.min(
    least === undefined ? Number.POSITIVE_INFINITY : scaled(least),
    ...(numbers.length > 0 ? [numbers.reduce((a, b) => Math.min(a, b))] : [0]),
  );
  let high = Math.max(
    most === undefined ? Number.NEGATIVE_INFINITY : scaled(most),
    ...(numbers.length > 0 ? [numbers.reduce((a, b) => Math.max(a, b))] : [1]),
  );
  if (high === low) high = low + 1;
  const length = Math.max(2, ...lines.map(({ values }) => values.length));
  const from = at?.[0] ?? 1;
  const to = at?.at(-1) ?? length;
  const px = (value: number) => LEFT + ((value - from) / (to - from)) * (width - LEFT - RIGHT);
  const py = (value: number) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);

  const grid = ticks(low, high, log).map((tick) => {
    const level = py(tick).toFixed(1);
    const text = log ? power(tick) : told(tick);
    return `<line class="grid" x1="${LEFT}" x2="${width - RIGHT}" y1="${level}" y2="${level}"/><text x="${LEFT - 8}" y="${level}" dy="0.32em" text-anchor="end">${text}</text>`;
  });
  const along = ticks(from, to, false, Math.max(4, width / 140)).map(
    (tick) =>
      `<text x="${px(tick).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="${px(tick) > width - 30 ? "end" : "middle"}">${told(tick)}</text>`,
  );
  const paths = lines.map(({ values }, i) => {
    let pen = "M";
    const path = values.map((value, t) => {
      const height = scaled(value);
      if (!Number.isFinite(height)) {
        pen = "M";
        return "";
      }
      const point = `${pen}${px(at?.[t] ?? t + 1).toFixed(1)} ${py(height).toFixed(1)}`;
      pen = "L";
      return point;
    });
    return `<path class="line" style="stroke: var(--line-${(i % 4) + 1})" stroke-dasharray="${DASHES[i % 4]}" d="${path.join("")}"/>`;
  });
  const legend = lines.map(
    ({ name }, i) =>
      `<li><svg width="30" height="10" aria-hidden="true"><path class="line" style="stroke: var(--line-${(i % 4) + 1})" stroke-dasharray="${DASHES[i % 4]}" d="M0 5H30"/></svg> ${escaped(name)}</li>`,
  );
  place.innerHTML = `<svg class="chart" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${escaped(label)}">${grid.join("")}${along.join("")}
<text x="${(LEFT + width) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escaped(x)}</text>
<text class="side" transform="translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>${paths.join("")}</svg>
<ul class="legend">${legend.join("")}</ul>`;
}
