/** A control as an element of the page. */

import { type Control, readControl } from "./controls.js";
import { element } from "./dom.js";

/** An input for a control, which calls back with every value that may be taken. */
export function inputOf(id: string, control: Control, value: number | string, take: (value: number | string) => void): HTMLElement {
  const shown = element("output", { for: id }, control.kind === "range" ? String(value) : "");
  const input =
    control.kind === "choice"
      ? element("select", { id }, ...control.options.map((each) => element("option", each === value ? { selected: "" } : {}, each)))
      : control.kind === "range"
        ? element("input", {
            id,
            type: "range",
            min: `${control.least}`,
            max: `${control.most}`,
            step: `${control.step}`,
            value: `${value}`,
          })
        : element("input", {
            id,
            type: "text",
            maxlength: `${control.longest}`,
            value: `${value}`,
            spellcheck: "false",
            autocomplete: "off",
          });
  input.addEventListener("input", () => {
    const answer = readControl(control, input.value);
    if (input instanceof HTMLInputElement) input.setCustomValidity("wrong" in answer ? answer.wrong : "");
    shown.textContent = "wrong" in answer ? answer.wrong : control.kind === "range" ? input.value : "";
    if ("value" in answer) take(answer.value);
  });
  return element("div", { class: `control ${control.kind}` }, element("label", { for: id }, control.label), input, shown);
}
