import noise from "../../../evidence/pictures/success-rivals-2a.json";
import long from "../../../evidence/pictures/success-rivals-2c.json";
import adding from "../../../evidence/pictures/success-rivals-adding.json";
import two from "../../../evidence/pictures/success-two-sequences.json";

interface Picture {
  x: { values: number[] };
  curves: { name: string; y: (number | null)[] }[];
}

export const TASKS: Record<string, Picture> = {
  "one of two symbols, past distractors": long,
  "one of two symbols, past always the same": noise,
  adding,
  "two sequences": two,
};

/** The share of trials that learned, by lag, as committed in evidence/. */
export const compute = ({ task }: { task: string }) => TASKS[task] as Picture;
