/** What was measured, as it is kept: docs/bench.json has a part for each command, docs/peers.json is that of bench:peers. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { Spread } from "./measure.js";

/** Where, and in how many rounds. */
export interface Run {
  machine: { cpu: string; node: string };
  rounds: number;
}

/** A window of B sequences of T steps, on I inputs and H units. */
export interface Speed {
  work: string;
  shape: readonly number[];
  milliseconds: Spread;
  /** Its operations a second over those of the register tile, round by round. */
  overPeak: Spread;
  goal?: number;
}

export interface Step {
  work: string;
  microseconds: Spread;
  goal?: number;
}

/** How many times as fast. */
export interface Ratio {
  work: string;
  ratio: Spread;
  goal?: number;
}

/** npm run bench */
export interface Alone extends Run {
  /** GF/s of the register tile. */
  peak: Spread;
  forward: Speed[];
  training: Speed[];
  cells: Speed[];
  streaming: Step[];
  live: { streams: number; stepsPerSecond: Spread; goal?: number }[];
  online: Step[];
  small: Step;
  int8: Ratio[];
}

/** npm run bench -- --scaling: lines through one shape. */
export interface Scaling extends Run {
  lines: { over: string; speeds: Speed[] }[];
}

/** npm run bench:threads */
export interface Threads extends Run {
  threads: number;
  /** Milliseconds of one thread, and how many times as fast more are. */
  results: { work: string; shape: readonly number[]; milliseconds: Spread; ratio: Spread }[];
}

/** npm run bench:runtimes: over the tile's peak in the runtime that is named, and microseconds of a streaming step. */
export interface Runtimes extends Omit<Run, "machine"> {
  reference: string;
  peak: Spread;
  results: { runtime: string; peak: Spread; forward: Spread; training: Spread; streaming: Spread }[];
}

/** docs/bench.json */
export interface Bench {
  alone: Alone;
  scaling: Scaling;
  threads: Threads;
  runtimes: Runtimes;
}

/** One peer at one task; memcell's own ratio is 1. */
export interface Result {
  task: string;
  peer: string;
  milliseconds: Spread;
  /** The peer's time over memcell's, round by round. */
  ratio: Spread;
  /** The same over memcell's with int8 weights, where that was timed. */
  int8?: Spread;
}

/** npm run bench:peers: docs/peers.json */
export interface Peers extends Run {
  /** Name and version. */
  about: Record<string, string>;
  results: Result[];
  /** What differs or cannot be done, sentence by peer and task. */
  remarks: Record<string, Record<string, string>>;
}

/** Of a stream, in one call of a peer. */
export const STEPS = 64;

/** Linux tells the kind where makers give a whole line of processors one name: 25, 17 is a Zen 4 of AMD, 26 a Zen 5. */
function kind(): string {
  if (!existsSync("/proc/cpuinfo")) return "";
  const found = /^cpu family\s*: (\d+)\nmodel\s*: (\d+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
  return found ? ` (family ${found[1]}, model ${found[2]})` : "";
}

export const machine = () => ({ cpu: (cpus()[0]?.model ?? "unknown") + kind(), node: process.version });

export const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** Four digits are more than any round knows. */
export function write(file: string, figures: unknown): void {
  const short = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  writeFileSync(file, `${JSON.stringify(figures, short, 2)}\n`);
}

/** Renews one part of a file, and leaves the others as they are. */
export function keep<P extends keyof Bench>(file: string, part: P, figures: Bench[P]): void {
  write(file, { ...(existsSync(file) && read(file)), [part]: figures });
}
