/** A Redis of one's own: the installed `redis-server` on a free port of localhost, with an append-only file. For trying out and for tests. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Neither a Redis nor a folder that was made for it outlives this process. */
const [running, folders] = [new Set(), new Set()];
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A port of localhost that nothing listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), "redis-"));
  folders.add(folder);
  return folder;
}

/**
 * @param folder where its file is; another start with the same folder and port goes on with it. Default: a new folder for temporary files
 * @param port default: a free one
 * @param settings more of redis.conf, by name
 * @returns its `url`, `folder`, `port`, `stop(signal)`, which resolves when it has ended, and `end()`, which removes its folder as well
 */
export async function startRedis({ folder = newFolder(), port, settings = {} } = {}) {
  const at = port ?? (await freePort());
  // What a store of work and of sessions needs: a file that survives the process, and errors rather than evictions when it is full.
  const all = { port: at, bind: "127.0.0.1", dir: folder, appendonly: "yes", "maxmemory-policy": "noeviction", save: "", ...settings };
  const child = spawn(
    "redis-server",
    Object.entries(all).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (data) => {
      said += data;
      if (said.includes("Ready to accept connections")) resolve();
    });
    child.once("error", ({ code }) =>
      reject(new Error(code === "ENOENT" ? "redis-server is not installed (apt install redis-server), and there is no REDIS_URL" : code)),
    );
    child.once("close", () => reject(new Error(`redis-server ended: ${said.slice(-500)}`)));
  });
  child.stdout.removeAllListeners("data").resume();
  const stop = (signal = "SIGTERM") => {
    child.kill(signal);
    return ended;
  };
  running.add(child);
  ended.then(() => running.delete(child));
  const end = async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${at}`, folder, port: at, stop, end };
}
