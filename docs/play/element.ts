/** The playground: a series that is drawn or dropped, a model that learns it, and what it foretells. */

import { defineMonitor, type Monitor } from "memcell/monitor";
import { chart, type Line } from "../figures/kit/chart.js";
import { queryWith, type Settings, settingsFrom } from "../figures/kit/controls.js";
import { element } from "../figures/kit/dom.js";
import { inputOf } from "../figures/kit/input.js";
import { columns } from "./columns.js";
import { MOST, readTable, type Table } from "./csv.js";
import { type Choices, programOf } from "./learner.js";
import { pad } from "./pad.js";
import { CONTROLS, SERIES } from "./settings.js";
import type { News, Order } from "./worker.js";

const LARGEST = 500_000_000;
/** Rows that the picture shows. */
const SHOWN = 400;

function download(name: string, part: BlobPart): void {
  const link = element("a", { href: URL.createObjectURL(new Blob([part])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

class Playground extends HTMLElement {
  #worker: Worker | undefined;
  #table: Table = { names: [], columns: [], notes: [] };
  #settings: Settings = {};
  #learned: Choices | undefined;
  #drawn = 0;
  #columns = columns(() => this.#picture());
  #pad = pad((values) => this.#take({ names: ["drawn"], columns: [values], notes: [] }));
  #looks = new MutationObserver(() => this.#pad.draw());

  connectedCallback(): void {
    defineMonitor();
    const { settings, wrong } = settingsFrom(location.search, "play", CONTROLS);
    this.#settings = settings;
    const controls = Object.entries(CONTROLS).map(([key, control]) =>
      inputOf(`play-${key}`, control, settings[key] as number | string, (value) => this.#set(key, value)),
    );
    const [series, ...model] = controls as [HTMLElement, ...HTMLElement[]];
    const file = element("input", { id: "play-file", type: "file", accept: ".csv,.txt,.tsv" });
    const opener = element(
      "div",
      { class: "control choice" },
      element("label", { for: file.id }, "or drop a CSV file, which stays in this page"),
      file,
    );
    file.addEventListener("change", () => void this.#open(file.files?.[0]));
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.#open(event.dataTransfer?.files[0]);
    });
    this.setAttribute("role", "figure");
    this.setAttribute("aria-label", "Playground");
    this.replaceChildren(
      this.#pad.element,
      element("div", { class: "controls" }, series, opener, ...this.#columns.rows, ...model),
      this.#buttons(),
      element("p", { class: "wrong", role: "alert" }),
      element("p", { class: "words" }),
      element("div", { class: "drawing" }),
      element("memcell-monitor" as "div"),
      this.#downloads(),
    );
    this.#pad.show(SERIES[settings.series as string] as (t: number) => number);
    if (wrong.length > 0) this.#say(wrong.join(" "));
    this.#looks.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  }

  disconnectedCallback(): void {
    this.#worker?.terminate();
    this.#looks.disconnect();
  }

  #buttons(): HTMLElement {
    const button = (text: string, act: () => void, kind = "") => {
      const made = element("button", { type: "button", class: kind }, text);
      made.addEventListener("click", act);
      return made;
    };
    const pause = button("Pause", () => {
      const held = pause.textContent === "Pause";
      if (this.#order({ pause: held })) pause.textContent = held ? "Go on" : "Pause";
    });
    const step = button("One epoch", () => {
      if (this.#order({ step: true })) pause.textContent = "Go on";
    });
    const learn = () => {
      pause.textContent = "Pause";
      this.#begin();
    };
    return element("div", { class: "buttons" }, button("Learn", learn, "run"), pause, step);
  }

  #downloads(): HTMLElement {
    const button = (text: string, act: () => void) => {
      const made = element("button", { type: "button" }, text);
      made.addEventListener("click", act);
      return made;
    };
    const code = button("Download the code", () => {
      const choices = this.#choices();
      const { names } = this.#table;
      const inside = this.#columns.inputs().map((k) => names[k] as string);
      if (choices) download("learn.mjs", programOf(choices, inside, names[this.#columns.target()] as string));
    });
    const series = button("Download the series", () => {
      const { names, columns } = this.#table;
      download("series.json", JSON.stringify(Object.fromEntries(names.map((name, k) => [name, Array.from(columns[k] ?? [])]))));
    });
    return element(
      "div",
      { class: "buttons" },
      button("Download the model", () => void this.#order({ save: true })),
      code,
      series,
    );
  }

  #say(text: string, kind = "wrong"): void {
    (this.querySelector(`.${kind}`) as HTMLElement).textContent = text;
  }

  #set(key: string, value: number | string): void {
    this.#settings = { ...this.#settings, [key]: value };
    const query = queryWith(location.search, "play", CONTROLS, this.#settings);
    history.replaceState(history.state, "", location.pathname + query + location.hash);
    if (key === "series") this.#pad.show(SERIES[value as string] as (t: number) => number);
    if (key === "rate") this.#worker?.postMessage({ rate: value as number } satisfies Order);
  }

  #take(table: Table): void {
    this.#table = table;
    const { names, columns, notes } = table;
    const absent = this.#columns.show(names);
    this.#say(
      absent.length > 0
        ? `The address asks for the column ${absent.join(", ").slice(0, 100)}, which is not here: open the file that has it.`
        : "",
    );
    this.#say([`${names.length} ${names.length === 1 ? "column" : "columns"}, ${columns[0]?.length} rows.`, ...notes].join(" "), "words");
    this.#picture();
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

  /** What is to be learned, or a word on why it cannot be. */
  #choices(): Choices | undefined {
    const { columns } = this.#table;
    const target = columns[this.#columns.target()] as Float32Array;
    const inputs = this.#columns.inputs().map((k) => columns[k] as Float32Array);
    const { horizon, cell, units, rate, seed } = this.#settings as { [K in keyof typeof CONTROLS]: never };
    const wrong =
      inputs.length === 0
        ? "Choose at least one column that goes in."
        : target.length < horizon + 10
          ? "There are too few rows to look so many steps ahead."
          : "";
    this.#say(wrong);
    return wrong ? undefined : { inputs, target, horizon, cell, units, rate, seed };
  }

  #begin(): void {
    const choices = this.#choices();
    if (!choices) return;
    this.#learned = choices;
    this.#worker?.terminate();
    this.#monitor.clear();
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<News>) => this.#hear(data));
    this.#order({ begin: choices });
  }

  get #monitor(): Monitor {
    return this.querySelector("memcell-monitor") as Monitor;
  }

  #order(order: Order): boolean {
    if (this.#worker) this.#worker.postMessage(order);
    else this.#say("Nothing learns yet: begin with Learn.");
    return this.#worker !== undefined;
  }

  #hear(news: News): void {
    if ("error" in news) return void this.#say(`The model could not learn: ${news.error}`);
    if ("bytes" in news) return void download("model.safetensors", news.bytes as Uint8Array<ArrayBuffer>);
    this.#monitor.report(news.report);
    this.#monitor.gates({ layers: news.gates });
    this.dataset.loss = String(news.report.loss);
    this.dataset.epoch = String(news.report.epoch);
    cancelAnimationFrame(this.#drawn);
    this.#drawn = requestAnimationFrame(() => this.#forecast(news.forecast));
  }

  #chart(lines: Line[], from: number, steps: number, label: string): void {
    const at = Array.from({ length: steps }, (_, t) => from + t + 1);
    chart(this.querySelector(".drawing") as HTMLElement, lines, { x: "step", y: "value", at, label });
  }

  /** The column to foretell, before anything is learned of it. */
  #picture(): void {
    const values = this.#table.columns[this.#columns.target()];
    const from = Math.max(0, (values?.length ?? 0) - SHOWN);
    if (values) this.#chart([{ name: "series", values: Array.from(values.subarray(from)) }], from, values.length - from, "The series");
  }

  #forecast({ from, next, ahead }: { from: number; next: Float32Array; ahead: Float32Array }): void {
    const target = (this.#learned as Choices).target;
    const shown = Array.from(target.subarray(from));
    const gap = Array<number | null>(shown.length - 1).fill(null);
    const lines = [
      { name: "series", values: shown },
      { name: "one step ahead", values: [null, ...next.subarray(0, -1)] },
      { name: "after its end", values: [...gap, shown.at(-1) as number, ...ahead] },
    ];
    const label = `The last ${shown.length} values, what the model foretold of them, and ${ahead.length} values to come`;
    this.#chart(lines, from, shown.length + ahead.length, label);
  }
}

export function definePlayground(): void {
  if (!customElements.get("memcell-play")) customElements.define("memcell-play", Playground);
}
