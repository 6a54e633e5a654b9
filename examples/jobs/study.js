/**
 * A study: which hyper-parameters fit a series best. Trials with random ones begin with few epochs, and of those that ended a rung the
 * best third goes on to the next: successive halving without waiting for whole rungs (ASHA, Li et al. 2020, "A System for Massively
 * Parallel Hyperparameter Tuning"). With one trial and one rung it is a model for each series, and no search.
 */

export const STUDY = {
  name: "demo",
  seed: 1,
  /** Trials of each series. */
  trials: 9,
  /** Of a rung, one in so many goes on. */
  eta: 3,
  /** Epochs at which the rungs end, from the very first on. */
  rungs: [4, 12, 36],
  units: [4, 8, 16],
  /** From, to: the logarithm is uniform between them. */
  learningRate: [0.001, 0.03],
};

/** Integers in, a number in [0, 1) out, the same on every machine (splitmix32). */
function draw(...keys) {
  let value = 0;
  for (const key of keys) {
    value = (value + Math.imul(key + 1, 0x9e3779b9)) | 0;
    value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    value ^= value >>> 15;
  }
  return (value >>> 0) / 2 ** 32;
}

/** The hyper-parameters of a trial: a function of the study and its number alone, so that jobs need not carry them. */
export function parametersOf({ seed, units, learningRate: [from, to] }, trial) {
  const learningRate = from * (to / from) ** draw(seed, trial, 1);
  // Of few digits: the last bits of ** may differ from machine to machine.
  return { units: units[Math.floor(draw(seed, trial, 0) * units.length)], learningRate: Number(learningRate.toPrecision(6)), seed: trial };
}

/** The jobs with which a series begins. */
export const firstJobs = ({ name, trials }, series) =>
  Array.from({ length: trials }, (_, trial) => ({ study: name, series, trial, rung: 0 }));

/** The id of a job. Adding a job twice is adding it once. */
export const idOf = ({ study, series, trial, rung }) => [study, series, trial, rung].join("-");

/**
 * The trials that have earned another rung: for each rung the best of those that ended it, one in eta. Whoever asks, and however often,
 * the jobs are the same ones.
 * @param results of one series: { trial, rung, loss }
 */
export function promotions({ rungs, eta, name }, series, results) {
  return rungs.slice(0, -1).flatMap((_, rung) => {
    const ended = results.filter((result) => result.rung === rung).sort((a, b) => rank(a) - rank(b) || a.trial - b.trial);
    return ended.slice(0, Math.floor(ended.length / eta)).map(({ trial }) => ({ study: name, series, trial, rung: rung + 1 }));
  });
}

/** A loss that is not a number comes last. */
const rank = ({ loss }) => loss ?? Infinity;
