/** The drawings of a monitor, as SVG in text. */

const [WIDTH, HEIGHT] = [240, 90];

export const STYLE = `<style>
:host { display: block; font: 13px/1.4 ui-sans-serif, system-ui, sans-serif }
div { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 12px }
figure { margin: 0 }
p { margin: 8px 0 0 }
p:empty { display: none }
svg { display: block; width: 100%; background: color-mix(in srgb, currentColor 5%, transparent) }
path { fill: none; stroke: var(--memcell-line, currentColor); stroke-width: 1.5 }
rect { fill: var(--memcell-line, currentColor) }
</style>`;

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const shown = (value: number) => `${+value.toPrecision(4)}`;
const framed = (title: string, inside: string) =>
  `<figcaption>${escaped(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escaped(title)}">${inside}</svg>`;

/** A curve, logarithmic if all of it is above 0; what is not finite is a gap. */
export function curve(name: string, points: readonly [step: number, value: number][]): string {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  const log = finite.every(([, value]) => value > 0);
  const height = (value: number) => (log ? Math.log(value) : value);
  const bounds = (values: number[]) => [Math.min(...values), Math.max(...values)] as [number, number];
  const [left, right] = bounds(points.map(([step]) => step));
  const [low, high] = bounds(finite.map(([, value]) => height(value)));
  let pen = "M";
  const path = points.map(([step, value]) => {
    if (!Number.isFinite(value)) {
      pen = "M";
      return "";
    }
    const x = ((step - left) / (right - left || 1)) * WIDTH;
    const y = 4 + ((high - height(value)) / (high - low || 1)) * (HEIGHT - 8);
    const point = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
    return point;
  });
  const last = points.at(-1)?.[1] ?? NaN;
  return framed(`${name}: ${shown(last)}${log ? " (logarithmic)" : ""}`, `<path d="${path.join("")}"/>`);
}

/** How values between 0 and 1 are spread, in twenty bars. */
export function histogram(name: string, values: ArrayLike<number>): string {
  const counts = new Array<number>(20).fill(0);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const bar = Math.max(0, Math.min(19, Math.floor(20 * value)));
    counts[bar] = (counts[bar] as number) + 1;
    sum += value;
  }
  const most = Math.max(...counts, 1);
  const bars = counts.map((count, i) => {
    const height = (count / most) * (HEIGHT - 4);
    return `<rect x="${i * 12 + 1}" y="${(HEIGHT - height).toFixed(1)}" width="10" height="${height.toFixed(1)}"/>`;
  });
  return framed(`${name}, from 0 to 1: mean ${shown(sum / Math.max(1, values.length))}`, bars.join(""));
}
