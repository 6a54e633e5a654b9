/** The programs that the runtimes run: the portable tests with all that they need, and the questions to the installed package. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

const root = resolve(import.meta.dirname, "../..");
const here = import.meta.dirname;

/** Reads that the tests make at their start, of vectors and of the wasm, out of the bundle. */
const reads: Plugin = {
  name: "reads",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^vitest$/ }, () => ({ path: join(here, "vitest.ts") }));
    onResolve({ filter: /^node:fs$/ }, () => ({ path: "fs", namespace: "files" }));
    onLoad({ filter: /.*/, namespace: "files" }, () => {
      const folder = join(root, "tests/vectors");
      const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
      const texts = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
      const wasm = readFileSync(join(root, "build/memcell.wasm")).toString("base64");
      return {
        contents: `const texts = ${JSON.stringify(texts)};
const wasm = Uint8Array.from(atob(${JSON.stringify(wasm)}), (c) => c.charCodeAt(0));
export const readFileSync = (url) => texts[String(url).split("/").at(-1)] ?? wasm;`,
      };
    });
  },
};

/** Where modules are compiled beforehand. */
const precompiled: Plugin = {
  name: "precompiled",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/compiled\.js$/ }, ({ importer, resolveDir, path }) =>
      importer.includes("/tests/")
        ? { path: "compiled", namespace: "precompiled" }
        : { path: join(resolveDir, path.replace(/js$/, "workerd.ts")) },
    );
    onLoad({ filter: /.*/, namespace: "precompiled" }, () => ({
      contents: 'import module from "./memcell.wasm"; export const compiled = module;',
    }));
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `./${basename(path)}`, external: true }));
  },
};

const options: BuildOptions = {
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
  logLevel: "error",
  // Messages tell the names of classes.
  keepNames: true,
  absWorkingDir: root,
  nodePaths: [join(here, "node_modules"), join(root, "node_modules")],
};

async function text(contents: string, more: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...options, ...more, stdin: { contents, resolveDir: here, loader: "ts" } });
  return (outputFiles as { text: string }[])[0]?.text as string;
}

/** What a program does with its report, JSON. */
const tell = {
  /** Prints it, as a line that nothing else looks like. Timers of signals do not keep a process alive. */
  console: (report: string) => `setInterval(() => {}, 1e6); console.log("REPORT " + JSON.stringify(await (${report}))); process.exit();`,
  page: (report: string) =>
    `(${report}).then((report) => (globalThis.report = report), (error) => (globalThis.report = { error: String(error?.stack ?? error) }));`,
  fetch: (report: string) => `export default { fetch: async () => Response.json(await (${report})) };`,
};

export type Way = keyof typeof tell;

/** workerd compiles no module at run time, and its clock stands still while it computes. */
const WITHOUT = {
  console: [],
  page: [],
  fetch: ["a module that imports a memory", "another program's module", "the event loop runs during fit"],
};

/** Tests, by file or folder, that need nothing but a JavaScript engine: the others start processes, read files, or stand in for Node's own parts. */
const TESTS = [
  "kernels",
  "data",
  "errors",
  "fit",
  "gradients",
  "initializers",
  "insight",
  "losses",
  "lstm97",
  "online",
  "oracle",
  "pytorch",
  "safetensors",
  "scaler",
  "schedules",
  "stream",
  "streams",
  "truncation",
];

function filesOf(name: string): string[] {
  const folder = join(root, "tests", name);
  if (!existsSync(folder)) return [name];
  return readdirSync(folder).map((file) => `${name}/${file.replace(".test.ts", "")}`);
}

/** The tests, as one program; for pages one a name, since a page has address space for some 700 memories and is slow to give it back. */
export function testsPrograms(way: Way): Promise<string>[] {
  const parts = way === "page" ? TESTS.map((name) => [name]) : [TESTS];
  return parts.map((names) => {
    const files = names.flatMap(filesOf).map((name) => `"${name}": () => import("../${name}.test.js")`);
    return text(`import { portable } from "./portable.js";\n${tell[way](`portable({ ${files} }, ${JSON.stringify(WITHOUT[way])})`)}`, {
      plugins: way === "fetch" ? [precompiled, reads] : [reads],
      define: { "import.meta.url": '"file:///tests/file.js"' },
    });
  });
}

export const speedProgram = (way: Way) =>
  text(`import { speed } from "./speed.js";\n${tell[way]("speed()")}`, {
    plugins: [reads],
    define: { "import.meta.url": '"file:///tests/file.js"' },
  });

export const packageProgram = (way: Way) =>
  text(`import { installed } from "./package.js";\n${tell[way]("installed()")}`, { external: ["memcell", "memcell/*"] });

/** Where there are no threads: the bits alone, the package in the bundle. */
export const bitsProgram = (project: string) =>
  text(
    `import { bits } from "../helpers/bits.js"; import { EXPECTED } from "../helpers/bits.expected.js"; import { int8Bits } from "../helpers/int8Bits.js";
const all = async () => ({ ...(await bits()), int8: await int8Bits() });
const report = all().then((found) => ({ wrong: Object.keys(found).filter((name) => found[name] !== EXPECTED[name]), threads: false, worker: false }));
${tell.fetch("report")}`,
    {
      conditions: ["workerd"],
      plugins: [
        {
          name: "installed",
          setup({ onResolve, resolve }) {
            onResolve({ filter: /^memcell(\/|$)/ }, ({ path, pluginData }) =>
              pluginData ? undefined : resolve(path, { resolveDir: project, kind: "import-statement", pluginData: true }),
            );
            onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `./${basename(path)}`, external: true }));
          },
        },
      ],
    },
  );
