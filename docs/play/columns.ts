/** Which column is foretold, and which go in; kept in the address by their names. */

import { element } from "../figures/kit/dom.js";

export function columns(changed: () => void) {
  const target = element("select", { id: "play-target" });
  const boxes = element("div", { class: "boxes" });
  const inputs = element("fieldset", { class: "control" }, element("legend", {}, "columns that go in"), boxes);
  const row = element("div", { class: "control choice" }, element("label", { for: "play-target" }, "column to foretell"), target);
  let names: string[] = [];
  const chosen = () => Array.from(boxes.querySelectorAll("input"), (box, k) => (box.checked ? k : -1)).filter((k) => k >= 0);
  const keep = () => {
    const query = new URLSearchParams(location.search);
    query.delete("play.target");
    query.delete("play.inputs");
    if (target.selectedIndex > 0) query.set("play.target", names[target.selectedIndex] as string);
    const inside = chosen();
    if (inside.length < names.length) for (const k of inside) query.append("play.inputs", names[k] as string);
    const text = query.toString();
    history.replaceState(history.state, "", location.pathname + (text && `?${text}`) + location.hash);
    changed();
  };
  for (const each of [target, boxes]) each.addEventListener("change", keep);
  return {
    rows: [row, inputs],
    target: () => target.selectedIndex,
    inputs: chosen,
    /** Takes the names of a table; @returns those that the address asks for and the table does not have. */
    show(given: string[]): string[] {
      names = given;
      const query = new URLSearchParams(location.search);
      const [wanted, inside] = [query.get("play.target"), query.getAll("play.inputs")];
      const first = Math.max(0, names.indexOf(wanted ?? ""));
      target.replaceChildren(...names.map((name, k) => element("option", k === first ? { selected: "" } : {}, name)));
      const known = inside.filter((name) => names.includes(name));
      boxes.replaceChildren(
        ...names.map((name, k) => {
          const checked = known.length === 0 || known.includes(name);
          const box = element("input", { type: "checkbox", id: `play-input-${k}`, ...(checked && { checked: "" }) });
          return element("label", { for: box.id }, box, ` ${name}`);
        }),
      );
      return [...(wanted === null ? [] : [wanted]), ...inside].filter((name) => !names.includes(name));
    },
  };
}
