/** Numbers as a reader reads them. */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A power of ten. */
export const power = (exponent: number): string =>
  `10${exponent < 0 ? "⁻" : ""}${Array.from(String(Math.abs(exponent)), (digit) => RAISED[Number(digit)]).join("")}`;

/** To three digits; what is very small or large as a multiple of a power of ten, in one piece. */
export function told(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6)) return minus(`${+value.toPrecision(3)}`);
  const [digits, exponent] = value.toExponential(2).split("e") as [string, string];
  return minus(`${Number(digits) === 1 ? "" : `${+digits}\u00a0×\u00a0`}${power(Number(exponent))}`);
}

const minus = (text: string) => text.replace("-", "−");

export const percent = (share: number): string => `${Math.round(100 * share)}\u00a0%`;
