/** A row for each runtime: how it runs a program, and what it has. */

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { Miniflare } from "miniflare";
import puppeteer from "puppeteer-core";
import type { Way } from "./bundle.js";

export interface Runtime {
  name: string;
  way: Way;
  /** @returns the program's report */
  run(program: string, project: string, signal: AbortSignal): Promise<unknown>;
}

const modules = join(import.meta.dirname, "node_modules");
let programs = 0;

/** A program as a file of the project, run by a command. */
function command(name: string, file: string, args: string[]): Runtime {
  return {
    name,
    way: "console",
    run(program, project, signal) {
      const script = join(project, `program-${programs++}.mjs`);
      writeFileSync(script, program);
      return new Promise((resolve, reject) => {
        const child = spawn(file, [...args, script], { cwd: project, signal, env: { ...process.env, NO_COLOR: "1" } });
        let [output, errors] = ["", ""];
        child.stdout.on("data", (data) => (output += data));
        child.stderr.on("data", (data) => (errors += data));
        child.on("error", reject);
        child.on("close", (code) => {
          const report = output.split("\n").find((line) => line.startsWith("REPORT "));
          if (code === 0 && report) resolve(JSON.parse(report.slice("REPORT ".length)));
          else reject(new Error(`${name} ended with ${code}: ${(errors || output).slice(-2000)}`));
        });
      });
    },
  };
}

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".html": "text/html",
  ".wasm": "application/wasm",
};

/** A program as a page's module, on a page that is isolated, so that it has threads; nothing may be said on its console. */
function browser(name: string, kind: "chrome" | "firefox", executablePath: string): Runtime {
  return {
    name,
    way: "page",
    async run(program, project, signal) {
      const names = ["", "/parallel", "/worker", "/batcher", "/int8"];
      const imports = Object.fromEntries(
        names.map((entry) => [`memcell${entry}`, `/node_modules/memcell/dist/${entry.slice(1) || "memcell"}.js`]),
      );
      const page = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/program.js" onerror="report = { error: 'the program does not load' }"></script>`;
      const server = createServer(({ url = "/" }, response) => {
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
        const { pathname } = new URL(url, "http://localhost");
        response.setHeader("Content-Type", TYPES[extname(pathname)] ?? "text/html");
        if (pathname === "/") response.end(page);
        else if (pathname === "/program.js") response.end(program);
        else response.end(readFileSync(join(project, pathname)));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-sync",
      ];
      const driven = await puppeteer.launch({
        browser: kind,
        executablePath,
        headless: true,
        protocolTimeout: 600_000,
        args: kind === "chrome" ? [...quiet, "--disable-component-update", "--js-flags=--expose-gc"] : [],
      });
      const close = () => void driven.close();
      signal.addEventListener("abort", close);
      try {
        const tab = await driven.newPage();
        const said: string[] = [];
        tab.on("console", (message) => said.push(message.text()));
        tab.on("pageerror", (error) => said.push(String(error)));
        await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        await tab.waitForFunction("globalThis.report !== undefined", { timeout: 600_000, polling: 200 });
        const report = (await tab.evaluate("globalThis.report")) as { error?: string };
        if (report.error || said.length > 0) throw new Error(`${name}: ${report.error ?? ""} ${said.join("\n")}`);
        return report;
      } finally {
        signal.removeEventListener("abort", close);
        await driven.close();
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** Cloudflare's runtime, which compiles modules beforehand and has no threads. */
const workerd: Runtime = {
  name: "workerd",
  way: "fetch",
  async run(program, project) {
    const own = program.includes("@vitest/");
    const wasm = (name: string) => readFileSync(join(project, own ? name : `node_modules/memcell/dist/${name}`)) as Uint8Array<ArrayBuffer>;
    const flare = new Miniflare({
      modules: [
        { type: "ESModule", path: "main.js", contents: program },
        ...["memcell.wasm", "int8.wasm"].map((path) => ({ type: "CompiledWasm" as const, path, contents: wasm(path) })),
      ],
      compatibilityDate: "2026-01-01",
      compatibilityFlags: ["nodejs_compat"],
    });
    try {
      const response = await flare.dispatchFetch("http://localhost/");
      const text = await response.text();
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${text.slice(0, 2000)}`);
      return JSON.parse(text);
    } finally {
      await flare.dispose();
    }
  },
};

export const RUNTIMES: Runtime[] = [
  command(`Node ${process.versions.node.split(".")[0]}`, process.execPath, []),
  ...[22, 24, 26].map((version) => command(`Node ${version}`, join(modules, `node${version}/bin/node`), [])),
  command("Deno 2", join(modules, "deno/deno"), ["run", "-A", "--no-prompt", "--node-modules-dir=manual"]),
  command("Bun 1", join(modules, "bun/bin/bun"), []),
  browser("Chromium", "chrome", "/usr/bin/chromium"),
  browser("Firefox", "firefox", "/usr/bin/firefox-esr"),
  workerd,
];
