/** Scores that need all outputs at once: `memcell/scores`. */

export type { ClassificationOptions, ClassificationScores, ClassScores } from "./scores/classification.js";
export { classificationScores } from "./scores/classification.js";
export type { Coverage, ForecastOptions, ForecastScores } from "./scores/forecast.js";
export { forecastScores } from "./scores/forecast.js";
