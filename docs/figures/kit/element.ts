/** A figure on a page: its controls, its drawing, its numbers in words, and its code to copy. */

import { ask } from "./ask.js";
import { type Control, queryWith, type Settings, settingsFrom } from "./controls.js";
import { element } from "./dom.js";
import { type AnyFigure, programOf } from "./figure.js";
import { inputOf } from "./input.js";

/** Defines the element NAME-figure. */
export function defineFigure(figure: AnyFigure): void {
  const tag = `${figure.name}-figure`;
  if (customElements.get(tag)) return;
  customElements.define(
    tag,
    class extends HTMLElement {
      #settings: Settings = {};
      #place = element("div", { class: "drawing" });
      #words = element("p", { class: "words", role: "status" });
      #wrong = element("p", { class: "wrong", role: "alert" });
      #started = false;
      #seen: IntersectionObserver | undefined;

      connectedCallback(): void {
        const { settings, wrong } = settingsFrom(location.search, figure.name, figure.controls);
        this.#settings = settings;
        this.#wrong.textContent = wrong.join(" ");
        const controls = Object.entries<Control>(figure.controls).map(([key, control]) =>
          inputOf(`${figure.name}-${key}`, control, settings[key] as number | string, (value) => this.#take(key, value)),
        );
        this.setAttribute("role", "figure");
        this.setAttribute("aria-label", figure.title);
        this.replaceChildren(element("div", { class: "controls" }, ...controls), this.#wrong, this.#place, this.#words, this.#buttons());
        this.#seen = new IntersectionObserver(
          ([entry]) => {
            if (entry?.isIntersecting && !this.#started && !figure.slow) this.#compute();
          },
          { rootMargin: "200px" },
        );
        this.#seen.observe(this);
      }

      disconnectedCallback(): void {
        this.#seen?.disconnect();
        this.#started = false;
      }

      #buttons(): HTMLElement {
        const copy = element("button", { type: "button" }, "Copy this as code");
        copy.addEventListener("click", async () => {
          const program = programOf(figure, this.#settings);
          const copied = await navigator.clipboard?.writeText(program).then(
            () => true,
            () => false,
          );
          // Where a page may not write to the clipboard, the program is shown to be taken by hand.
          if (!copied) this.querySelector("pre")?.remove();
          if (!copied) this.append(element("pre", { tabindex: "0" }, program));
          copy.textContent = copied ? "Copied" : "Shown below";
          setTimeout(() => (copy.textContent = "Copy this as code"), 2000);
        });
        const run = element("button", { type: "button", class: "run" }, "Run");
        run.addEventListener("click", () => this.#compute());
        const reset = element("button", { type: "button" }, "As at first");
        reset.addEventListener("click", () => {
          for (const [key, control] of Object.entries<Control>(figure.controls)) this.#settings[key] = control.initial;
          this.#keep();
          this.connectedCallback();
          if (!figure.slow) this.#compute();
        });
        return element("div", { class: "buttons" }, ...(figure.slow ? [run] : []), reset, ...(figure.code ? [copy] : []));
      }

      #take(key: string, value: number | string): void {
        this.#settings = { ...this.#settings, [key]: value };
        this.#wrong.textContent = "";
        this.#keep();
        if (!figure.slow || this.#started) this.#compute();
      }

      #keep(): void {
        const query = queryWith(location.search, figure.name, figure.controls, this.#settings);
        history.replaceState(history.state, "", location.pathname + query + location.hash);
      }

      #compute(): void {
        this.#started = true;
        this.setAttribute("aria-busy", "true");
        const settings = this.#settings;
        ask(figure.name, settings, (answer) => {
          if (answer.end) this.removeAttribute("aria-busy");
          if ("error" in answer) {
            this.#wrong.textContent = `This could not be computed: ${answer.error}`;
            return;
          }
          this.#words.textContent = figure.summary(answer.result, settings);
          this.#place.replaceChildren();
          figure.draw(this.#place, answer.result, settings);
        });
      }
    },
  );
}
