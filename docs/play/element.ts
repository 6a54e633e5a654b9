/** The playground: a series that is drawn or dropped, a model that learns it, and what it foretells. */

import { defineMonitor, type Monitor } from "memcell/monitor";
import { chart } from "../figures/kit/chart.js";
import { element } from "../figures/kit/dom.js";
import { MOST, readTable, type Table } from "./csv.js";
import { CELL_NAMES, type Choices, programOf } from "./learner.js";
import { pad } from "./pad.js";
import type { News, Order } from "./worker.js";

const LARGEST = 500_000_000;

function field<K extends "select" | "input">(
  tag: K,
  id: string,
  label: string,
  attributes: Record<string, string>,
  ...options: HTMLElement[]
) {
  const input = element(tag, { id, ...attributes }, ...options);
  return { input, row: element("div", { class: "control choice" }, element("label", { for: id }, label), input) };
}
const options = (names: string[], chosen: (name: string, i: number) => boolean) =>
  names.map((name, i) => element("option", { value: String(i), ...(chosen(name, i) && { selected: "" }) }, name));

function download(name: string, part: BlobPart): void {
  const link = element("a", { href: URL.createObjectURL(new Blob([part])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

class Playground extends HTMLElement {
  #worker: Worker | undefined;
  #table: Table = { names: [], columns: [], notes: [] };
  #choices: Choices | undefined;
  #drawn = 0;

  connectedCallback(): void {
    defineMonitor();
    const drawing = pad((values) => this.#take({ names: ["drawn"], columns: [values], notes: [] }));
    const file = field("input", "play-file", "or a CSV file, which does not leave this page", { type: "file", accept: ".csv,.txt,.tsv" });
    const target = field("select", "play-target", "column to foretell", {});
    const inputs = field("select", "play-inputs", "columns that go in", { multiple: "", size: "3" });
    const horizon = field("input", "play-horizon", "steps ahead (1 to 50)", { type: "number", min: "1", max: "50", value: "20" });
    const cell = field("select", "play-cell", "cell", {}, ...options(CELL_NAMES, (_, i) => i === 0));
    const units = field("input", "play-units", "units (1 to 128)", { type: "number", min: "1", max: "128", value: "24" });
    const rate = field("input", "play-rate", "learning rate", { type: "number", min: "0.0001", max: "1", step: "any", value: "0.01" });
    const button = (text: string, act: () => void, kind = "") => {
      const made = element("button", { type: "button", class: kind }, text);
      made.addEventListener("click", act);
      return made;
    };
    const pause = button("Pause", () => {
      const held = pause.textContent === "Pause";
      this.#order({ pause: held });
      pause.textContent = held ? "Go on" : "Pause";
    });
    const learn = button(
      "Learn",
      () => {
        pause.textContent = "Pause";
        this.#begin({ target, inputs, horizon, cell, units, rate });
      },
      "run",
    );
    const step = button("One epoch", () => {
      pause.textContent = "Go on";
      this.#order({ step: true });
    });
    const save = button("Download the model", () => this.#order({ save: true }));
    const code = button("Download the code", () => {
      if (!this.#choices) return void this.#say("Learn first: then there is code to take.");
      const names = [...inputs.input.selectedOptions].map((option) => option.text);
      download("learn.mjs", programOf(this.#choices, names, target.input.selectedOptions[0]?.text ?? ""));
    });
    rate.input.addEventListener("change", () => {
      const value = rate.input.valueAsNumber;
      if (value > 0 && value <= 1) this.#order({ rate: value });
      else this.#say("The learning rate is a number above 0, at most 1.");
    });
    file.input.addEventListener("change", () => void this.#open(file.input.files?.[0]));
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.#open(event.dataTransfer?.files[0]);
    });
    this.setAttribute("role", "figure");
    this.setAttribute("aria-label", "Playground");
    const rows = [file, target, inputs, horizon, cell, units, rate].map(({ row }) => row);
    this.replaceChildren(
      drawing.element,
      element("div", { class: "controls" }, ...rows),
      element("div", { class: "buttons" }, learn, pause, step, save, code),
      element("p", { class: "wrong", role: "alert" }),
      element("p", { class: "words" }),
      element("div", { class: "drawing" }),
      element("memcell-monitor" as "div"),
    );
    this.#take({ names: ["drawn"], columns: [drawing.values()], notes: [] });
  }

  disconnectedCallback(): void {
    this.#worker?.terminate();
  }

  #say(text: string, kind = "wrong"): void {
    (this.querySelector(`.${kind}`) as HTMLElement).textContent = text;
  }

  #take(table: Table): void {
    this.#table = table;
    const { names, columns } = table;
    (this.querySelector("#play-target") as HTMLElement).replaceChildren(...options(names, (_, i) => i === 0));
    (this.querySelector("#play-inputs") as HTMLElement).replaceChildren(...options(names, () => true));
    this.#say("");
    this.#say(
      [`${names.length} ${names.length === 1 ? "column" : "columns"}, ${columns[0]?.length} rows.`, ...table.notes].join(" "),
      "words",
    );
  }

  async #open(file: File | undefined): Promise<void> {
    if (!file) return;
    try {
      if (file.size > LARGEST)
        throw new Error(`This file has ${Math.round(file.size / 1e6)} MB. The page reads the first ${MOST} rows of files up to 500 MB.`);
      const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
      const chunks = (async function* () {
        for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
      })();
      this.#take(await readTable(chunks));
      await reader.cancel();
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #begin(
    fields: Record<"horizon" | "units" | "rate", { input: HTMLInputElement }> &
      Record<"target" | "inputs" | "cell", { input: HTMLSelectElement }>,
  ): void {
    const { columns } = this.#table;
    const target = columns[fields.target.input.selectedIndex] as Float32Array;
    const inputs = [...fields.inputs.input.selectedOptions].map(({ index }) => columns[index] as Float32Array);
    const whole = ({ input }: { input: HTMLInputElement }, most: number) =>
      Number.isInteger(input.valueAsNumber) && input.valueAsNumber >= 1 && input.valueAsNumber <= most;
    if (inputs.length === 0) return void this.#say("Choose at least one column that goes in.");
    if (!whole(fields.horizon, 50) || !whole(fields.units, 128))
      return void this.#say("Steps ahead are a whole number from 1 to 50, units one from 1 to 128.");
    const rate = fields.rate.input.valueAsNumber;
    if (!(rate > 0 && rate <= 1)) return void this.#say("The learning rate is a number above 0, at most 1.");
    const horizon = fields.horizon.input.valueAsNumber;
    if (target.length < horizon + 10) return void this.#say("There are too few rows to look so many steps ahead.");
    this.#say("");
    this.#choices = {
      inputs,
      target,
      horizon,
      cell: CELL_NAMES[fields.cell.input.selectedIndex] as string,
      units: fields.units.input.valueAsNumber,
      rate,
    };
    this.#worker?.terminate();
    this.#monitor.clear();
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<News>) => this.#hear(data));
    this.#order({ begin: this.#choices });
  }

  get #monitor(): Monitor {
    return this.querySelector("memcell-monitor") as Monitor;
  }

  #order(order: Order): void {
    if (this.#worker) this.#worker.postMessage(order);
    else this.#say("Nothing learns yet: begin with Learn.");
  }

  #hear(news: News): void {
    if ("error" in news) return void this.#say(`The model could not learn: ${news.error}`);
    if ("bytes" in news) return void download("model.safetensors", news.bytes as Uint8Array<ArrayBuffer>);
    this.#monitor.report(news.report);
    this.#monitor.gates({ layers: news.gates });
    this.dataset.loss = String(news.report.loss);
    this.dataset.epoch = String(news.report.epoch);
    cancelAnimationFrame(this.#drawn);
    this.#drawn = requestAnimationFrame(() => this.#draw(news.forecast));
  }

  #draw({ from, next, ahead }: { from: number; next: Float32Array; ahead: Float32Array }): void {
    const target = (this.#choices as Choices).target;
    const shown = Array.from(target.subarray(from));
    const gap = Array<number | null>(shown.length - 1).fill(null);
    const lines = [
      { name: "series", values: shown },
      { name: "one step ahead", values: [null, ...next.subarray(0, -1)] },
      { name: "after its end", values: [...gap, shown.at(-1) as number, ...ahead] },
    ];
    const at = Array.from({ length: shown.length + ahead.length }, (_, t) => from + t + 1);
    const label = `The last ${shown.length} values, what the model foretold of them, and ${ahead.length} values to come`;
    (this.querySelector(".drawing") as HTMLElement).innerHTML = chart(lines, { x: "step", y: "value", at, label });
  }
}

export function definePlayground(): void {
  if (!customElements.get("memcell-play")) customElements.define("memcell-play", Playground);
}
