/**
 * memcell/anomaly on real series in which anomalies stand at known places, beside two others: the z-score of what differs from a season
 * before, and an autoregressive model's residuals, both with the threshold that their first half's share of alarms gives.
 *
 *     npx tsx tests/forecast/anomalies.ts
 */

import { createDetector } from "../../src/anomaly.js";
import { ridge } from "../../src/forecast/regression.js";
import { random } from "../helpers/random.js";
import { births, hourly, seattle } from "./data.js";

const RATE = 0.005;
const numbers = (list: readonly unknown[]) => Float64Array.from(list as number[], (value, i) => value ?? (list[i - 1] as number) ?? 0);
const noise = random(5);
const SERIES = {
  births: { y: numbers(births().table.births!), season: 7, order: 28 },
  seattle: { y: numbers(seattle().table.high!), season: 0, order: 14 },
  // Normal temperatures have no noise of their own.
  hourly: {
    y: numbers(hourly().table.temperature!).map((value) => value + 0.5 * (noise() + noise() + noise() - 1.5)),
    season: 24,
    order: 48,
  },
};

/** What each does to the rows of an event; `unit` is the deviation of what differs from a season before. */
const KINDS: Record<string, { length: number; change(y: Float64Array, at: number, unit: number): void }> = {
  spike: { length: 1, change: (y, at, unit) => (y[at]! += 5 * unit) },
  "level shift": {
    length: 40,
    change: (y, at, unit) => {
      for (let t = at; t < at + 40; t++) y[t]! += 3 * unit;
    },
  },
  "frequency change": {
    length: 60,
    change: (y, at) => {
      const own = y.slice(at, at + 60);
      for (let t = 0; t < 60; t++) y[at + t] = own[Math.floor(1.4 * t) % 60]!;
    },
  },
  dropout: { length: 30, change: (y, at) => y.fill(y[at - 1]!, at, at + 30) },
  "slow drift": {
    length: 80,
    change: (y, at, unit) => {
      for (let t = 0; t < 80; t++) y[at + t]! += (5 * unit * t) / 80;
    },
  },
};

type Alarms = (y: Float64Array, from: number) => boolean[];
const byResiduals = (residuals: Float64Array, from: number) => {
  const learned = residuals.subarray(0, from).filter((value) => !Number.isNaN(value));
  const mean = learned.reduce((sum, value) => sum + value, 0) / learned.length;
  const sizes = learned.map((value) => Math.abs(value - mean)).sort();
  const limit = sizes[Math.floor((1 - RATE) * (sizes.length - 1))]!;
  return Array.from(residuals.subarray(from), (value) => Math.abs(value - mean) > limit);
};
const detectors = (season: number, order: number): Record<string, Alarms> => ({
  memcell: (y, from) => {
    const detector = createDetector({ columns: ["y"], rate: RATE, season, seed: 1 });
    detector.fit({ y: y.subarray(0, from) });
    return Array.from(y.subarray(from), (value) => detector.step({ y: value }).anomaly !== null);
  },
  "z-score": (y, from) =>
    byResiduals(
      y.map((value, t) => value - (y[t - (season || 1)] ?? NaN)),
      from,
    ),
  "AR model": (y, from) => {
    const rows = Array.from(y, (_, t) => [1, ...Array.from({ length: order }, (_, k) => y[t - 1 - k] ?? 0)]);
    const weights = ridge(y.subarray(0, from), rows, () => 1e-6);
    const residual = (value: number, t: number) => value - rows[t]!.reduce((sum, each, k) => sum + each * weights[k]!, 0);
    return byResiduals(
      y.map((value, t) => (t < order ? NaN : residual(value, t))),
      from,
    );
  },
});

const rows: Record<string, string | number>[] = [];
for (const [name, { y, season, order }] of Object.entries(SERIES)) {
  const from = Math.floor(y.length / 2);
  const steps = y.slice(season || 1, from).map((value, t) => value - y[t]!);
  const unit = Math.sqrt(steps.reduce((sum, value) => sum + value ** 2, 0) / steps.length);
  for (const [who, alarms] of Object.entries(detectors(season, order))) {
    const clean = alarms(y, from);
    const share = clean.filter(Boolean).length / clean.length;
    const row: Record<string, string | number> = { series: name, detector: who, "false alarms": `${(100 * share).toFixed(2)} %` };
    for (const [kind, { length, change }] of Object.entries(KINDS)) {
      const next = random(3);
      const changed = y.slice();
      const events: number[] = [];
      const apart = Math.max(150, Math.floor((y.length - from) / 12));
      for (let at = from + 100 + Math.floor(30 * next()); at + length + 60 < y.length; at += apart + Math.floor(20 * next())) {
        events.push(at - from);
        change(changed, at, unit);
      }
      const raised = alarms(changed, from);
      const found = events.filter((at) => raised.slice(at, at + length + 2).includes(true)).length;
      // Episodes of alarms: those within two days' worth of steps are one.
      const within = (t: number) => events.some((at) => t >= at && t < at + length + 48);
      let [wrong, last] = [0, -Infinity];
      raised.forEach((on, t) => {
        if (!on) return;
        if (!within(t) && t - last > 24) wrong++;
        last = t;
      });
      row[kind] = `${found}/${events.length}, ${(found / Math.max(1, found + wrong)).toFixed(2)}`;
    }
    rows.push(row);
  }
}
console.log(`Alarms asked for: ${100 * RATE} % of normal steps. Of each kind: events found of all, precision of episodes.`);
console.table(rows);

// Its rate in the long run: 40,000 usual steps, a day of 24 and noise that is autoregressive.
for (const rate of [0.005, 0.001])
  for (const seed of [21, 22]) {
    const next = random(seed);
    const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    let noise = 0;
    const y = Float64Array.from({ length: 42_000 }, (_, t) => {
      noise = 0.8 * noise + normal();
      return 50 + 4 * Math.sin((2 * Math.PI * t) / 24) + noise;
    });
    const detector = createDetector({ columns: ["y"], rate, season: 24, seed: 1 }).fit({ y: y.subarray(0, 1992) });
    const alarms = y.subarray(1992).filter((value) => detector.step({ y: value }).anomaly !== null).length;
    console.log(`asked for ${100 * rate} %, seed ${seed}: ${((100 * alarms) / (y.length - 1992)).toFixed(3)} % of 40,008 usual steps`);
  }
