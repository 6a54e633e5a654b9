/** A plain statement of what a forecaster chose. */

import type { Learned } from "./network.js";
import type { Checked } from "./options.js";
import type { Series } from "./series.js";
import { describeStep } from "./time.js";

export function describe(o: Checked, learned: Learned, history: Series | null): string {
  const { plan, series, rows, losses, share, units, epochs } = learned;
  const dropped = (o.season ?? []).filter((season) => !plan.seasons.includes(season));
  const lines = [
    `Forecasts ${o.target}, ${o.horizon} steps of ${plan.grid.form === null ? "a row" : describeStep(plan.grid)} ahead, quantiles ${o.quantiles.join(", ")}.`,
    `Learned from ${rows} rows of ${series} series${history?.absent ? `; ${history.absent} rows were missing and are gaps` : ""}.`,
    dropped.length && `Seasons of ${dropped.join(", ")} are left out: the series is shorter than one and a half of them.`,
  ];
  if (units === 0) lines.push("The series has one value only: the forecast is that value.");
  else {
    const { alpha, beta, gamma, phi, season } = plan.smoothing;
    const seasons = plan.seasons.map((length, i) => `a season of ${length} (${plan.harmonics[i]} harmonics)`);
    const found = losses.map(({ units, validation }) => `${units} units ${validation.toFixed(4)}`);
    lines.push(
      `First forecast: regression on ${[...seasons, ...o.known].join(", ") || "a mean"}; exponential smoothing of the rest (level ${alpha}, trend ${beta} damped by ${phi}${season && `, season of ${season} ${gamma}`})${plan.lambda === 1 ? "" : `, of the power ${plan.lambda} (0: the logarithm)`}.`,
      `Its errors are learned by ${o.ensemble} network(s) of ${units} units, ${epochs} epochs; the last ${learned.validation} rows chose: ${found.join(", ")}; networks count ${100 * share} %.`,
      `Calibration of intervals, by the same rows: ${o.calibration}.`,
    );
  }
  return lines.filter(Boolean).join("\n");
}
