/** Curves as an SVG, light or dark as the page around it is. */

export interface Picture {
  title: string;
  x: string;
  y: string;
  /** Powers of ten on the upright axis. */
  log?: boolean;
  curves: { name: string; x: number[]; y: number[] }[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [500, 270, 58, 122, 34, 46];
const STYLE = `text{font:14px ui-sans-serif,system-ui,"DejaVu Sans",sans-serif;fill:#57524a}.title{fill:#24211c;font-weight:600}.grid{stroke:#e2dccf}polyline{fill:none;stroke-width:2;stroke-linejoin:round}
.l0{stroke:#b4532a}.l1{stroke:#1f6f78}.l2{stroke:#6a4c93}text.l0{fill:#9a4320;stroke:none}text.l1{fill:#1f6f78;stroke:none}text.l2{fill:#6a4c93;stroke:none}.l1{stroke-dasharray:7 3}.l2{stroke-dasharray:2 3}
@media(prefers-color-scheme:dark){text{fill:#b8b1a4}.title{fill:#ece7dd}.grid{stroke:#37322b}.l0{stroke:#f0a27c}.l1{stroke:#6cc5cf}.l2{stroke:#c3a6ec}text.l0{fill:#f0a27c}text.l1{fill:#6cc5cf}text.l2{fill:#c3a6ec}}`;

/** Round numbers between two, at most six. */
function ticks(low: number, high: number): number[] {
  const step = [1, 2, 5, 10]
    .map((part) => part * 10 ** Math.floor(Math.log10((high - low) / 5)))
    .find((each) => (high - low) / each <= 5) as number;
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
}

const label = (value: number) =>
  Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(0) : String(+value.toPrecision(3));

export function draw({ title, x, y, log = false, curves }: Picture): string {
  const of = (value: number) => (log ? Math.log10(value) : value);
  const [xs, ys] = [curves.flatMap((curve) => curve.x), curves.flatMap((curve) => curve.y.map(of))];
  const [x0, x1, y1] = [Math.min(...xs), Math.max(...xs), Math.max(...ys)];
  const y0 = log ? Math.min(...ys) : 0;
  const across = (value: number) => LEFT + ((value - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const up = (value: number) => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0 || 1)) * (HEIGHT - TOP - BOTTOM);
  const marks = log ? Array.from({ length: Math.floor(y1) - Math.ceil(y0) + 1 }, (_, i) => Math.ceil(y0) + i) : ticks(y0, y1);
  // Names stand where their curves end, and keep out of each other's way.
  const ends = curves.map((curve, i) => ({ i, name: curve.name, at: up(of(curve.y.at(-1) as number)) })).sort((a, b) => a.at - b.at);
  ends.forEach((end, k) => {
    end.at = Math.max(end.at, TOP, (ends[k - 1]?.at ?? -20) + 18);
  });
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<title>${title}</title><style>${STYLE}</style><text class="title" x="${LEFT}" y="18">${title}</text>`,
    ...marks.map((mark) => {
      const at = up(mark).toFixed(1);
      return `<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${label(log ? 10 ** mark : mark)}</text>`;
    }),
    ...ticks(x0, x1).map(
      (mark) => `<text x="${across(mark).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label(mark)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${x}</text>`,
    `<text transform="translate(14 ${(HEIGHT - BOTTOM + TOP) / 2})rotate(-90)" text-anchor="middle">${y}</text>`,
    ...curves.map((curve, i) => {
      const points = curve.x.map((value, k) => `${across(value).toFixed(1)},${up(of(curve.y[k] as number)).toFixed(1)}`);
      return `<polyline class="l${i}" points="${points.join(" ")}"/>`;
    }),
    ...ends.map(({ i, name, at }) => `<text class="l${i}" x="${WIDTH - RIGHT + 8}" y="${at.toFixed(1)}" dy="4">${name}</text>`),
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}
