/** A folder as a site on localhost, with the headers that a test asks for. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

/** Memory is shared only with pages that are isolated. */
export const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** As strict as a page with memcell may be. */
export const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".ts": "text/typescript",
};

export interface Site {
  address: string;
  close(): Promise<unknown>;
}

export function serve(folder: string, headers: Record<string, string>): Promise<Site> {
  const server = createServer(({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    try {
      const body = readFileSync(join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname));
      response.writeHead(200, { "Content-Type": TYPES[extname(pathname)] ?? "text/html", ...headers }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  return new Promise((resolve) =>
    server.listen(0, "localhost", () =>
      resolve({
        address: `http://localhost:${(server.address() as AddressInfo).port}/`,
        close: () => new Promise((closed) => server.close(closed).closeAllConnections()),
      }),
    ),
  );
}
