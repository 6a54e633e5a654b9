/** The wasm as values of a script: its two parts, and the spans that make its variants of them. */

import { readFileSync } from "node:fs";
import { type Body, bodiesOf, functionsOf } from "./learning.js";
import { spansBetween } from "./spans.js";

// One character per byte, so that gzip finds the bytes' repetitions. Each is 122 minus the byte, modulo 256, which makes most of them ASCII,
// at one byte each, and none of more than two: 13.5 kB gzipped, where the wasm itself has 13.3.
export const characters = (bytes: Uint8Array) => String.fromCharCode(...bytes.map((byte) => 122 - byte));

const VARIANTS = ["relaxed", "shared"];
const wasms = ["", ...VARIANTS].map((variant) => readFileSync(`build/memcell${variant && `.${variant}`}.wasm`));
export const plain = wasms[0] as Buffer<ArrayBuffer>;
const bodyOf = (wasm: Buffer, index: number) => {
  const [{ at, length }] = bodiesOf(wasm, new Set([index]), 0) as [Body];
  return wasm.subarray(at, at + length);
};
/** The functions that only learning needs, but for those of which a variant has code of its own: spans replace parts of that. */
const learning = [...functionsOf(plain).learning].filter((i) => wasms.every((wasm) => bodyOf(wasm, i).equals(bodyOf(plain, i))));

interface Built {
  whole: Buffer;
  /** The same with bytes 0 in the place of the bodies. */
  trapped: Buffer;
  bodies: Body[];
}

/** The values that `declarations` declares, as texts. @param edit a change to all the wasm before */
export function values(edit: (wasm: Buffer) => Buffer = (wasm) => wasm): Record<string, string> {
  const [{ whole, trapped, bodies }, ...variants] = wasms.map((wasm) => {
    const whole = edit(wasm);
    const bodies = bodiesOf(whole, new Set(learning));
    const trapped = Buffer.from(whole);
    for (const { at, length } of bodies) trapped.fill(0, at, at + length);
    return { whole, trapped, bodies };
  }) as [Built, ...Built[]];
  const spans = variants.map((own, i) => {
    const [text, again] = [spansBetween(whole, own.whole), spansBetween(trapped, own.trapped)].map((found) =>
      JSON.stringify(found.map(({ at, removed, bytes }) => [at, removed, characters(bytes)])),
    );
    if (text !== again) throw new Error(`${VARIANTS[i]} has a span that takes in a trap`);
    return `${VARIANTS[i]}:${text}`;
  });
  const isIn = (at: number) => (body: Body) => at >= body.at && at < body.at + body.length;
  const part = (inBodies: boolean) => JSON.stringify(characters(whole.filter((_, at) => bodies.some(isIn(at)) === inBodies)));
  let end = 0;
  const traps = bodies.map(({ at, length }) => {
    const kept = at - end;
    end = at + length;
    return [kept, length];
  });
  return { wasm: part(false), traps: JSON.stringify(traps), learning: part(true), variants: `{${spans}}` };
}

export const declarations = `/** build/memcell.wasm without the code that only learning needs, a character for each byte: 122 less the byte, modulo 256. */
export declare const wasm: string;
/** Where that code is missing: bytes from the end of the one before, and its own bytes. As many 0 are a function that traps. */
export declare const traps: [kept: number, missing: number][];
/** The missing code, one after the other. */
export declare const learning: string;
/** The spans of each variant: first byte in the whole wasm, how many of its bytes to replace, the replacement. */
export declare const variants: Record<${VARIANTS.map((name) => JSON.stringify(name)).join(" | ")}, [number, number, string][]>;
`;
