/** Turns one file into a similar one by replacing spans of bytes. The wasm's variants are stored this way instead of whole. */

/** Replaces `removed` bytes from `at` on by `bytes`. */
export interface Span {
  at: number;
  removed: number;
  bytes: Buffer;
}

/** Equal bytes that end a span: fewer are often equal by chance, and a span costs some bytes itself. */
const SURE = 16;

/** In order, without overlap. */
export function spansBetween(from: Buffer, to: Buffer): Span[] {
  const spans: Span[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    while (i < from.length && from[i] === to[j]) {
      i++;
      j++;
    }
    if (i >= from.length && j >= to.length) return spans;
    const [at, start] = [i, j];
    [i, j] = meeting(from, to, i, j);
    spans.push({ at, removed: i - at, bytes: to.subarray(start, j) });
  }
}

/** Where the two agree again after the fewest differing bytes; both ends, if nowhere. */
function meeting(from: Buffer, to: Buffer, i: number, j: number): [number, number] {
  let best: [number, number] = [from.length, to.length];
  const cost = ([a, b]: [number, number]) => a - i + b - j;
  for (let a = i; a + SURE <= from.length && a - i < cost(best); a++) {
    const b = to.indexOf(from.subarray(a, a + SURE), j);
    if (b >= 0 && cost([a, b]) < cost(best)) best = [a, b];
  }
  return best;
}
