/** A plain statement of what was learned, how good it was, and what was noticed. */

import type { Learned } from "./network.js";
import type { Checked } from "./options.js";
import { seasonOf, seasonText } from "./plan.js";
import { counted, shownAt, span } from "./time.js";

const digits = (value: number) => Number(value.toPrecision(3));
const percent = (share: number) => `${Math.round(100 * share)} %`;

export function describe(o: Checked, { plan, series, rows, end, share, units, epochs, validation, tested, noticed = [] }: Learned): string {
  const { grid, seasons, kinds, lambda } = plan;
  const level = (o.quantiles.at(-1) as number) - (o.quantiles[0] as number);
  const from =
    series === 1 && grid.form !== null ? `, ${shownAt(grid, 0)} to ${shownAt(grid, end - 1)}` : series > 1 ? ` of ${series} series` : "";
  const dropped = (o.season ?? []).filter((season) => !seasons.includes(season)).map((season) => seasonText(grid, season));
  const columns = Object.entries(kinds).map(
    ([name, kind]) => `${name} (${"labels" in kind ? counted(kind.labels.length, "label") : "numbers"})`,
  );
  const lines = [
    `Forecasts ${o.target}: the next ${span(grid, o.horizon)}${level ? `, each with a range that should hold the truth ${percent(level)} of the time` : ""}.`,
    `Learned from ${span(grid, rows)}${from}.`,
    seasons.length && `Learns what repeats ${seasons.map((season) => `every ${seasonText(grid, season)}`).join(", ")}.`,
    columns.length && `Looks also at ${columns.join(", ")}.`,
    lambda !== 1 && `Reckons with ${lambda === 0 ? "the logarithm" : `the power ${lambda}`} of ${o.target}.`,
  ];
  if (units === 0) lines.push("The series has one value only: the forecast is that value.");
  if (tested) {
    const { error, naive, width, within } = tested;
    const season = seasonOf(plan);
    const ratio = error / naive;
    const beside = ratio < 2 ? `, ${percent(Math.abs(1 - ratio))} ${ratio > 1 ? "more" : "less"} than` : ", beside";
    lines.push(
      `How good: on the last ${span(grid, validation)}, held back at first, it was off by ${digits(error)} on average${beside} repeating ${season > 1 ? `the value of ${span(grid, season)} before` : "the last value"} (${digits(naive)}${ratio > 1 ? ", which was better" : ""}).`,
      level && `How sure: there the ranges were ${digits(width)} wide on average and held ${percent(within)} of the truths.`,
    );
  }
  if (units)
    lines.push(
      `How: level, trend and what repeats first; what these miss was learned by ${counted(o.ensemble, "network")} (${counted(units, "unit")}, ${counted(epochs, "round")} over the table), ${share ? `counted at ${percent(share)}` : "of no use here and left out"}.`,
    );
  lines.push(
    dropped.length && `Noticed: too few rows to learn what repeats every ${dropped.join(" or ")}: it takes one and a half of these.`,
    ...noticed.map((text) => `Noticed: ${text}`),
  );
  return lines.filter(Boolean).join("\n");
}
