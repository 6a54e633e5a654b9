/** Chromium without a window, and what a page of it says. */

import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM } from "./install.js";

/** Nothing of the machine's graphics, nothing from the network but localhost. */
const FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: FLAGS });

export interface Visit {
  page: Page;
  /** What came on the console, and errors that nobody caught. */
  said: string[];
}

/** A page of its own, without what others have left. */
export async function visit(browser: Browser, address: string): Promise<Visit> {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("console", (message) => {
    // Chromium asks for it by itself.
    if (!message.location().url.endsWith("/favicon.ico")) said.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
  await page.goto(address);
  return { page, said };
}

/** What the page has put into `globalThis.trained`, once it is there; its error as text. */
export function trained<T>(page: Page): Promise<T> {
  return page.evaluate(async () => {
    const shared = globalThis as { trained?: unknown };
    while (shared.trained === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    return shared.trained as T;
  });
}
