/** Each bundler as its users set it up: what has to be written there is in docs/bundlers.md. */

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { rollup } from "@rollup/wasm-node";
import * as esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";
import { ISOLATED, POLICY, type Site, serve } from "./serve.js";

/** Headers of every site here: memory may be shared, and next to nothing else is allowed. */
const HEADERS = { ...ISOLATED, "Content-Security-Policy": POLICY };

export interface Build {
  name: string;
  /** index.html takes the package's own workers, own.html those of the page. */
  pages: ("index.html" | "own.html")[];
  /** @returns the site, and what the bundler had to complain of */
  build(project: string, out: string): Promise<{ site: Site; warnings: string[] }>;
}

/** Entry points where a worker's file has to be named. */
const OWN = ["own", "trainer.worker", "thread.worker"];

function pages(project: string, out: string, change = (html: string) => html): void {
  mkdirSync(out, { recursive: true });
  for (const name of ["index.html", "own.html", "frames.html"])
    writeFileSync(join(out, name), change(readFileSync(join(project, name), "utf8")));
}

const logger = (warnings: string[]) => {
  const warn = (message: string) => void warnings.push(message);
  return { ...vite.createLogger("silent"), warn, warnOnce: warn, error: warn };
};

const server = (name: string, config: vite.InlineConfig): Build => ({
  name,
  pages: ["index.html", "own.html"],
  async build(root, cacheDir) {
    const warnings: string[] = [];
    const server = await vite.createServer({
      root,
      cacheDir,
      configFile: false,
      logLevel: "warn",
      customLogger: logger(warnings),
      server: { port: 0, headers: ISOLATED },
      ...config,
    });
    await server.listen();
    return { site: { address: server.resolvedUrls?.local[0] as string, close: () => server.close() }, warnings };
  },
});

export const BUILDS: Build[] = [
  // What a worker's file imports is found late, and the page then loads once more, unless it is named.
  server("Vite's server", { optimizeDeps: { include: ["memcell/parallel/host", "memcell/worker/host"] } }),
  server("Vite's server, as it has to be up to Vite 7", { optimizeDeps: { exclude: ["memcell"] } }),
  {
    name: "Vite",
    pages: ["index.html", "own.html"],
    async build(root, out) {
      const warnings: string[] = [];
      const input = ["index.html", "own.html"].map((name) => join(root, name));
      await vite.build({
        root,
        configFile: false,
        logLevel: "warn",
        customLogger: logger(warnings),
        build: { outDir: out, rolldownOptions: { input } },
      });
      return { site: await serve(out, HEADERS), warnings };
    },
  },
  {
    name: "webpack",
    pages: ["index.html", "own.html"],
    async build(context, path) {
      const entry = { main: "./main.js", own: "./own.js" };
      const compiler = webpack({ context, mode: "production", entry, output: { path }, performance: false });
      const stats = await new Promise<webpack.Stats>((resolve, reject) =>
        compiler.run((error, stats) => (stats ? resolve(stats) : reject(error))),
      );
      const { errors = [], warnings = [] } = stats.toJson();
      pages(context, path, (html) => html.replace('type="module"', "defer"));
      return { site: await serve(path, HEADERS), warnings: [...errors, ...warnings].map(({ message }) => message) };
    },
  },
  {
    name: "esbuild",
    pages: ["own.html"],
    async build(absWorkingDir, outdir) {
      const entryPoints = OWN.map((name) => `./${name}.js`);
      const { warnings } = await esbuild.build({
        absWorkingDir,
        entryPoints,
        outdir,
        bundle: true,
        format: "esm",
        splitting: true,
        minify: true,
        logLevel: "silent",
      });
      pages(absWorkingDir, outdir);
      return { site: await serve(outdir, HEADERS), warnings: warnings.map(({ text }) => text) };
    },
  },
  {
    name: "Rollup",
    pages: ["own.html"],
    async build(project, dir) {
      const warnings: string[] = [];
      const input = OWN.map((name) => join(project, `${name}.js`));
      const bundle = await rollup({ input, plugins: [nodeResolve()], onwarn: ({ message }) => void warnings.push(message) });
      await bundle.write({ dir, format: "es" });
      pages(project, dir);
      return { site: await serve(dir, HEADERS), warnings };
    },
  },
  {
    name: "no bundler",
    pages: ["index.html", "own.html"],
    async build(project, out) {
      pages(project, out);
      cpSync(join(project, "node_modules/memcell/dist"), join(out, "memcell"), { recursive: true });
      const file = (name = "memcell") => `"./memcell/${name.replace("/", "-")}.js"`;
      for (const name of readdirSync(project).filter((name) => name.endsWith(".js"))) {
        const code = readFileSync(join(project, name), "utf8");
        writeFileSync(
          join(out, name),
          code.replace(/"memcell(?:\/(.*?))?"/g, (_, entry) => file(entry)),
        );
      }
      return { site: await serve(out, HEADERS), warnings: [] };
    },
  },
];
