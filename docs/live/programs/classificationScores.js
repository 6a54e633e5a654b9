import { classificationScores } from "memcell/scores";

const truths = [0, 2, 1, 1, 0, 2];
// Of each step the probability of each class.
const probabilities = [
  [0.7, 0.2, 0.1],
  [0.1, 0.2, 0.7],
  [0.3, 0.4, 0.3],
  [0.6, 0.3, 0.1],
  [0.5, 0.4, 0.1],
  [0.2, 0.2, 0.6],
].flat();
const { accuracy, confusion, classes } = classificationScores(truths, probabilities, { labels: ["down", "flat", "up"] });
console.log(accuracy);
for (const row of confusion) console.log(row);
for (const each of classes) console.log(each);
