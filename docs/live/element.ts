/** Buttons below a program of the reference: it runs here, and may be changed. */

import { element } from "../figures/kit/dom.js";
import type { News } from "./worker.js";

/** Lines that are shown; a loop without an end prints more. */
const MOST = 200;

class LiveExample extends HTMLElement {
  #worker: Worker | undefined;

  connectedCallback(): void {
    const block = this.previousElementSibling as HTMLElement | null;
    const text = element("textarea", { "aria-label": "The program", spellcheck: "false", hidden: "" });
    text.value = block?.querySelector("pre")?.textContent?.trimEnd() ?? "";
    const output = element("pre", { role: "status", tabindex: "0", hidden: "", "aria-label": "What the program prints" });
    const run = element("button", { type: "button", class: "run" }, "Run");
    run.addEventListener("click", () => {
      if (this.#worker) this.#stop(run, output, "stopped");
      else this.#run(run, output, text.value);
    });
    const edit = element("button", { type: "button" }, "Change it");
    edit.addEventListener("click", () => {
      text.hidden = false;
      text.rows = text.value.split("\n").length + 1;
      if (block) block.hidden = true;
      edit.remove();
      text.focus();
    });
    this.replaceChildren(text, element("div", { class: "buttons" }, run, edit), output);
  }

  disconnectedCallback(): void {
    this.#worker?.terminate();
  }

  #stop(run: HTMLElement, output: HTMLElement, word = ""): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    run.textContent = "Run";
    output.textContent += word;
    this.removeAttribute("aria-busy");
  }

  #run(run: HTMLElement, output: HTMLElement, program: string): void {
    output.textContent = "";
    output.hidden = false;
    run.textContent = "Stop";
    this.setAttribute("aria-busy", "true");
    let lines = 0;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<News>) => {
      if ("line" in data && lines++ < MOST) output.textContent += `${data.line}\n`;
      if (lines >= MOST) this.#stop(run, output, "and more");
      else if ("end" in data) this.#stop(run, output, data.error ?? (lines === 0 ? "It prints nothing." : ""));
    });
    this.#worker.postMessage(program);
  }
}

export function defineLive(): void {
  if (!customElements.get("live-example")) customElements.define("live-example", LiveExample);
}
