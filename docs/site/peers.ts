/** docs/peers.json, the measurements beside other libraries, as tables. */

interface Measured {
  median: number;
  low: number;
  high: number;
}

export interface Peers {
  about: Record<string, string>;
  results: { task: string; peer: string; milliseconds: Measured; ratio: Measured }[];
}

const KINDS: Record<string, string> = {
  training: "One update of an LSTM: forward, backward, clipping and Adam.",
  forward: "The forward pass of an LSTM alone.",
  streaming: "64 live steps of an LSTM, one by one, with the state carried.",
};

const digits = (value: number) => `${+value.toPrecision(3)}`;
const quartiles = ({ median, low, high }: Measured) => (median === low && low === high ? "" : `[${digits(low)}, ${digits(high)}]`);

/** "training (8, 32, 32, 50)": its kind, and inputs, units, sequences, steps in words. */
function about(task: string): { kind: string; sizes: string } {
  const [, kind = "", numbers = ""] = /^(\w+) \((.*)\)$/.exec(task) ?? [];
  const [inputs, units, sequences, steps] = numbers.split(", ");
  const model = `${units} units, ${inputs} ${inputs === "1" ? "input" : "inputs"}`;
  return { kind, sizes: sequences ? `${model}; ${sequences} ${sequences === "1" ? "sequence" : "sequences"} of ${steps} steps` : model };
}

/** The tasks, by their kind. */
export function kindsOf({ about: peers, results }: Peers) {
  const most = Math.max(...results.map(({ ratio }) => ratio.median));
  const least = Math.min(...results.map(({ ratio }) => ratio.median));
  const share = (ratio: number) => Math.round(100 * (0.03 + (0.97 * Math.log(ratio / least)) / Math.log(most / least)));
  const rowsOf = (task: string) =>
    results
      .filter((each) => each.task === task)
      .map(({ peer, milliseconds, ratio }) => ({
        peer: peers[peer] ?? peer,
        milliseconds: digits(milliseconds.median),
        spread: quartiles(milliseconds),
        ratio: digits(ratio.median),
        ratios: quartiles(ratio),
        bar: share(ratio.median),
      }));
  const tasks = [...new Set(results.map(({ task }) => task))].map((name) => ({
    ...about(name),
    id: name.replace(/\W+/g, "-").replace(/-$/, ""),
    rows: rowsOf(name),
  }));
  return Object.entries(KINDS).map(([kind, text]) => ({
    kind,
    title: kind.replace(/^./, (letter) => letter.toUpperCase()),
    text,
    tasks: tasks.filter((task) => task.kind === kind),
  }));
}
