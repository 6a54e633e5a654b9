/** Fourteen days of highest temperatures, with quantiles, out of a table with gaps: beside climatology and seasonal naive. */

import { windows } from "memcell";
import { forecastScores } from "memcell/scores";
import { climatology, seasonalNaive } from "./baselines.js";
import { learn, options, quantiles } from "./learn.js";
import { part, start, truth, weather } from "./weather.js";

const { length, horizon } = options;
const seeds = (process.argv[2] ?? "1,2,3,4,5").split(",").map(Number);
const [stop, last] = [start(2014), start(2015)];

/** The scores of what is said of each day of the last year, 1 to 14 days ahead. `forecast(first)` has the quantiles of 14 days. */
function scores(forecast) {
  const [targets, said] = [[], []];
  for (let first = last; first + horizon <= truth.length; first++) {
    targets.push(...truth.subarray(first, first + horizon));
    said.push(...forecast(first));
  }
  return forecastScores(targets, said, { quantiles });
}

const results = [];
for (const seed of seeds) {
  const table = weather(seed);
  const baseline = (of) => scores((first) => Array.from({ length: horizon }, (_, i) => of(first + i, i + 1)).flat());
  const naive = (season) => baseline(seasonalNaive(table.high, last, quantiles, horizon, season));
  // With the days before a year, so that it is forecast from its first day on.
  const year = (from, to) => part(table, from - length, to);

  const model = await learn(part(table, 0, stop), year(stop, last), seed);
  if (seed === seeds[0]) console.log(model);
  const outputs = model.predict(windows(year(last, truth.length), options));
  const all = {
    "the model": scores((first) => outputs[first - last].subarray(length * quantiles.length)),
    "climatology, 20 days around": baseline(climatology(table.high, last, quantiles, 20)),
    "the same day of last year": naive(365),
    "the same weekday of last week": naive(7),
    "the last day": naive(1),
  };
  for (const [forecast, { pinball, mae, intervals }] of Object.entries(all))
    results.push({ seed, forecast, pinball, mae, "within 10 % and 90 %": intervals[0].coverage });
}
console.table(
  results.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? Math.round(1000 * value) / 1000 : value]),
    ),
  ),
);
const mean = (name) => {
  const own = results.filter(({ forecast }) => forecast === name).map(({ pinball }) => pinball);
  return own.reduce((sum, value) => sum + value) / own.length;
};
for (const name of new Set(results.slice(1).map(({ forecast }) => forecast)))
  if (name !== "the model") console.log(`${((1 - mean("the model") / mean(name)) * 100).toFixed(1)} % less pinball loss than ${name}`);
