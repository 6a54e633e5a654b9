import { windows } from "memcell";

// Ten steps of two numbers; each window sees four of them, and is asked for the first number two steps later.
const series = Array.from({ length: 10 }, (_, t) => [t, 10 * t]);
for (const { inputs, targets } of windows(series, { length: 4, horizon: 2, output: "last", targetFeatures: [0] }))
  console.log(inputs, "->", targets);
