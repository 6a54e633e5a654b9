/** What a reader can set: sliders, choices, texts. Their values live in the address of the page. */

export interface Range {
  kind: "range";
  label: string;
  least: number;
  most: number;
  step: number;
  initial: number;
}

export interface Choice {
  kind: "choice";
  label: string;
  options: readonly string[];
  initial: string;
}

/** A text of the given letters. */
export interface Text {
  kind: "text";
  label: string;
  letters: string;
  longest: number;
  initial: string;
}

export type Control = Range | Choice | Text;
export type Settings = Record<string, number | string>;

export const range = (label: string, [least, most, step]: [number, number, number], initial: number): Range => ({
  kind: "range",
  label,
  least,
  most,
  step,
  initial,
});
export const choice = (label: string, options: readonly string[], initial = options[0] as string): Choice => ({
  kind: "choice",
  label,
  options,
  initial,
});

/** @returns a sentence if a value may not be taken, else the value */
function read(control: Control, text: string): { value: number | string } | { wrong: string } {
  if (control.kind === "choice")
    return control.options.includes(text) ? { value: text } : { wrong: `one of ${control.options.join(", ")} was expected` };
  if (control.kind === "text") {
    const strange = Array.from(text).find((letter) => !control.letters.includes(letter));
    if (strange !== undefined) return { wrong: `only the letters ${control.letters} are known` };
    return text.length >= 2 && text.length <= control.longest
      ? { value: text }
      : { wrong: `2 to ${control.longest} letters were expected` };
  }
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const { least, most, step } = control;
  const steps = (value - least) / step;
  const inside = value >= least && value <= most && Math.abs(steps - Math.round(steps)) < 1e-6;
  return inside ? { value } : { wrong: `a number from ${least} to ${most} in steps of ${step} was expected` };
}

/** The settings in a query, and sentences on those that could not be taken. */
export function settingsFrom(query: string, name: string, controls: Record<string, Control>): { settings: Settings; wrong: string[] } {
  const given = new URLSearchParams(query);
  const settings: Settings = {};
  const wrong: string[] = [];
  for (const [key, control] of Object.entries(controls)) {
    const text = given.get(`${name}.${key}`);
    const answer = text === null ? { value: control.initial } : read(control, text);
    settings[key] = "value" in answer ? answer.value : control.initial;
    if ("wrong" in answer)
      wrong.push(`The address has ${name}.${key}=${text?.slice(0, 40)}: ${answer.wrong}, ${control.initial} is taken.`);
  }
  return { settings, wrong };
}

/** The query with a figure's settings, those that are as at first left out. */
export function queryWith(query: string, name: string, controls: Record<string, Control>, settings: Settings): string {
  const given = new URLSearchParams(query);
  for (const [key, control] of Object.entries(controls))
    if (settings[key] === control.initial) given.delete(`${name}.${key}`);
    else given.set(`${name}.${key}`, String(settings[key]));
  const text = given.toString();
  return text === "" ? "" : `?${text}`;
}

export { read as readControl };
