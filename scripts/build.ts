/**
 * From what asc made in build/ to dist/: the wasm inlined into one module, with the spans that make its variants; the entry points
 * beside it, which take from that module what they share with it; the types; the raw wasm.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { minify } from "terser";
import { renamed, shortNames } from "./names.js";
import { spansBetween } from "./spans.js";

// A character for each byte, so that gzip finds the bytes' repetitions; each taken from 122, so that nearly all of the characters are
// ASCII and take one byte: 10.0 kB gzipped where adding 64 gives 10.3, and the wasm itself 9.7.
const characters = (bytes: Uint8Array) => String.fromCharCode(...bytes.map((byte) => 122 - byte));
const VARIANTS = ["relaxed", "shared"];
/** The wasm and its variants as a module. */
function write(file: string, plain: Buffer, variantOf: (name: string) => Buffer): void {
  const variants = VARIANTS.map((name) => {
    const spans = spansBetween(plain, variantOf(name));
    return [name, spans.map(({ at, removed, bytes }) => [at, removed, characters(bytes)])];
  });
  const [text, others] = [characters(plain), Object.fromEntries(variants)].map((value) => JSON.stringify(value));
  writeFileSync(file, `export const wasm = ${text};\nexport const variants = ${others};\n`);
}
const plain = readFileSync("build/memcell.wasm");
const variantOf = (name: string) => readFileSync(`build/memcell.${name}.wasm`);
write("build/wasm.js", plain, variantOf);
const names = shortNames(plain);
const shipped = renamed(plain, names);
write("build/shipped.js", shipped, (name) => renamed(variantOf(name), names));
writeFileSync(
  "build/wasm.d.ts",
  `/** build/memcell.wasm, a character for each byte: 122 less the byte, modulo 256. */
export declare const wasm: string;
/** For each variant what it has instead: from which byte of the plain one, how many of its bytes, its own. */
export declare const variants: Record<${VARIANTS.map((name) => JSON.stringify(name)).join(" | ")}, [number, number, string][]>;
`,
);

const options: BuildOptions = {
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: true,
  legalComments: "none",
  mangleProps: new RegExp(`^(${Object.keys(names).join("|")})$`),
  mangleCache: names,
};
/** What is shipped, instead of the wasm under the names that the tests call. */
const inlined: Plugin = {
  name: "inlined",
  setup({ onResolve }) {
    onResolve({ filter: /\/wasm\.js$/ }, () => ({ path: resolve("build/shipped.js") }));
  },
};
rmSync("dist", { recursive: true, force: true });
const stdin = { contents: 'export * from "./src/index.js"; export * from "./src/inside.js";', resolveDir: "." };
const { outputFiles } = await build({
  ...options,
  stdin,
  write: false,
  // The wasm first: gzip takes 0.8 kB more where it stands amid the code, whose statistics are others.
  inject: ["build/shipped.js"],
  plugins: [inlined],
});
// Names of variables once more, by terser, which names like functions' alike: 1.1 kB less gzipped.
const { code } = await minify(outputFiles[0]?.text as string, { module: true, compress: false });
/** Without the wasm's bytes, which this runtime compiles beforehand. */
const precompiled: Plugin = {
  name: "precompiled",
  setup({ onResolve }) {
    onResolve({ filter: /\/compiled\.js$/ }, () => ({ path: resolve("src/compiled.workerd.ts") }));
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: true }));
  },
};
await build({ ...options, stdin, outfile: "dist/workerd.js", plugins: [precompiled] });
const entryPoints = {
  batcher: "src/batcher.ts",
  node: "src/node.ts",
  parallel: "src/parallel/trainer.ts",
  "parallel-host": "src/parallel/host.ts",
  "parallel-worker": "src/parallel/file.ts",
  worker: "src/worker/trainer.ts",
  "worker-host": "src/worker/host.ts",
  "trainer-worker": "src/worker/file.ts",
};
/** What an entry point imports of another one stays an import. */
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    const sources = { ...entryPoints, memcell: "src/(index|inside).ts" };
    const entries = Object.entries(sources).map(([name, source]) => [name, new RegExp(`/${source.replace(".ts", "\\.js")}$`)] as const);
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const entry = entries.find(([, source]) => source.test(resolve(resolveDir, path)));
      return entry && { path: `./${entry[0]}.js`, external: true };
    });
  },
};
await build({
  ...options,
  entryPoints,
  outdir: "dist",
  external: ["node:*"],
  plugins: [apart],
});
mkdirSync("dist/types/build", { recursive: true });
writeFileSync("dist/memcell.js", code as string);
writeFileSync("dist/memcell.wasm", shipped);
for (const name of ["memcell.d.ts", "wasm.d.ts"]) copyFileSync(`build/${name}`, `dist/types/build/${name}`);
