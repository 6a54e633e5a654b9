/**
 * Event files for TensorBoard, for Node, Deno and Bun: `memcell/tensorboard`. A file of records (TFRecord), each a message `Event` of
 * tensorflow/core/util/event.proto. A bundle of its own, so that pages do not load it.
 */

import { closeSync, existsSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "./core/check.js";
import type { Report } from "./training/epochs.js";

export type { EventWriter };

/** The table of CRC-32C, the polynomial of Castagnoli, its bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

/** The checksum of a record's parts: rotated and moved, since a CRC of data that has CRCs in it says little. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Length, its checksum, the message, its checksum. */
function record(message: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(message.length);
  head.writeUInt32LE(maskedCrc(head.subarray(0, 8)), 8);
  const foot = Buffer.alloc(4);
  foot.writeUInt32LE(maskedCrc(message));
  return Buffer.concat([head, message, foot]);
}

/** A number of any size, seven bits a byte. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

/** A field of a message: its number and kind, and what is in it. */
const field = {
  whole: (number: number, value: number) => Buffer.concat([varint(number * 8), varint(value)]),
  double(number: number, ...values: number[]): Buffer {
    const bytes = Buffer.alloc(8 * values.length);
    values.forEach((value, i) => bytes.writeDoubleLE(value, 8 * i));
    return Buffer.concat([varint(number * 8 + 1), bytes]);
  },
  float(number: number, value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return Buffer.concat([varint(number * 8 + 5), bytes]);
  },
  bytes: (number: number, value: Buffer) => Buffer.concat([varint(number * 8 + 2), varint(value.length), value]),
  text: (number: number, value: string) => field.bytes(number, Buffer.from(value)),
  /** Many doubles, packed. */
  doubles: (number: number, values: number[]) => field.bytes(number, field.double(0, ...values).subarray(1)),
};

/** `HistogramProto`: 30 buckets of equal width between the least and the largest value. */
function histogramOf(values: ArrayLike<number>): Buffer {
  let [least, most, sum, squares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) fail(RangeError, `values[${i}]`, "a finite number", value);
    [least, most, sum, squares] = [Math.min(least, value), Math.max(most, value), sum + value, squares + value * value];
  }
  const buckets = 30;
  const width = (most - least || 1) / buckets;
  const counts = new Array<number>(buckets).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bucket = Math.min(buckets - 1, Math.floor(((values[i] as number) - least) / width));
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  const limits = counts.map((_, i) => (i === buckets - 1 ? Math.max(most, least + width) : least + (i + 1) * width));
  const ends = [least, most, values.length, sum, squares].map((value, i) => field.double(i + 1, value));
  return Buffer.concat([...ends, field.doubles(6, limits), field.doubles(7, counts)]);
}

/** Writes one event file. Each value is in the file when the call returns. */
class EventWriter {
  /** The file. */
  readonly path: string;
  #file: number | undefined;

  /** @internal */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}`);
    // Two writers of one second have a file each.
    let count = 0;
    while (existsSync(`${path}.${count}`)) count++;
    this.path = `${path}.${count}`;
    this.#file = openSync(this.path, "ax");
    this.#write(field.text(3, "brain.Event:2"));
  }

  #write(...fields: Buffer[]): void {
    if (this.#file === undefined) throw new Error("this event file is closed");
    const message = Buffer.concat([field.double(1, Date.now() / 1000), ...fields]);
    writeSync(this.#file, record(message));
  }

  #value(tag: string, step: number, value: Buffer): void {
    if (typeof tag !== "string" || tag === "") fail(TypeError, "tag", "a text", tag);
    if (!Number.isSafeInteger(step) || step < 0) fail(RangeError, "step", "a whole number from 0", step);
    this.#write(field.whole(2, step), field.bytes(5, field.bytes(1, Buffer.concat([field.text(1, tag), value]))));
  }

  /**
   * A number of a curve; NaN and infinities are written as they are.
   * @example events.scalar("loss", loss, updates);
   */
  scalar(tag: string, value: number, step: number): void {
    if (typeof value !== "number") fail(TypeError, "value", "a number", value);
    this.#value(tag, step, field.float(2, value));
  }

  /**
   * How numbers are spread, such as a parameter's or a gate's.
   * @param values at least one, finite
   * @example events.histogram("forget gate", trace(model, sequence).layers[0].f.data, updates);
   */
  histogram(tag: string, values: ArrayLike<number>, step: number): void {
    if (!(values?.length > 0)) fail(TypeError, "values", "numbers, at least one", values);
    this.#value(tag, step, field.bytes(5, histogramOf(values)));
  }

  /**
   * The numbers of a report of `fit`, at its updates: `loss`, `learningRate`, `validationLoss` and the metrics by their names.
   * @example for await (const report of trainer.fit(sequences)) events.report(report);
   */
  report({ updates, loss, learningRate, validationLoss, metrics }: Report): void {
    const values = { loss, learningRate, ...(validationLoss !== undefined && { validationLoss }), ...metrics };
    for (const [tag, value] of Object.entries(values)) this.scalar(tag, value as number, updates);
  }

  /** Closes the file; nothing can be written any more. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/**
 * Begins an event file in a folder, which is made if it is not there: `tensorboard --logdir FOLDER` shows it while it grows.
 * @throws TypeError if the folder is no path; the system's error if it cannot be written
 * @example const events = createEventWriter("runs/first"); events.scalar("loss", 0.5, 1);
 */
export function createEventWriter(folder: string | URL): EventWriter {
  if (typeof folder !== "string" && !(folder instanceof URL)) fail(TypeError, "folder", "a path or a URL", folder);
  return new EventWriter(folder instanceof URL ? fileURLToPath(folder) : folder);
}
