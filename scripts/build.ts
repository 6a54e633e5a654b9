/**
 * Makes dist/ from asc's output in build/: core.js, all of memcell with the wasm inlined in its parts; the entry points, which import from
 * core.js, so that a model is the same class in all of them; the same for workerd; the types; the raw wasm.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { minify } from "terser";
import { bundle, WHOLE } from "./bundle.js";
import { install } from "./install.js";
import { renamed, shortNames } from "./names.js";
import { characters, declarations, plain, values } from "./wasm.js";

const listed = (values: Record<string, string>) => Object.entries(values).map(([name, text]) => `${name} = ${text}`);
writeFileSync("build/wasm.js", `export const ${listed(values()).join(",\n")};\n`);
writeFileSync("build/wasm.d.ts", declarations);
const names = shortNames(plain);
const shipped = renamed(plain, names);

const [int8, relaxed] = ["int8", "int8.relaxed"].map((name) => JSON.stringify(characters(readFileSync(`build/${name}.wasm`))));
writeFileSync("build/int8Wasm.js", `export const wasm = ${int8}, relaxed = ${relaxed};\n`);
const int8Types =
  "/** build/int8.wasm and build/int8.relaxed.wasm, in the same way. */\nexport declare const wasm: string, relaxed: string;\n";
writeFileSync("build/int8Wasm.d.ts", int8Types);

const options: BuildOptions = {
  format: "esm",
  target: "es2022",
  charset: "utf8",
  // All but the white space, which terser takes away: esbuild would take the marks of pure calls with it, by which bundlers shake.
  minifySyntax: true,
  minifyIdentifiers: true,
  legalComments: "none",
  mangleProps: new RegExp(`^(${Object.keys(names).join("|")})$`),
  mangleCache: names,
};
rmSync("dist", { recursive: true, force: true });

// Their names in core.js: in capitals.
const inlined = Object.entries(values((wasm) => renamed(wasm, names))).map(([name, text]) => [name, name.toUpperCase(), text] as const);
/** Puts the wasm on a line of its own above the code, so that Node need not print it with an error. */
const above: Plugin = {
  name: "above",
  setup({ onLoad }) {
    const contents = `export const ${inlined.map(([name, global]) => `${name} = ${global}`)};`;
    onLoad({ filter: /\/build\/wasm\.js$/ }, () => ({ contents }));
    onLoad({ filter: /\/build\/int8Wasm\.js$/ }, () => ({ contents: "export const wasm = WASM, relaxed = RELAXED;" }));
  },
};
const lineOf = async (code: string) => `${(await minify(code, { compress: false, mangle: false })).code}\n`;
const head = await lineOf(`const ${inlined.map(([, global, text]) => `${global}=${text}`)};`);
const internal = { contents: 'export * from "./src/internal.js"; export * from "./src/index.js";', resolveDir: "." };
await bundle("dist/core.js", { ...options, stdin: internal, plugins: [above] }, head);

const entryPoints = {
  anomaly: "src/anomaly.ts",
  batcher: "src/batcher.ts",
  c: "src/c.ts",
  ctc: "src/ctc.ts",
  forecast: "src/forecast.ts",
  int8: "src/int8.ts",
  keras: "src/keras.ts",
  monitor: "src/monitor.ts",
  node: "src/node.ts",
  onnx: "src/onnx.ts",
  parallel: "src/parallel/trainer.ts",
  "parallel-host": "src/parallel/host.ts",
  "parallel-worker": "src/parallel/entry.ts",
  scores: "src/scores.ts",
  tensorboard: "src/tensorboard.ts",
  torch: "src/torch.ts",
  worker: "src/worker/trainer.ts",
  "worker-host": "src/worker/host.ts",
  "trainer-worker": "src/worker/entry.ts",
};
const [INTERNAL, CORE] = ["src/internal.ts", "./core.js"];
/** Keeps an entry point's imports of the core, or of another entry point, as imports. @param names of the core: then they are one import */
const apart = (names?: string[]): Plugin => ({
  name: "apart",
  setup({ onLoad, onResolve }) {
    const sources = { ...entryPoints, core: "src/(index|internal).ts" };
    const entries = Object.entries(sources).map(([name, source]) => [name, new RegExp(`/${source.replace(".ts", "\\.js")}$`)] as const);
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const [name] = entries.find(([, source]) => source.test(resolve(resolveDir, path))) ?? [];
      if (name === "core" && names) return { path: resolve(INTERNAL) };
      return name || (names && path === CORE) ? { path: name ? `./${name}.js` : CORE, external: true } : undefined;
    });
    onLoad({ filter: new RegExp(`/${INTERNAL}$`) }, () => ({ contents: `export { ${names} } from "${CORE}";` }));
  },
});
/** The names of the core that an entry point uses: each file's import of them would be one of the bundle, with letters of its own. */
async function namesOf(source: string): Promise<string[]> {
  const { outputFiles } = await build({
    ...options,
    minifyIdentifiers: false,
    entryPoints: [source],
    bundle: true,
    write: false,
    external: ["node:*"],
    plugins: [apart(), above],
  });
  const imports = (outputFiles[0]?.text ?? "").matchAll(/^import \{([^}]*)\} from "\.\/core\.js";$/gm);
  return [...new Set([...imports].flatMap(([, names = ""]) => names.split(",").map((name) => name.trim().replace(/ as .*/, ""))))];
}
const heads: Record<string, string> = { int8: await lineOf(`const WASM=${int8},RELAXED=${relaxed};`) };
for (const [name, source] of Object.entries(entryPoints)) {
  const whole = name === "anomaly" || name === "forecast";
  const plugins = [apart(whole ? await namesOf(source) : undefined), above];
  await bundle(`dist/${name}.js`, { ...options, entryPoints: [source], external: ["node:*"], plugins }, heads[name], whole && WHOLE);
}

/** Without the wasm's bytes: workerd compiles no module at run time, but those that are files it compiles beforehand. */
const precompiled: Plugin = {
  name: "precompiled",
  setup({ onResolve }) {
    onResolve({ filter: /\/compiled\.js$/ }, ({ path, resolveDir }) => ({ path: resolve(resolveDir, path.replace(/js$/, "workerd.ts")) }));
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `../${basename(path)}`, external: true }));
  },
};
await bundle("dist/workerd/core.js", { ...options, stdin: internal, plugins: [precompiled] });
await bundle("dist/workerd/int8.js", {
  ...options,
  entryPoints: [entryPoints.int8],
  plugins: [apart(), precompiled],
});
/** Entry points that start no thread, open no file, draw and compile nothing: the same code beside the other core, with the same source map. */
for (const name of ["anomaly", "batcher", "c", "ctc", "forecast", "keras", "onnx", "scores", "torch"]) {
  const code = readFileSync(`dist/${name}.js`, "utf8");
  writeFileSync(`dist/workerd/${name}.js`, code.replace("sourceMappingURL=", "sourceMappingURL=../"));
}

/** The command's file uses the others, as a program of its own that has its packages inside. */
const beside: Plugin = {
  name: "beside",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^memcell\// }, ({ path }) => ({ path: `./${path.slice("memcell/".length)}.js`, external: true })),
};
install("cli/csv", "the parser of CSV that the command has");
// Packages that are CommonJS ask for Node's modules by require.
const shebang = '#!/usr/bin/env node\nimport{createRequire}from"node:module";const require=createRequire(import.meta.url);\n';
// The map names packages by node_modules, wherever that is.
const packages = { platform: "node", preserveSymlinks: true } as const;
await bundle("dist/cli.js", { ...options, ...packages, entryPoints: ["cli/main.ts"], plugins: [beside] }, shebang, WHOLE);
chmodSync("dist/cli.js", 0o755);

const { metafile } = await build({ ...options, bundle: true, entryPoints: ["src/index.ts"], write: false, metafile: true });
const exported = Object.values(metafile.outputs).flatMap(({ exports }) => exports);
for (const folder of ["dist", "dist/workerd"]) writeFileSync(`${folder}/memcell.js`, `export{${exported}}from"./core.js";\n`);

writeFileSync("dist/memcell.wasm", shipped);
copyFileSync("build/int8.wasm", "dist/int8.wasm");
mkdirSync("dist/types/build", { recursive: true });
for (const name of ["memcell.d.ts", "wasm.d.ts"]) copyFileSync(`build/${name}`, `dist/types/build/${name}`);
