/** What bench and peers say to each other, a line of JSON each. */

import type { Task } from "./task.js";

/** A task as it travels. Numbers go as base64 of little-endian f32: every bit, and fewer bytes than digits. */
type PackedTask = Omit<Task, "parameters" | "inputs" | "targets"> & {
  parameters: Record<string, string>;
  inputs: string;
  targets: string;
};

/** Get ready for a task; call one that is ready over and over for so many milliseconds, by the clock or by the processor's. */
export type Question = { task: PackedTask } | { time: string; milliseconds: number; processor: boolean };

/** Who it is, once, at the beginning; then an answer to each question. */
export type Answer =
  | { about: string }
  | { proof: Record<string, string>; note?: string }
  | { cannot: string }
  | { milliseconds: number }
  | { error: string };

const pack = (values: ArrayLike<number>): string => Buffer.from(Float32Array.from(values).buffer).toString("base64");
const unpack = (text: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);

export const packAll = (values: Record<string, ArrayLike<number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, each]) => [name, pack(each)]));

export const unpackAll = (texts: Record<string, string>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(texts).map(([name, each]) => [name, unpack(each)]));

export const packTask = (task: Task): PackedTask => ({
  ...task,
  parameters: packAll(task.parameters),
  inputs: pack(task.inputs),
  targets: pack(task.targets),
});

export const unpackTask = (task: PackedTask): Task => ({
  ...task,
  parameters: unpackAll(task.parameters),
  inputs: unpack(task.inputs),
  targets: unpack(task.targets),
});
