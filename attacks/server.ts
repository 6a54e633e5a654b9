/** The example server among hostile clients: it always answers, with the right kind of answer, and with the right one to honest clients. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createModel, dense, lstm } from "memcell";
import { Random } from "../src/core/random.js";
import { type Attack, PURPOSE } from "./attack.js";
import { Draw } from "./models.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "examples/node-server");
/** The bytes that a client tries to send, and the most memory that the process may have. */
const [HUGE, MEMORY] = [100e6, 350e6];
/** Seconds after which an unused session ends. */
const IDLE = 3;

/** Installs a copy of the example with this memcell. Its packages are kept until the example asks for others. */
function install(): string {
  const folder = join(root, "build/attacked-server");
  const { memcell: _, ...dependencies } = JSON.parse(readFileSync(join(source, "package.json"), "utf8")).dependencies;
  const manifest = JSON.stringify({ private: true, type: "module", dependencies });
  const file = join(folder, "package.json");
  if (!existsSync(join(folder, "node_modules/hono")) || readFileSync(file, "utf8") !== manifest) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, manifest);
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder, stdio: "pipe" });
  }
  for (const name of ["server.js", "sessions.js", "train.js"]) cpSync(join(source, name), join(folder, name));
  const memcell = join(folder, "node_modules/memcell");
  rmSync(memcell, { recursive: true, force: true });
  cpSync(join(root, "dist"), join(memcell, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(memcell, "package.json"));
  return folder;
}

/** The server as a process, which can be restarted on the same port. */
class Server {
  #child: ChildProcess | undefined;
  #said = "";
  #most = 0;
  #readings: number[] = [];
  port = 0;

  constructor(
    readonly folder: string,
    readonly data: string,
  ) {}

  async start(): Promise<void> {
    const env = {
      ...process.env,
      PORT: String(this.port),
      HOST: "127.0.0.1",
      CAPACITY: "200",
      QUEUE: "32",
      IDLE: String(IDLE),
      DATA: this.data,
    };
    const child = spawn(process.execPath, ["server.js"], { cwd: this.folder, env });
    this.#child = child;
    this.#said = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (data) => (this.#said = (this.#said + data).slice(-4000)));
    const ended = once(child, "close");
    while (!/ready\n/.test(this.#said)) {
      const code = await Promise.race([once(child.stdout, "data").then(() => null), ended]);
      if (code !== null) throw new Error(`the server ended: ${this.#said}`);
    }
    this.port = Number(this.#said.match(/:(\d+)\n/)?.[1]);
  }

  /** @throws Error if it does not end as it should, or has ended already */
  async stop(): Promise<void> {
    const child = this.#child as ChildProcess;
    this.check();
    child.kill("SIGTERM");
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`SIGTERM ended it with ${code}: ${this.#said}`);
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** @throws Error if it is dead, has logged an internal error, or takes too much memory */
  check(): void {
    const child = this.#child as ChildProcess;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server is dead: ${this.#said}`);
    if (/\n {4}at /.test(this.#said)) throw new Error(`the server has an error: ${this.#said}`);
    if (process.platform !== "linux") return;
    const bytes = 1024 * Number(readFileSync(`/proc/${child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1]);
    this.#readings.push(bytes);
    this.#most = Math.max(this.#most, bytes);
    if (bytes > MEMORY) throw new Error(`the server has ${Math.round(bytes / 1e6)} MB in memory`);
  }

  get memory(): string {
    const mean = (list: number[]) => Math.round(list.reduce((sum, value) => sum + value, 0) / list.length / 1e6);
    const quarter = Math.ceil(this.#readings.length / 4);
    const parts = [0, 1, 2, 3].map((i) => this.#readings.slice(i * quarter, (i + 1) * quarter)).filter(({ length }) => length > 0);
    return `memory ${parts.map(mean).join(", ")} MB by quarters, at most ${Math.round(this.#most / 1e6)}`;
  }
}

const GARBAGE = ["null", "", "{", "[]", "1", '"input"', "{}", '{"input":null}', '{"input":"one"}', '{"input":[1,2]}', '{"input":1e999}'];
const PATHS = [
  "/sessions/%E0%A4%A",
  "/sessions/__proto__",
  "/sessions//",
  "/sessions/a/b",
  "/..%2f..%2fetc/passwd",
  `/${"a".repeat(5000)}`,
];

export const server: Attack = {
  name: "server",
  promise: "the example server answers hostile clients without an error of its own, and the others to the bit",
  short: 3,
  full: 300,
  async open(seed) {
    const folder = install();
    const data = mkdtempSync(join(root, "build", "attacked-data-"));
    const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 32 }), dense({ units: 1 })], seed: 1 });
    writeFileSync(join(data, "model.safetensors"), model.save());
    const local = model.streams({ capacity: 100 });
    const server = new Server(folder, data);
    const statuses = new Map<string, number>();
    const counted = (status: number | string) => statuses.set(String(status), (statuses.get(String(status)) ?? 0) + 1);

    /** A checked answer. Each on its own connection: on a slow machine a kept one may end just when it is used. */
    const ask = async (path: string, method = "POST", body?: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal) => {
      const url = `http://127.0.0.1:${server.port}${path}`;
      const response = await fetch(url, { method, headers: { connection: "close" }, body: body ?? null, signal: signal ?? null });
      const text = await response.text();
      counted(response.status);
      judge(response.status, text);
      return { status: response.status, json: text === "" ? null : JSON.parse(text) };
    };
    const judge = (status: number, text: string) => {
      if (status >= 500 && status !== 503) throw new Error(`answered ${status}: ${text}`);
      if (status >= 400 && (text.length > 1000 || /\n\s+at /.test(text)))
        throw new Error(`answered ${status} at length: ${text.slice(0, 300)}`);
    };
    /** Writes these bytes to a socket, slowly on request, no more than the server takes. @returns the status of the answer, or NaN */
    const raw = async (pieces: Iterable<string | Buffer>, pause = 0, patience = 2000) => {
      const socket = connect(server.port, "127.0.0.1");
      let heard = "";
      socket.on("data", (data) => (heard += data));
      const ended = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
      const writing = (async () => {
        for (const piece of pieces) {
          if (socket.destroyed || heard !== "") return;
          if (!socket.write(piece)) await Promise.race([once(socket, "drain").catch(() => {}), ended]);
          if (pause > 0) await setTimeout(pause);
        }
      })();
      await Promise.race([writing.then(() => ended), setTimeout(patience)]);
      socket.destroy();
      await ended;
      const [, status] = heard.match(/^HTTP\/1\.1 (\d+)/) ?? [];
      counted(status ?? "no answer");
      if (status) judge(Number(status), heard.slice(heard.indexOf("\r\n\r\n")));
      return Number(status);
    };

    /** Opens a session, if there is room, and compares its steps with those of a stream here. */
    const behave = async (draw: Draw, steps: number) => {
      // When it was asked for what has used the session last: the server did so a little later.
      let used = performance.now();
      let opened = await ask("/sessions");
      while (opened.status === 503) {
        await setTimeout(200);
        used = performance.now();
        opened = await ask("/sessions");
      }
      const path = `/sessions/${opened.json.id}`;
      const stream = local.open();
      const step = async () => {
        const [input] = draw.numbers(1);
        let asked = performance.now();
        let answer = await ask(path, "POST", JSON.stringify({ input }));
        while (answer.status === 503) {
          await setTimeout(20);
          asked = performance.now();
          answer = await ask(path, "POST", JSON.stringify({ input }));
        }
        // The session may have ended if this process was too slow.
        if (answer.status === 404 && performance.now() - used > 900 * IDLE) return false;
        used = asked;
        const [expected] = local.step([stream], [input as number]);
        if (answer.status !== 200 || answer.json.output !== expected)
          throw new Error(`expected ${expected}, got ${answer.status}: ${JSON.stringify(answer.json)}`);
        return true;
      };
      for (let i = 0; i < steps && (await step()); i++);
      return {
        step,
        async close() {
          await ask(path, "DELETE");
          local.close(stream);
        },
      };
    };

    const head = (path: string, rest: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${rest}\r\n\r\n`;
    function* huge(first: string, wrap: (data: Buffer) => Buffer) {
      yield first;
      const piece = wrap(Buffer.alloc(65_536, "1"));
      for (let sent = 0; sent < HUGE; sent += piece.length) yield piece;
    }
    const chunk = (data: Buffer) => Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
    const HOSTILE: ((draw: Draw) => Promise<unknown>)[] = [
      async () => {
        const status = await raw(huge(head("/sessions/x", `Content-Length: ${HUGE}`), (data) => data));
        if (status && status !== 413) throw new Error(`a body of 100 MB was answered ${status}`);
      },
      async () => {
        const status = await raw(huge(head("/sessions/x", "Transfer-Encoding: chunked"), chunk), 0, 5000);
        if (status && status !== 413) throw new Error(`a body of 100 MB in chunks was answered ${status}`);
      },
      async (draw) => {
        const bytes = new Uint8Array(draw.numbers(draw.from(1, 4000)).buffer as ArrayBuffer);
        for (const body of [draw.of(GARBAGE), draw.of(GARBAGE), bytes]) {
          const opened = await ask("/sessions");
          if (opened.status === 503) continue;
          const path = `/sessions/${opened.json.id}`;
          const { status } = await ask(path, "POST", body);
          if (status < 400) throw new Error(`${String(body).slice(0, 100)} was answered ${status}`);
          await ask(path, "DELETE");
        }
      },
      (draw) => raw(Array.from(head("/sessions", "X: y").repeat(3).slice(0, draw.from(5, 50))), 20),
      (draw) => raw([head("/sessions/x", "Content-Length: 100"), ..."{".repeat(draw.from(1, 20))], 40),
      (draw) => raw([Buffer.from(draw.numbers(200).buffer as ArrayBuffer)]),
      async (draw) => {
        for (const method of ["POST", "DELETE", "GET", "PUT"]) {
          const { status } = await ask(draw.of(PATHS), method, method === "GET" ? undefined : '{"input":1}');
          if (status < 400) throw new Error(`a path that is not there was answered ${status}`);
        }
      },
      async (draw) => {
        const { json } = await ask("/sessions");
        if (!json.id) return;
        const stop = new AbortController();
        const asked = Array.from({ length: 20 }, () => ask(`/sessions/${json.id}`, "POST", '{"input":1}', stop.signal));
        await setTimeout(draw.from(0, 10));
        stop.abort();
        for (const { reason } of (await Promise.allSettled(asked)).filter(({ status }) => status === "rejected") as PromiseRejectedResult[])
          if (reason.name !== "AbortError") throw reason;
      },
      // More sessions than there is room for; they are left to expire.
      async () => void (await Promise.all(Array.from({ length: 300 }, () => ask("/sessions")))),
    ];

    await server.start();
    return {
      async attempt(n) {
        const draw = (part: number) => new Draw(new Random(seed, PURPOSE.server, 1000 * n + part));
        const choose = draw(0);
        const behaved = await Promise.all(Array.from({ length: 8 }, (_, i) => behave(draw(1 + i), 2)));
        const [first, second] = [HOSTILE[n % HOSTILE.length], choose.of(HOSTILE)] as const;
        const work = await Promise.allSettled([
          ...[first, second, choose.of(HOSTILE)].map((hostile, i) => hostile?.(draw(100 + i))),
          ...behaved.map(async ({ step }) => {
            for (let i = 0; i < 20 && (await step()); i++);
          }),
        ]);
        for (const result of work) if (result.status === "rejected") throw result.reason;
        server.check();
        if (n % 10 === 2) {
          // Save the session, restart the server, continue.
          await server.stop();
          await server.start();
        }
        for (const { step, close } of behaved) {
          await step();
          await close();
        }
      },
      note: () =>
        `${[...statuses]
          .sort()
          .map(([status, count]) => `${count} x ${status}`)
          .join(", ")}; ${server.memory}`,
      async close() {
        try {
          await server.stop();
        } finally {
          server.kill();
          rmSync(data, { recursive: true, force: true });
        }
      },
    };
  },
};
