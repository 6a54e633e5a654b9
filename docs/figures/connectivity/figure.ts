/** Which characters moved the prediction of another. */

import { range } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import type { Figure } from "../kit/figure.js";
import { told } from "../kit/words.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

const ALPHABET = "abc()[]{}<> ";

export const connectivity: Figure<Parameters<typeof compute>[0], ReturnType<typeof compute>> = {
  name: "connectivity",
  title: "Which characters moved the prediction",
  code,
  controls: {
    text: { kind: "text", label: "text of a, b, c and brackets", letters: ALPHABET, longest: 40, initial: "(abbac) [bac] {baabbc} <abc>" },
    updates: range("updates that the model has learned", [0, 600, 50], 400),
    seed: range("seed", [1, 5, 1], 1),
  },
  summary: (rows, { text }) => {
    const closing = Array.from(text).flatMap((letter, t) => (t > 0 && ")]}>".includes(letter) ? [rows[t - 1]?.probability ?? 0] : []));
    const shown = closing.map((each) => each.toFixed(3)).join(", ");
    return closing.length > 0
      ? `Each closing bracket of the text was held likely, before it came, at ${shown}.`
      : "There is no closing bracket in the text.";
  },
  draw(place, rows, { text }) {
    const letters = Array.from(text);
    const detail = element("p", { class: "detail" });
    const cells = letters.map((letter, t) => {
      const shown = letter === " " ? "space" : letter;
      return element("button", { type: "button", "aria-label": `${shown}, character ${t + 1}` }, letter === " " ? "␣" : letter);
    });
    const show = (t: number) => {
      const row = rows[t - 1];
      if (!row) return;
      const most = Math.max(...row.moved);
      const by = row.moved.map((norm, i) => ({ letter: letters[i], norm, i })).sort((a, b) => b.norm - a.norm);
      cells.forEach((cell, i) => {
        cell.style.setProperty("--moved", i < t ? `${Math.round(70 * ((row.moved[i] ?? 0) / most))}%` : "0%");
        cell.classList.toggle("asked", i === t);
      });
      const three = by.slice(0, 3).map(({ letter, norm, i }) => `${letter === " " ? "space" : letter} at ${i + 1} (${told(norm)})`);
      detail.textContent = `“${letters[t] === " " ? "space" : letters[t]}” at ${t + 1} was held likely at ${row.probability.toFixed(3)}; it was moved most by ${three.join(", ")}.`;
    };
    cells.forEach((cell, t) => {
      for (const event of ["pointerenter", "focus", "click"]) cell.addEventListener(event, () => show(t));
    });
    place.append(element("div", { class: "letters" }, ...cells), detail);
    const closing = letters.findIndex((letter, t) => t > 0 && ")]}>".includes(letter));
    show(closing > 0 ? closing : letters.length - 1);
  },
};
