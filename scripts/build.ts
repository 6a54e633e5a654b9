/**
 * Makes dist/ from asc's output in build/: core.js, all of memcell with the wasm inlined, and the spans that make its variants; the
 * entry points, which import from core.js, so that a model is the same class in all of them; the types; the raw wasm.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { minify } from "terser";
import { bundle } from "./bundle.js";
import { renamed, shortNames } from "./names.js";
import { spansBetween } from "./spans.js";

// One character per byte, so that gzip finds the bytes' repetitions. Each is 122 minus the byte, which makes nearly all of them ASCII, at
// one byte each: 10.0 kB gzipped, where adding 64 gives 10.3, and the wasm itself 9.7.
const characters = (bytes: Uint8Array) => String.fromCharCode(...bytes.map((byte) => 122 - byte));
const VARIANTS = ["relaxed", "shared"];
/** The wasm and its variants, as the texts of two values. */
function texts(plain: Buffer, variantOf: (name: string) => Buffer): string[] {
  const variants = VARIANTS.map((name) => {
    const spans = spansBetween(plain, variantOf(name));
    return [name, spans.map(({ at, removed, bytes }) => [at, removed, characters(bytes)])];
  });
  return [characters(plain), Object.fromEntries(variants)].map((value) => JSON.stringify(value));
}
const plain = readFileSync("build/memcell.wasm");
const variantOf = (name: string) => readFileSync(`build/memcell.${name}.wasm`);
const [wasm, variants] = texts(plain, variantOf);
writeFileSync("build/wasm.js", `export const wasm = ${wasm};\nexport const variants = ${variants};\n`);
const names = shortNames(plain);
const shipped = renamed(plain, names);
writeFileSync(
  "build/wasm.d.ts",
  `/** build/memcell.wasm, a character for each byte: 122 less the byte, modulo 256. */
export declare const wasm: string;
/** The spans of each variant: first byte in the plain wasm, how many of its bytes to replace, the replacement. */
export declare const variants: Record<${VARIANTS.map((name) => JSON.stringify(name)).join(" | ")}, [number, number, string][]>;
`,
);

const options: BuildOptions = {
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: true,
  legalComments: "none",
  mangleProps: new RegExp(`^(${Object.keys(names).join("|")})$`),
  mangleCache: names,
};
rmSync("dist", { recursive: true, force: true });

/** Puts the wasm on a line of its own above the code, so that Node need not print it with an error. */
const above: Plugin = {
  name: "above",
  setup: ({ onLoad }) => onLoad({ filter: /\/build\/wasm\.js$/ }, () => ({ contents: "export const wasm = WASM, variants = VARIANTS;" })),
};
const [shippedWasm, shippedVariants] = texts(shipped, (name) => renamed(variantOf(name), names));
const { code: head } = await minify(`const WASM=${shippedWasm},VARIANTS=${shippedVariants};`, { compress: false, mangle: false });
const internal = { contents: 'export * from "./src/index.js"; export * from "./src/internal.js";', resolveDir: "." };
await bundle("dist/core.js", { ...options, stdin: internal, plugins: [above] }, `${head}\n`);

/** Leaves out the wasm's bytes: this runtime compiles them beforehand. */
const precompiled: Plugin = {
  name: "precompiled",
  setup({ onResolve }) {
    onResolve({ filter: /\/compiled\.js$/ }, () => ({ path: resolve("src/core/compiled.workerd.ts") }));
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: true }));
  },
};
await bundle("dist/workerd.js", { ...options, entryPoints: ["src/index.ts"], plugins: [precompiled] });

const entryPoints = {
  batcher: "src/batcher.ts",
  c: "src/c.ts",
  ctc: "src/ctc.ts",
  forecast: "src/forecast.ts",
  keras: "src/keras.ts",
  node: "src/node.ts",
  onnx: "src/onnx.ts",
  parallel: "src/parallel/trainer.ts",
  "parallel-host": "src/parallel/host.ts",
  "parallel-worker": "src/parallel/entry.ts",
  scores: "src/scores.ts",
  torch: "src/torch.ts",
  worker: "src/worker/trainer.ts",
  "worker-host": "src/worker/host.ts",
  "trainer-worker": "src/worker/entry.ts",
};
/** Keeps an entry point's imports of the core, or of another entry point, as imports. */
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    const sources = { ...entryPoints, core: "src/(index|internal).ts" };
    const entries = Object.entries(sources).map(([name, source]) => [name, new RegExp(`/${source.replace(".ts", "\\.js")}$`)] as const);
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const entry = entries.find(([, source]) => source.test(resolve(resolveDir, path)));
      return entry && { path: `./${entry[0]}.js`, external: true };
    });
  },
};
for (const [name, source] of Object.entries(entryPoints))
  await bundle(`dist/${name}.js`, { ...options, entryPoints: [source], external: ["node:*"], plugins: [apart] });

const { metafile } = await build({ ...options, bundle: true, entryPoints: ["src/index.ts"], write: false, metafile: true });
const exported = Object.values(metafile.outputs).flatMap(({ exports }) => exports);
writeFileSync("dist/memcell.js", `export{${exported}}from"./core.js";\n`);

writeFileSync("dist/memcell.wasm", shipped);
mkdirSync("dist/types/build", { recursive: true });
for (const name of ["memcell.d.ts", "wasm.d.ts"]) copyFileSync(`build/${name}`, `dist/types/build/${name}`);
