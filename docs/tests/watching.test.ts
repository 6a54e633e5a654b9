/** Watching a run: event files, read by protobufjs with TensorFlow's own messages, and the element, in Chromium and Firefox. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createEventWriter } from "memcell/tensorboard";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { serve } from "../../tests/bundlers/serve.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

// From tensorflow/core/util/event.proto and core/framework/summary.proto, without what is not written.
const { root: messages } = protobuf.parse(`syntax = "proto3";
message Event { double wall_time = 1; int64 step = 2; oneof what { string file_version = 3; Summary summary = 5; } }
message Summary { repeated Value value = 1; }
message Value { string tag = 1; oneof value { float simple_value = 2; HistogramProto histo = 5; } }
message HistogramProto { double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5; repeated double bucket_limit = 6; repeated double bucket = 7; }`);

/** CRC-32C, bit by bit. */
function crc(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  }
  return ~remainder >>> 0;
}
const masked = (bytes: Uint8Array) => ((((crc(bytes) >>> 15) | (crc(bytes) << 17)) >>> 0) + 0xa282ead8) >>> 0;

function eventsOf(path: string) {
  const bytes = readFileSync(path);
  const events: ReturnType<protobuf.Type["toObject"]>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const message = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(message));
    const type = messages.lookupType("Event");
    events.push(type.toObject(type.decode(message), { longs: Number }));
    at += 16 + length;
  }
  return events;
}

test("event files have what was written, each record with its checksums", () => {
  // The check value that the polynomial is published with.
  expect(crc(Buffer.from("123456789"))).toBe(0xe3069283);
  const folder = mkdtempSync(`${root}build/events-`);
  const events = createEventWriter(folder);
  expect(createEventWriter(folder).path).not.toBe(events.path);
  events.report({
    epoch: 1,
    end: true,
    loss: 0.25,
    updates: 7,
    learningRate: 0.5,
    steps: 1,
    validationLoss: 0.125,
    metrics: { accuracy: 0.75 },
  });
  events.scalar("läuft/ab", Number.NaN, 2 ** 40);
  events.histogram("gate", Float32Array.of(0, 0.5, 1, 1), 300);
  expect(() => events.histogram("gate", [Number.NaN], 1)).toThrow('"values[0]" expected a finite number, got NaN');
  expect(() => events.scalar("loss", 1, -1)).toThrow(RangeError);
  expect(() => events.scalar("", 1, 1)).toThrow(TypeError);
  events.close();
  expect(() => events.scalar("loss", 1, 1)).toThrow("closed");
  const [version, ...rest] = eventsOf(events.path);
  expect(version).toMatchObject({ fileVersion: "brain.Event:2" });
  expect(version!.wallTime).toBeCloseTo(Date.now() / 1000, -2);
  const values = rest.map(({ step, summary }) => ({ step, ...summary.value[0] }));
  expect(values.slice(0, 5)).toEqual([
    { step: 7, tag: "loss", simpleValue: 0.25 },
    { step: 7, tag: "learningRate", simpleValue: 0.5 },
    { step: 7, tag: "validationLoss", simpleValue: 0.125 },
    { step: 7, tag: "accuracy", simpleValue: 0.75 },
    { step: 2 ** 40, tag: "läuft/ab", simpleValue: Number.NaN },
  ]);
  const { histo } = values[5]!;
  expect(histo).toMatchObject({ min: 0, max: 1, num: 4, sum: 2.5, sumSquares: 2.25 });
  expect(histo.bucketLimit.length).toBe(histo.bucket.length);
  expect(histo.bucket.reduce((sum: number, each: number) => sum + each, 0)).toBe(4);
  rmSync(folder, { recursive: true });
});

test.each(["chrome", "firefox"] as const)("the element draws what it is given, in %s", async (kind) => {
  const page = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>monitor</title><memcell-monitor></memcell-monitor><script type="module">
import { defineMonitor } from "../dist/monitor.js";
import { adam, createModel, createTrainer, dense, lstm, trace } from "../dist/memcell.js";
defineMonitor();
defineMonitor();
const monitor = document.querySelector("memcell-monitor");
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dense({ units: 1 })], seed: 1 });
const sequences = [{ inputs: [1, 0, 1, 0], targets: [0, 1, 0, 1] }];
for await (const report of createTrainer(model, { loss: "mse", optimizer: adam() }).fit(sequences, { epochs: 3000, validation: sequences })) monitor.report(report);
monitor.scalar("<b>norm", NaN, 1);
monitor.gates(trace(model, sequences[0]));
globalThis.done = true;
</script></html>`;
  writeFileSync(`${root}build/monitor.html`, page);
  const site = await serve(root, {});
  const browser = await launch(kind);
  const { page: shown, said } = await open(browser, `${site.address}build/monitor.html`);
  await shown.waitForFunction(
    "globalThis.done && document.querySelector('memcell-monitor').shadowRoot.querySelectorAll('figure').length === 6",
  );
  const captions = await shown.evaluate(() =>
    [...document.querySelector("memcell-monitor")!.shadowRoot!.querySelectorAll("figcaption")].map((each) => each.textContent),
  );
  expect(captions.map((caption) => caption!.split(/:|, from/)[0])).toEqual([
    "loss",
    "validation loss",
    "<b>norm",
    "layer 0, i",
    "layer 0, f",
    "layer 0, o",
  ]);
  const words = await shown.evaluate(() => document.querySelector("memcell-monitor")!.shadowRoot!.querySelector("p")!.textContent);
  expect(words).toMatch(/^Epoch 3000, 3000 updates, loss \d/);
  expect(said).toEqual([]);
  await browser.close();
  await site.close();
});
