/** A peer's process, asked one thing at a time. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Task } from "./task.js";
import { type Answer, packTask, type Question, unpackAll } from "./wire.js";

export const NAMES = [
  "pytorch",
  "onnxruntime-node",
  "onnxruntime-web",
  "tfjs-wasm",
  "tfjs-cpu",
  "brain.js",
  "memcell-int8",
  "pytorch-int8",
  "onnxruntime-node-int8",
];

/** Whether its weights are rounded to one byte. */
export const isInt8 = (name: string) => name.endsWith("int8");
const PYTHON = "/usr/bin/python3";
/** Milliseconds for the garbage collector of whoever ran before. */
const PAUSE = 50;

type AnswerWith<K> = K extends string ? Extract<Answer, Record<K, unknown>> : never;

export class Peer {
  /** Its name and version, as it says. */
  about = "";
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  /** The end of what it printed as errors. */
  #errors = "";

  private constructor(readonly name: string) {
    const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    const python = name.startsWith("pytorch");
    const [command, args] = python
      ? [PYTHON, [file("pytorch.py"), name]]
      : [process.execPath, [...process.execArgv, file("worker.ts"), name]];
    // OpenBLAS at its best: these two would hold it to another processor than this.
    const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
    this.#process = spawn(command, args, { env: { ...env, OMP_NUM_THREADS: "1" } });
    const { stdout, stderr } = this.#process;
    if (!stdout || !stderr) throw new Error(`"${name}" has no pipes`);
    stderr.on("data", (text) => (this.#errors = `${this.#errors}${text}`.slice(-2000)));
    this.#process.on("error", (error) => (this.#errors += error.message));
    this.#process.stdin?.on("error", () => {});
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** `began` gets it at once, to stop it, too; @throws Error if it cannot be started, with what it printed */
  static async start(name: string, began: (peer: Peer) => void): Promise<Peer> {
    const peer = new Peer(name);
    began(peer);
    try {
      peer.about = (await peer.#answer("about")).about;
    } catch (error) {
      const hint = name.startsWith("pytorch") ? `. ${PYTHON} needs torch: Debian's python3-torch, with libopenblas0-pthread` : "";
      throw new Error(`${(error as Error).message}${hint}`);
    }
    return peer;
  }

  /** @returns its proof, or why it cannot do the task; @throws Error if it fails */
  async prepare(task: Task): Promise<{ proof: Record<string, Float32Array>; note?: string } | { cannot: string }> {
    this.#ask({ task: packTask(task) });
    const answer = await this.#answer("proof", "cannot");
    return "cannot" in answer ? answer : { ...answer, proof: unpackAll(answer.proof) };
  }

  /** Milliseconds of one call of a task that is prepared. */
  async time(task: string, milliseconds: number, processor: boolean): Promise<number> {
    await setTimeout(PAUSE);
    this.#ask({ time: task, milliseconds, processor });
    return (await this.#answer("milliseconds")).milliseconds;
  }

  stop(): void {
    this.#process.kill();
  }

  #ask(question: Question): void {
    this.#process.stdin?.write(`${JSON.stringify(question)}\n`);
  }

  async #answer<K extends string>(...expected: K[]): Promise<AnswerWith<K>> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`It ended: ${this.#errors.split("\n").findLast((text) => text.includes("Error")) ?? this.#errors}`);
    const answer: Answer = JSON.parse(value);
    if (expected.some((key) => key in answer)) return answer as never;
    throw new Error("error" in answer ? answer.error : value);
  }
}
