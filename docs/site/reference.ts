/** The reference: a page for each public name, from the types and docstrings in dist/types, written to docs/reference/. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Converter, type ProjectReflection, ReflectionKind } from "typedoc";
import { liveOf } from "./live.js";
import { type Factory, listOf, optionsOf } from "./options.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = `${root}docs/reference`;
const types = `${root}dist/types/src/`;

/** What is written to import each entry point, by its types' path below dist/types/src. */
export const entryPoints = new Map(
  Object.entries<{ types?: string }>(JSON.parse(readFileSync(`${root}package.json`, "utf8")).exports).flatMap(([name, files]) =>
    files.types ? [[files.types.replace("./dist/types/src/", "").replace(".d.ts", ""), name.replace(/^\./, "memcell")]] : [],
  ) as [string, string][],
);

const KINDS = [
  ["Functions", "functions", ReflectionKind.Function],
  ["Factories and values", "variables", ReflectionKind.Variable],
  ["Classes", "classes", ReflectionKind.Class],
  ["Interfaces", "interfaces", ReflectionKind.Interface],
  ["Types", "type-aliases", ReflectionKind.TypeAlias],
] as const;

/** The sidebar: entry points, kinds, names. */
const sidebarOf = (project: ProjectReflection) =>
  project.children?.map((module) => ({
    text: module.name,
    link: `/reference/${module.name}/`,
    collapsed: module.name !== "memcell",
    items: KINDS.flatMap(([text, folder, kind]) => {
      const of = module.children?.filter((child) => child.kind === kind) ?? [];
      const items = of.map(({ name }) => ({ text: name, link: `/reference/${module.name}/${folder}/${name}` }));
      return items.length > 0 ? [{ text, items }] : [];
    }),
  }));

/** The page of a factory: its options where TypeDoc has but the name of what it makes. */
function factoryPage(text: string, { text: about, options }: Factory): string {
  const list = `## Options\n\n${listOf(options)}\n`;
  const page = text.replace(/## Parameters\n.*?(?=\n## )/s, list);
  return page.replace(/(?<=^# .*\n)/, `\n${about.replaceAll("<", "&lt;")}\n`);
}

/** @param name the page's path in docs/reference */
const loads = (name: string) => `<script setup>
import { onMounted } from "vue";
onMounted(() => import("${"../".repeat(name.split("/").length)}live/element.ts").then(({ defineLive }) => defineLive()));
</script>
`;

/** Options with their defaults, and programs that run in the page. */
function enliven(): void {
  const { factories, interfaces } = optionsOf([...entryPoints.keys()].map((path) => `${types}${path}.d.ts`));
  for (const name of readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"))) {
    const own = basename(name, ".md");
    const before = readFileSync(`${out}/${name}`, "utf8");
    const factory = name.includes("/variables/") ? factories.get(own) : undefined;
    const options = name.includes("/interfaces/") ? interfaces.get(own) : undefined;
    let text = factory ? factoryPage(before, factory) : before;
    if (options) text = text.replace(/## Properties\n.*?(?=\n## |$(?![\s\S]))/s, `## Options\n\n${listOf(options)}`);
    const live =
      /^memcell\/(?:scores\/)?(?:variables|functions)\//.test(name) &&
      liveOf(`${root}docs/live/programs`, own, before, factory?.made ?? "");
    if (live) text += `\n## Try it {#try-it}\n\n\`\`\`js\n${live}\n\`\`\`\n\n<live-example></live-example>\n\n${loads(name)}`;
    if (text !== before) writeFileSync(`${out}/${name}`, text);
  }
}

export async function writeReference(): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [...entryPoints.keys()].map((path) => `${types}${path}.d.ts`),
    tsconfig: `${root}docs/site/reference.tsconfig.json`,
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: out }],
    readme: "none",
    name: "Reference",
    sort: ["alphabetical"],
    disableSources: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    githubPages: false,
    // What the types use and no entry point exports is spelled out where it is used.
    validation: { notExported: false },
    logLevel: "Error",
    // Of typedoc-plugin-markdown.
    ...({
      entryFileName: "index",
      hidePageHeader: true,
      hideBreadcrumbs: true,
      parametersFormat: "table",
      interfacePropertiesFormat: "table",
      typeDeclarationFormat: "table",
      useCodeBlocks: true,
      pageTitleTemplates: { module: ({ name }: { name: string }) => name, member: ({ name }: { name: string }) => name },
    } as object),
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = entryPoints.get(module.name) ?? module.name;
  });
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc could not read the types");
  await app.generateOutputs(project);
  enliven();
  writeFileSync(`${out}/sidebar.json`, JSON.stringify(sidebarOf(project), null, 2));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeReference();
