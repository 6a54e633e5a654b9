/** Pictures as SVG, without a library: lines and a band over time. */

export interface Line {
  label: string;
  color: string;
  /** NaN interrupts it. */
  values: readonly number[];
  /** Between these and `values` there is a band instead of a line. */
  to?: readonly number[];
}

const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [900, 360, 64, 44, 20, 40];
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Round numbers within a range, some five of them. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((each) => each >= rough) as number;
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
}

/** @param labels below the picture, of all values */
export function picture(title: string, labels: readonly string[], lines: readonly Line[]): string {
  const all = lines.flatMap(({ values, to = [] }) => [...values, ...to]).filter(Number.isFinite);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const margin = (most - least) / 20 || 1;
  const [low, high] = [least - margin, most + margin];
  const x = (i: number) => (LEFT + (i / Math.max(1, labels.length - 1)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number) => (HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = ticks(low, high).map(
    (value) =>
      `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#ddd"/><text x="${LEFT - 8}" y="${y(value)}" dy=".3em" text-anchor="end">${Number(value.toPrecision(6))}</text>`,
  );
  const every = Math.ceil(labels.length / 7);
  const below = labels.flatMap((label, i) =>
    i % every ? [] : [`<text x="${x(i)}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(label)}</text>`],
  );
  const drawn = lines.map(({ color, values, to }) => {
    const points = (list: readonly number[]) => list.flatMap((value, i) => (Number.isFinite(value) ? [`${x(i)} ${y(value)}`] : []));
    if (to) return `<path d="M${[...points(values), ...points(to).reverse()].join("L")}Z" fill="${color}" fill-opacity=".25"/>`;
    const runs = values.map((value, i) =>
      Number.isFinite(value) ? `${Number.isFinite(values[i - 1]) ? "L" : "M"}${x(i)} ${y(value)}` : "",
    );
    return `<path d="${runs.join("")}" fill="none" stroke="${color}" stroke-width="1.6"/>`;
  });
  const legend = lines.map(
    ({ label, color }, i) =>
      `<rect x="${WIDTH - RIGHT - 165 * (lines.length - i)}" y="14" width="12" height="12" fill="${color}"/><text x="${WIDTH - RIGHT - 165 * (lines.length - i) + 18}" y="24">${escaped(label)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/><text x="${LEFT}" y="24" font-weight="bold">${escaped(title)}</text>
${[...grid, ...below, ...drawn, ...legend].join("\n")}
</svg>
`;
}
