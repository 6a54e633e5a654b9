/** Chromium and Firefox without a window, and what a page of them says. */

import puppeteer, { type Browser, type Page } from "puppeteer-core";

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"];

export const launch = (kind: "chrome" | "firefox"): Promise<Browser> =>
  puppeteer.launch({
    browser: kind,
    executablePath: kind === "chrome" ? "/usr/bin/chromium" : "/usr/bin/firefox-esr",
    headless: true,
    protocolTimeout: 120_000,
    args: kind === "chrome" ? [...QUIET, "--disable-component-update"] : [],
  });

/** A page of its own, and all that it says: on the console, errors that nobody caught, requests that failed or left the site. */
export async function open(browser: Browser, address: string): Promise<{ page: Page; said: string[] }> {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`uncaught: ${String(error)}`));
  page.on("request", (request) => {
    if (!/^(?:http:\/\/localhost:|data:|blob:)/.test(request.url())) said.push(`asked for ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) said.push(`${response.status()}: ${response.url()}`);
  });
  await page.goto(address, { waitUntil: "load" });
  return { page, said };
}
