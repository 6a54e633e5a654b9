/** Every figure as an element of the page. */

import { cell } from "./cell/figure.js";
import { connectivity } from "./connectivity/figure.js";
import { evidence } from "./evidence/figure.js";
import { flow } from "./flow/figure.js";
import { defineFigure } from "./kit/element.js";
import type { AnyFigure } from "./kit/figure.js";
import { race } from "./race/figure.js";
import { stream } from "./stream/figure.js";
import { truncation } from "./truncation/figure.js";

export const FIGURES: AnyFigure[] = [flow, cell, stream, truncation, race, connectivity, evidence];

export const defineFigures = (): void => FIGURES.forEach(defineFigure);
