/** The site without a network, after its first page: a service worker that keeps the pages, and those of the reference once they were seen. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const kept = (name: string) => /\.(?:html|js|css|svg)$/.test(name) && !/(?:^|\/)reference|^404/.test(name);

export function offline(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(kept).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(folder, file)));
  const code = `const CACHE = "memcell-${hash.digest("hex").slice(0, 12)}";
const FILES = ${JSON.stringify(files)};
addEventListener("install", (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("memcell-") && name !== CACHE) await caches.delete(name);
  await clients.claim();
})()));
async function answer(request) {
  const cache = await caches.open(CACHE);
  const found = () => cache.match(request, { ignoreSearch: true });
  // Names of files have a hash of what is in them; pages have not, and are asked for anew where there is a network.
  const before = request.mode === "navigate" ? undefined : await found();
  if (before) return before;
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const after = await found();
    if (after) return after;
    throw error;
  }
}
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(registration.scope)) event.respondWith(answer(request));
});
`;
  writeFileSync(join(folder, "offline.js"), code);
}
