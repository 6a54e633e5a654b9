/**
 * The imports of src, counted and drawn: npm run graph [-- --write]. With --write the picture of the wings goes to docs/wings.svg.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src/", import.meta.url));

/** From the ground up: a file may import from its own wing and the wings before it. Files directly in src/ are entries, above them all. */
export const WINGS = ["core", "layers", "model", "training"] as const;

/** The imports of each file, including types. */
export type Graph = Map<string, string[]>;

export function readGraph(folder = src): Graph {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".d.ts"),
  );
  const imports = (file: string) => {
    const text = readFileSync(join(folder, file), "utf8");
    const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) =>
      relative(folder, resolve(folder, dirname(file), path as string)).replace(/\.js$/, ".ts"),
    );
    return [...new Set(found)].filter((path) => files.includes(path)).sort();
  };
  return new Map(files.sort().map((file) => [file, imports(file)]));
}

/** Groups of files that import each other, directly or through others (Tarjan 1972). */
export function circlesOf(graph: Graph): string[][] {
  const [index, low, stack] = [new Map<string, number>(), new Map<string, number>(), [] as string[]];
  const circles: string[][] = [];
  const visit = (file: string) => {
    index.set(file, index.size);
    low.set(file, index.get(file) as number);
    stack.push(file);
    for (const to of graph.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file) as number, low.get(to) as number));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle);
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}

/** The longest chain of files in which each imports the next; the graph must have no circles. */
export function longestChain(graph: Graph): string[] {
  const chains = new Map<string, string[]>();
  const chainOf = (file: string): string[] => {
    const known = chains.get(file);
    if (known) return known;
    const below = (graph.get(file) ?? []).map(chainOf);
    const chain = [file, ...below.reduce((most, other) => (other.length > most.length ? other : most), [])];
    chains.set(file, chain);
    return chain;
  };
  return [...graph.keys()].map(chainOf).reduce((most, other) => (other.length > most.length ? other : most), []);
}

export const wingOf = (file: string) => (file.includes("/") ? dirname(file) : "entries");

/** Counts the imports from one wing to another. */
export function betweenWings(graph: Graph): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const [file, imports] of graph) {
    const from = counts.get(wingOf(file)) ?? new Map<string, number>();
    counts.set(wingOf(file), from);
    for (const to of imports.map(wingOf)) if (to !== wingOf(file)) from.set(to, (from.get(to) ?? 0) + 1);
  }
  return counts;
}

/** Draws the wings one above the other, with arrows from each to those it stands on, as thick as there are imports. */
function draw(graph: Graph): string {
  const counts = betweenWings(graph);
  const above = [...counts.keys()].filter((wing) => wing !== "entries" && !(WINGS as readonly string[]).includes(wing));
  const floors = [...WINGS, "entries", ...above];
  const [width, height, gap, left] = [220, 46, 34, 150];
  const y = (wing: string) => 20 + (floors.length - 1 - floors.indexOf(wing)) * (height + gap);
  const boxes = floors.map((wing) => {
    const files = [...graph.keys()].filter((file) => wingOf(file) === wing).length;
    const name = wing === "entries" ? "src/*.ts" : `src/${wing}/`;
    return `<rect x="${left}" y="${y(wing)}" width="${width}" height="${height}" rx="6" fill="#eef3fb" stroke="#4a6fa5"/>
<text x="${left + width / 2}" y="${y(wing) + 20}" text-anchor="middle" font-weight="bold">${name}</text>
<text x="${left + width / 2}" y="${y(wing) + 37}" text-anchor="middle" fill="#555">${files} file${files > 1 ? "s" : ""}</text>`;
  });
  const arrows = floors.flatMap((from) =>
    [...(counts.get(from) ?? [])].map(([to, count]) => {
      const apart = floors.indexOf(from) - floors.indexOf(to);
      const [y0, y1] = [y(from) + height / 2, y(to) + height / 2];
      const stroke = `stroke="#4a6fa5" stroke-width="${(0.8 + Math.sqrt(count) / 3).toFixed(1)}" fill="none" marker-end="url(#head)"`;
      if (apart === 1) return `<path d="M${left + width / 2} ${y(from) + height}V${y(to) - 2}" ${stroke}/>`;
      const [x, bow, sign] = apart % 2 ? [left, -26 * apart, 1] : [left + width, 26 * apart, -1];
      return `<path d="M${x} ${y0}C${x + bow} ${y0} ${x + bow} ${y1} ${x - 2 * sign} ${y1}" ${stroke}/>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * left + width} ${y(WINGS[0]) + height + 20}" font-family="sans-serif" font-size="14">
<title>The wings of src: arrows are imports, as thick as there are many</title>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8Z" fill="#4a6fa5"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
${[...arrows, ...boxes].join("\n")}
</svg>
`;
}

function print(graph: Graph): void {
  const imports = [...graph.values()].reduce((sum, { length }) => sum + length, 0);
  const circles = circlesOf(graph);
  console.log(
    `${graph.size} files, ${imports} imports, ${(imports / graph.size).toFixed(2)} a file; circles, types counted: ${circles.length}`,
  );
  for (const circle of circles) console.log(`  circle of ${circle.length}: ${circle.join(" ")}`);
  if (circles.length === 0) {
    const chain = longestChain(graph);
    console.log(`longest chain: ${chain.length} files\n  ${chain.join(" > ")}`);
  }
  console.table(Object.fromEntries([...betweenWings(graph)].map(([from, to]) => [from, Object.fromEntries(to)])));
}

if (process.argv[1] === import.meta.filename) {
  const graph = readGraph();
  print(graph);
  if (process.argv.includes("--write")) writeFileSync(new URL("../docs/wings.svg", import.meta.url), draw(graph));
}
