/** The site: its pages, its navigation, and a build that works from any folder. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { codePlugin } from "../site/code.js";
import { libraryAliases } from "../site/library.js";
import { BASE, movable } from "../site/movable.js";
import { offline } from "../site/offline.js";
import { relinked } from "../site/outside.js";
import { withoutEmptyHeads } from "../site/tables.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sidebar = `${root}docs/reference/sidebar.json`;
const reference = existsSync(sidebar) ? JSON.parse(readFileSync(sidebar, "utf8")) : [];

const titles: Record<string, string> = {
  weather: "Fourteen days of weather",
  surnames: "The language of a surname",
  server: "A server with sessions",
};

const guides = [
  {
    text: "Begin",
    items: [
      { text: "Start", link: "/start" },
      { text: "Data: shapes and tables", link: "/data" },
      { text: "The API on one page", link: "/api" },
    ],
  },
  {
    text: "Guides",
    items: [
      { text: "All guides", link: "/guide" },
      { text: "Forecast with intervals", link: "/guides/forecast" },
      { text: "A table with gaps", link: "/guides/table" },
      { text: "Classify sequences", link: "/guides/classify" },
      { text: "Generate text", link: "/guides/text" },
      { text: "Label each step", link: "/guides/label" },
      { text: "Labels without places", link: "/guides/unaligned" },
      { text: "Find anomalies as they come", link: "/guides/anomalies" },
      { text: "Learn online", link: "/guides/online" },
      { text: "Fine-tune", link: "/guides/fine-tune" },
      { text: "Serve a thousand sessions", link: "/guides/sessions" },
      { text: "Run in a worker", link: "/guides/worker" },
      { text: "Stop and go on", link: "/guides/checkpoints" },
      { text: "Move a model in and out", link: "/guides/files" },
      { text: "Weights of one byte", link: "/guides/int8" },
      { text: "Choose a size", link: "/guides/units" },
      { text: "When it does not learn", link: "/trouble" },
    ],
  },
  {
    text: "Longer programs",
    items: Object.entries(titles).map(([page, text]) => ({ text, link: `/project/${page}` })),
  },
  {
    text: "Coming from",
    items: [
      { text: "PyTorch", link: "/from/pytorch" },
      { text: "Keras", link: "/from/keras" },
      { text: "TensorFlow.js", link: "/from/tensorflow-js" },
      { text: "brain.js", link: "/from/brain-js" },
    ],
  },
  {
    text: "In and out",
    items: [
      { text: "PyTorch's files", link: "/pytorch" },
      { text: "Keras's and TensorFlow.js's files", link: "/keras" },
      { text: "C, for microcontrollers", link: "/c" },
      { text: "Bundlers and policies", link: "/bundlers" },
      { text: "From one process to a fleet", link: "/fleet" },
    ],
  },
  {
    text: "How it stands",
    items: [
      { text: "Where it runs", link: "/runtimes" },
      { text: "How fast", link: "/benches" },
      { text: "How it is attacked", link: "/attacks" },
      { text: "The experiments of 1997", link: "/project/report" },
      { text: "The lab book of these", link: "/project/evidence" },
      { text: "Changes", link: "/project/changelog" },
      { text: "Contributing", link: "/project/contributing" },
      { text: "Security", link: "/project/security" },
    ],
  },
];

export default defineConfig({
  title: "memcell",
  description: "Recurrent networks, trained and run where the data is",
  lang: "en",
  base: BASE,
  outDir: "../build/site",
  cacheDir: "../build/site-cache",
  srcExclude: ["node_modules/**"],
  lastUpdated: false,
  metaChunk: true,
  head: [
    [
      "link",
      {
        rel: "icon",
        href: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='5.5' fill='none' stroke='%23b4532a' stroke-width='3'/></svg>",
      },
    ],
    ["meta", { name: "theme-color", content: "#b4532a" }],
  ],
  themeConfig: {
    nav: [
      { text: "Start", link: "/start" },
      { text: "Guides", link: "/guide", activeMatch: "^/(guides?|data|api|trouble|from/|project/|runtimes|benches)" },
      { text: "The note", link: "/note" },
      { text: "Playground", link: "/play" },
      { text: "Reference", link: "/reference/memcell/", activeMatch: "^/reference/" },
    ],
    sidebar: { "/reference/": reference, "/note": [], "/play": [], "/": guides },
    outline: { level: [2, 3] },
    search: { provider: "local" },
    docFooter: { prev: false, next: false },
  },
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag.includes("-") } } },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (markdown) => void markdown.core.ruler.push("headless", withoutEmptyHeads),
  },
  buildEnd({ outDir }) {
    movable(outDir);
    offline(outDir);
  },
  vite: {
    resolve: { alias: libraryAliases },
    worker: { format: "es" },
    server: { fs: { allow: [root] } },
    build: { chunkSizeWarningLimit: 1000 },
    plugins: [
      codePlugin(),
      {
        name: "relinked",
        enforce: "pre",
        transform: (text, id) =>
          id.startsWith(`${root}docs/`) && id.endsWith(".md") && !id.includes("/project/") && !id.includes("/reference/")
            ? relinked(text, id.slice(root.length), root)
            : undefined,
      },
    ],
  },
});
