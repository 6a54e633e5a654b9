/** The stop rules of the paper, for tasks with a target at the end. */

import type { Example, Interface } from "./learner.js";
import type { Random } from "./random.js";
import { type Errors, errorOf, randomOf, type Task, testOn } from "./task.js";

/** The sequences just learned that a rule looks at. */
export const RECENT = 2000;
const TESTED = 2560;

interface AtEnd extends Omit<Interface, "output"> {
  draw: (random: Random) => Example;
  isRight: (error: Errors) => boolean;
}

const interfaceOf = ({ features, tokens, outputs }: AtEnd): Interface => ({ features, tokens, outputs, output: "last" });

/** Of the last 2,000 sequences fewer than `wrong` are wrong, and where it is given their average error is below `average`. */
export interface RecentRule {
  wrong: number;
  average?: number;
  of?: "absolute" | "squared";
}

/** Sums over the last 2,000. */
class Recent {
  readonly #values = new Float64Array(RECENT);
  #at = 0;
  sum = 0;

  add(value: number): void {
    this.sum += value - (this.#values[this.#at] as number);
    this.#values[this.#at] = value;
    this.#at = (this.#at + 1) % RECENT;
  }
}

/** Experiments 4, 5 and 6: training stops by the errors of the sequences that were learned last, before they were learned. */
export function stoppedByRecent(o: AtEnd & { rules: Record<string, RecentRule> }): Task {
  const rules = Object.entries(o.rules);
  return {
    ...interfaceOf(o),
    marks: Object.keys(o.rules),
    begin(trial) {
      const training = randomOf(trial, 0);
      const [wrong, absolute, squared] = [new Recent(), new Recent(), new Recent()];
      let learned = 0;
      return {
        next: () => o.draw(training),
        holds({ targets }, outputs) {
          const error = errorOf(outputs, targets);
          wrong.add(o.isRight(error) ? 0 : 1);
          absolute.add(error.mean);
          squared.add(error.square);
          if (++learned < RECENT) return [];
          return rules.flatMap(([mark, rule]) => {
            const average = (rule.of === "squared" ? squared : absolute).sum / RECENT;
            return wrong.sum < rule.wrong && average < (rule.average ?? Infinity) ? mark : [];
          });
        },
        test(learner) {
          const random = randomOf(trial, 1);
          return testOn(learner, () => o.draw(random), TESTED, o.isRight);
        },
      };
    },
  };
}

/** Of the 256 sequences of the test set fewer than `wrong` are wrong, and the mean absolute error is below `average`. */
export interface TestRule {
  wrong: number;
  average: number;
}

/** Experiment 3: training stops by a test set of 256; the paper does not say how often it is tried. Here after every 500 sequences. */
export function stoppedByTest(o: AtEnd & { clean?: (random: Random) => Example; rules: Record<string, TestRule> }): Task {
  const EVERY = 500;
  const rules = Object.entries(o.rules);
  const drawTest = o.clean ?? o.draw;
  return {
    ...interfaceOf(o),
    marks: Object.keys(o.rules),
    begin(trial) {
      const training = randomOf(trial, 0);
      const stop = randomOf(trial, 2);
      const set = Array.from({ length: 256 }, () => drawTest(stop));
      let learned = 0;
      return {
        next: () => o.draw(training),
        holds(_, __, learner) {
          if (++learned % EVERY !== 0) return [];
          const { wrong, error } = testOn(learner, (i) => set[i] as Example, set.length, o.isRight);
          return rules.flatMap(([mark, rule]) => (wrong < rule.wrong && error < rule.average ? mark : []));
        },
        test(learner) {
          const random = randomOf(trial, 1);
          return testOn(learner, () => drawTest(random), TESTED, o.isRight);
        },
      };
    },
  };
}

/** So many successive sequences right, as they are learned; and then so many new ones tested. Experiment 2. */
export function stoppedByStreak(o: AtEnd & { streak: number; tested: number }): Task {
  return {
    ...interfaceOf(o),
    marks: ["learned"],
    begin(trial) {
      const training = randomOf(trial, 0);
      let streak = 0;
      const test = (learner: Parameters<ReturnType<Task["begin"]>["test"]>[0], stream: number, most?: number) => {
        const random = randomOf(trial, stream);
        return testOn(learner, () => o.draw(random), o.tested, o.isRight, most);
      };
      return {
        next: () => o.draw(training),
        holds({ targets }, outputs, learner) {
          streak = o.isRight(errorOf(outputs, targets)) ? streak + 1 : 0;
          if (streak === 0 || streak % o.streak !== 0) return [];
          return test(learner, 2, 0).wrong === 0 ? ["learned"] : [];
        },
        test: (learner) => test(learner, 1),
      };
    },
  };
}
