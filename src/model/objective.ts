/** The function that training makes small: a loss, or the sum of those of the heads by their weights. */

import { inBounds } from "../core/check.js";
import type { Config } from "./config.js";
import { byName, eachHead, type Head, pathOf } from "./heads.js";
import type { Layout } from "./layout.js";
import { checkLoss, type Loss } from "./losses.js";
import { scaleOfHead } from "./scale.js";

/** A loss, or its name where it needs no options. */
type Named = Loss | Loss["type"];

/** A loss; where the model has heads one for each, by name. */
export type Losses = Named | Readonly<Record<string, Named>>;

/** The losses with all options, as they are saved. */
export type CheckedLosses = Required<Loss> | Readonly<Record<string, Required<Loss>>>;

/** The facts that losses must fit. */
interface Fits {
  config: Pick<Config, "scaler" | "output">;
  layout: Pick<Layout, "heads">;
}

/** @returns a loss for each head */
export function checkLosses(path: string, value: unknown, { config, layout }: Fits): Required<Loss>[] {
  const { heads } = layout;
  const losses = eachHead(path, value, heads, (path, value, { name, outputs }) =>
    checkLoss(path, value, outputs, config.output, scaleOfHead(config.scaler, name)),
  );
  const reduction = losses[0]?.reduction;
  const other = heads.find((_, i) => losses[i]?.reduction !== reduction);
  if (other) throw new RangeError(`"${pathOf(path, other)}.reduction" expected "${reduction}", as the first head has it`);
  return losses;
}

/** For each head the factor of its loss in the sum. */
export function checkLossWeights(path: string, value: unknown, heads: readonly Head[]): number[] {
  if (value === undefined) return heads.map(() => 1);
  const check = inBounds({ min: 0, max: 1e6 });
  return eachHead(path, value, heads, (path, weight) => (weight === undefined ? 1 : check(path, weight)));
}

export interface Objective {
  /** One for each head. */
  losses: readonly Required<Loss>[];
  weights: readonly number[];
}

/** The losses of options that were checked. */
const lossesOf = ({ heads }: Pick<Layout, "heads">, loss: CheckedLosses): Required<Loss>[] =>
  eachHead("loss", loss, heads, (_, loss) => loss as Required<Loss>);

export const objectiveOf = (
  layout: Pick<Layout, "heads">,
  { loss, lossWeights }: { loss: CheckedLosses; lossWeights?: Readonly<Record<string, number>> | undefined },
): Objective => ({
  losses: lossesOf(layout, loss),
  weights: lossWeights ? layout.heads.map(({ name }) => lossWeights[name] as number) : layout.heads.map(() => 1),
});

/** Losses as options and files have them. */
export const plainLosses = ({ heads }: Pick<Layout, "heads">, losses: readonly Required<Loss>[]): CheckedLosses => byName(heads, losses);

/** Whether updates differentiate the sum of the losses over the targets, not their mean. */
export const summed = ({ losses }: Objective): boolean => losses[0]?.reduction === "sum";

/** The factors on the sums of the losses whose gradient an update takes. @param counted for each head the weights of its targets */
export const scalesOf = (objective: Objective, counted: readonly number[]): number[] =>
  objective.weights.map((weight, i) => (summed(objective) ? weight : weight / ((counted[i] as number) || 1)));

/** The objective over these targets, from the sums of the losses times these factors. A head without targets adds nothing. */
export const meanOf = (objective: Objective, sums: readonly number[], counted: readonly number[]): number =>
  sums.reduce((total, sum, i) => total + (counted[i] ? sum / (summed(objective) ? (counted[i] as number) : 1) : 0), 0);

/** The weights of the targets of all heads. */
export const targetsOf = (counted: readonly number[]): number => counted.reduce((sum, one) => sum + one, 0);
