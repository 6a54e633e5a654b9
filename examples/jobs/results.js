/** Results as a table: the best trial of each series, the best series first. */

/** @param results as the store has them: of a trial that went on, each rung has one */
export function bestOf(results) {
  const best = new Map();
  for (const result of results) {
    const known = best.get(result.series);
    if (!known || better(result, known)) best.set(result.series, result);
  }
  return [...best.values()].sort((a, b) => (better(a, b) ? -1 : 1));
}

/** A loss that is not a number is the worst; of equal ones the smaller trial, so that the table is the same each time. */
const better = (a, b) => ((a.loss ?? Infinity) - (b.loss ?? Infinity) || a.trial - b.trial || a.epochs - b.epochs) < 0;

export const tableOf = (results) =>
  bestOf(results).map(({ series, trial, epochs, units, learningRate, loss, sha256 }) => ({
    series,
    loss: loss === null ? "not a number" : Number(loss.toPrecision(4)),
    trial,
    epochs,
    units,
    learningRate,
    model: sha256.slice(0, 12),
  }));
