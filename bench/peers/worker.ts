/** A peer in a process of its own, so that none disturbs another: JSON lines in, JSON lines out. */

import { createInterface } from "node:readline";
import { repeat } from "../measure.js";
import type { Implementation } from "./task.js";
import { type Answer, packAll, type Question, unpackTask } from "./wire.js";

const IMPLEMENTATIONS: Record<string, () => Promise<Implementation>> = {
  memcell: async () => (await import("./memcell.js")).implementation,
  "onnxruntime-node": async () => (await import("./onnx.js")).implementation("node"),
  "onnxruntime-web": async () => (await import("./onnx.js")).implementation("web"),
  "tfjs-wasm": async () => (await import("./tfjs.js")).implementation("wasm"),
  "tfjs-cpu": async () => (await import("./tfjs.js")).implementation("cpu"),
  "memcell-int8": async () => (await import("./memcell.js")).int8,
  "onnxruntime-node-int8": async () => (await import("./onnx.js")).implementation("node", true),
  "brain.js": async () => (await import("./brain.js")).implementation,
};

// Answers alone go to the standard output; some peers greet.
console.log = console.error;
const say = (answer: Answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const implementation = await (IMPLEMENTATIONS[process.argv[2] as string] as () => Promise<Implementation>)();
const works = new Map<string, () => unknown>();

async function answer(question: Question): Promise<Answer> {
  if ("time" in question) {
    const { time, milliseconds, processor } = question;
    return { milliseconds: await repeat(works.get(time) as () => unknown, milliseconds, processor) };
  }
  const prepared = await implementation.prepare(unpackTask(question.task));
  if (typeof prepared === "string") return { cannot: prepared };
  works.set(question.task.name, prepared.run);
  return { proof: packAll(prepared.proof), ...(prepared.note && { note: prepared.note }) };
}

say({ about: implementation.about });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)).catch((error: Error) => ({ error: error.message })));
}
process.exit();
