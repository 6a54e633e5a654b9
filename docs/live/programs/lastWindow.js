import { lastWindow } from "memcell";

const table = Array.from({ length: 10 }, (_, t) => ({ temperature: 20 + t, rain: t % 3 }));
console.log(lastWindow(table, { length: 4, horizon: 2, targets: ["temperature"], output: "last" }));
