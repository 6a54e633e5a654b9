/** An element that shows a training run, without a framework: `memcell/monitor`. The core does not know it. */

import type { Trace } from "./model/insight.js";
import { curve, histogram, STYLE } from "./monitor/drawing.js";
import type { Report } from "./training/epochs.js";

/** An `HTMLElement`, where the types of pages are there: JSR checks without them. */
type PageElement = typeof globalThis extends { HTMLElement: { prototype: infer E } } ? E : object;

interface Shown {
  /** Takes a report of `fit`: its loss, validation loss and metrics go on the curves. */
  report(report: Report): void;
  /** Takes a number of a curve of your own, such as the norm of the gradient. Curves of one name are one. */
  scalar(name: string, value: number, step: number): void;
  /** Takes what `trace` recorded, and shows how the values of each gate are spread. */
  gates(trace: Pick<Trace, "layers">): void;
  /** Forgets all that it was given. */
  clear(): void;
}

/** The element that `defineMonitor` defines. */
export type Monitor = PageElement & Shown;

/** Points that a curve keeps: of two neighbours one goes when there are more. */
const KEPT = 1000;

type Point = [step: number, value: number];

/** Names of `Trace` that are gates, between 0 and 1. */
const GATES = ["i", "f", "o", "in", "out", "r", "z"];

/** Made when it is asked for: where there is no page, there is no `HTMLElement` to extend. */
const elementClass = () =>
  class extends HTMLElement implements Monitor {
    readonly #curves = new Map<string, Point[]>();
    #spread: [string, ArrayLike<number>][] = [];
    #words = "";
    #asked = false;

    connectedCallback(): void {
      if (!this.shadowRoot) this.attachShadow({ mode: "open" });
      this.#draw();
    }

    report({ epoch, loss, validationLoss, metrics, updates, learningRate }: Report): void {
      this.scalar("loss", loss, updates);
      if (validationLoss !== undefined) this.scalar("validation loss", validationLoss, updates);
      for (const [name, value] of Object.entries(metrics ?? {})) this.scalar(name, value as number, updates);
      this.#words = `Epoch ${epoch}, ${updates} updates, loss ${loss.toPrecision(4)}, learning rate ${learningRate.toPrecision(3)}.`;
    }

    scalar(name: string, value: number, step: number): void {
      let points = this.#curves.get(name) ?? [];
      points.push([step, value]);
      if (points.length > KEPT) points = points.filter((_, i) => i % 2 === 0 || i === points.length - 1);
      this.#curves.set(name, points);
      this.#draw();
    }

    gates({ layers }: Pick<Trace, "layers">): void {
      this.#spread = layers.flatMap((layer, k) =>
        GATES.flatMap((name): [string, ArrayLike<number>][] => (layer[name] ? [[`layer ${k}, ${name}`, layer[name].data]] : [])),
      );
      this.#draw();
    }

    clear(): void {
      this.#curves.clear();
      this.#spread = [];
      this.#words = "";
      this.#draw();
    }

    /** At most once a frame, however many reports come. */
    #draw(): void {
      if (this.#asked || !this.shadowRoot) return;
      this.#asked = true;
      requestAnimationFrame(() => {
        this.#asked = false;
        const curves = [...this.#curves].map(([name, points]) => curve(name, points));
        const spread = this.#spread.map(([name, values]) => histogram(name, values));
        const parts = [...curves, ...spread].map((part) => `<figure>${part}</figure>`).join("");
        if (!this.shadowRoot?.querySelector("p")) (this.shadowRoot as ShadowRoot).innerHTML = `${STYLE}<div></div><p role="status"></p>`;
        (this.shadowRoot?.querySelector("div") as HTMLElement).innerHTML = parts;
        (this.shadowRoot?.querySelector("p") as HTMLElement).textContent = this.#words;
      });
    }
  };

/**
 * Defines the element `<memcell-monitor>`, once; more calls do nothing. Its colours follow the page's `color`, and `--memcell-line`.
 * @param name of the element, with a hyphen
 * @throws Error where there are no elements, as in Node
 * @example
 * defineMonitor();
 * const monitor = document.querySelector("memcell-monitor");
 * for await (const report of trainer.fit(sequences, { epochs: 50 })) monitor.report(report);
 */
export function defineMonitor(name = "memcell-monitor"): void {
  if (typeof customElements === "undefined") throw new Error("memcell/monitor needs a page: there are no elements here");
  if (!customElements.get(name)) customElements.define(name, elementClass());
}
