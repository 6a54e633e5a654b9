/** Connectionist temporal classification (Graves et al. 2006) in double precision, from its definition. Imports nothing from src. */

export interface Alignments {
  /** -log of the probability of the labels. */
  value: number;
  /** Its gradient by the logits, step by step. */
  slope: number[][];
}

export const logSoftmax = (y: number[]): number[] => {
  const top = Math.max(...y);
  const logSum = top + Math.log(y.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return y.map((value) => value - logSum);
};

const logAdd = (...terms: number[]): number => {
  const top = Math.max(...terms);
  return top === -Infinity ? top : top + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - top), 0));
};

/** The labels that a path spells: equal neighbours are one, blanks are none. */
export const spelled = (path: readonly number[], blank: number): number[] =>
  path.filter((label, t) => label !== blank && label !== path[t - 1]);

/** Forward and backward over the states of a path: the labels, with a blank before, between and behind them. */
export function alignments(y: number[][], labels: readonly number[], blank: number): Alignments {
  const p = y.map(logSoftmax);
  const T = p.length;
  const states = [blank, ...labels.flatMap((label) => [label, blank])];
  const S = states.length;
  const reaches = (from: number, to: number) => to - from <= 1 || (to - from === 2 && to % 2 === 1 && states[to] !== states[from]);
  const between = (low: number, high: number) => Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i);
  const alpha: number[][] = [];
  const beta: number[][] = [];
  for (let t = 0; t < T; t++) {
    alpha[t] = states.map((label, s) => {
      const before =
        t === 0 ? [s < 2 ? 0 : -Infinity] : between(Math.max(0, s - 2), s).map((r) => (reaches(r, s) ? alpha[t - 1]![r]! : -Infinity));
      return logAdd(...before) + p[t]![label]!;
    });
  }
  for (let t = T - 1; t >= 0; t--) {
    beta[t] = states.map((_, s) => {
      if (t === T - 1) return s >= S - 2 ? 0 : -Infinity;
      return logAdd(
        ...between(s, Math.min(S - 1, s + 2)).map((r) => (reaches(s, r) ? beta[t + 1]![r]! + p[t + 1]![states[r]!]! : -Infinity)),
      );
    });
  }
  const value = -logAdd(...alpha[T - 1]!.slice(-2));
  const slope = p.map((row, t) =>
    row.map((log, k) => {
      const own = states.map((label, s) => (label === k ? Math.exp(alpha[t]![s]! + beta[t]![s]! + value) : 0));
      return Math.exp(log) - own.reduce((sum, share) => sum + share, 0);
    }),
  );
  return { value, slope };
}

/** The probability of every sequence of labels, by all paths there are. */
export function allLabellings(y: number[][], blank: number): Map<string, number> {
  const p = y.map((row) => logSoftmax(row).map(Math.exp));
  const found = new Map<string, number>();
  const walk = (path: number[], probability: number): void => {
    const row = p[path.length];
    if (row) row.forEach((share, k) => walk([...path, k], probability * share));
    else {
      const key = spelled(path, blank).join();
      found.set(key, (found.get(key) ?? 0) + probability);
    }
  };
  walk([], 1);
  return found;
}
