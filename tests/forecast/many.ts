/**
 * One global model of many synthetic series, streamed: how long it learns, and how much memory that takes.
 *
 *     npx tsx --expose-gc tests/forecast/many.ts 1000
 *
 * Series i, of 300 days: level (50 to 5,000, log-uniform) times 1 + weekday effects (uniform within 0.3) + 0.2 sin(2 pi t / period), of a
 * period from 60 to 120 days, + noise, which is autoregressive: 0.7 of that of the day before and a normal number of deviation 0.05.
 */

import { createForecaster } from "../../src/forecast.js";
import { random } from "../helpers/random.js";

function series(i: number) {
  const next = random(i + 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const level = 50 * 100 ** next();
  const week = Array.from({ length: 7 }, () => 0.6 * next() - 0.3);
  const period = 60 + 60 * next();
  let noise = 0;
  const y = Array.from({ length: 300 }, (_, t) => {
    noise = 0.7 * noise + 0.05 * normal();
    return level * (1 + week[t % 7]! + 0.2 * Math.sin((2 * Math.PI * t) / period) + noise);
  });
  return { y };
}

for (const count of process.argv.slice(2).map(Number)) {
  globalThis.gc?.();
  const before = process.memoryUsage();
  let most = 0;
  const streamed = {
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) {
        if (i % 50 === 0) {
          globalThis.gc?.();
          const { heapUsed, external } = process.memoryUsage();
          most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
        }
        yield series(i);
      }
    },
  };
  const forecaster = createForecaster({ target: "y", horizon: 14, season: 7, units: 32, ensemble: 1, epochs: 10, seed: 1 });
  const start = performance.now();
  await forecaster.fit(streamed);
  const seconds = (performance.now() - start) / 1000;
  const tests = Array.from({ length: 50 }, (_, i) => series(count + i));
  const { table } = await forecaster.backtest(tests, { from: 250, every: 7 });
  console.log(
    `${count} series: ${seconds.toFixed(1)} s, at most ${(most / 1e6).toFixed(1)} MB more than before; on 50 series that were not there:\n${table}`,
  );
}
