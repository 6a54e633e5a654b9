/** What to watch, in Prometheus's text. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, register } from "prom-client";

collectDefaultMetrics();

/** done, repeated, or the HTTP status of a refusal: 503 is shed load, or a store that is away or full. */
export const steps = new Counter({ name: "memcell_steps_total", help: "Steps, by what became of them", labelNames: ["result"] });

export const seconds = new Histogram({
  name: "memcell_step_seconds",
  help: "From a step's request to its answer, in seconds",
  buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
});

const gauge = (name, help, read) => {
  const each = new Gauge({
    name,
    help,
    collect() {
      each.set(read());
    },
  });
};

export function watchSessions(sessions, store) {
  gauge("memcell_seats", "Sessions that this server has taken up", () => sessions.seats);
  gauge("memcell_steps_under_way", "Steps that wait, run or are being written", () => sessions.under);
  gauge("memcell_store_up", "1 if the store is there", () => Number(store.there));
}

export const text = () => register.metrics();
