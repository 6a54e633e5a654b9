/** Runs a program that a reader may have changed: its imports are those of the library, what it prints is told. */

import * as memcell from "memcell";
import * as ctc from "memcell/ctc";
import * as scores from "memcell/scores";

const MODULES: Record<string, Record<string, unknown>> = { memcell, "memcell/ctc": ctc, "memcell/scores": scores };

/** As a console prints it, or near that. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  const round = (_: string, each: unknown) => {
    if (ArrayBuffer.isView(each)) return Array.from(each as Float32Array);
    return typeof each === "number" && !Number.isFinite(each) ? String(each) : each;
  };
  return (JSON.stringify(value, round) ?? String(value)).replace(/(?<=[[,:])(-?\d+\.\d{6})\d*/g, "$1");
}

/** @throws what the program throws */
export async function run(program: string, say: (line: string) => void): Promise<void> {
  const code = program.replace(/^import \{([^}]*)\} from "([^"]*)";$/gm, (_, names: string, from: string) => {
    if (!MODULES[from]) throw new Error(`"${from}" is not here; there are ${Object.keys(MODULES).join(", ")}`);
    return `const {${names}} = modules["${from}"];`;
  });
  const log = (...values: unknown[]) => say(values.map(shown).join(" "));
  const Async = Object.getPrototypeOf(run).constructor as new (...texts: string[]) => (modules: object, console: object) => Promise<void>;
  await new Async("modules", "console", code)(MODULES, { log });
}
