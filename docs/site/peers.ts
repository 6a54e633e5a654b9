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
  training: "One update: forward, backward, clipping and Adam, of an LSTM",
  forward: "The forward pass alone, of an LSTM",
  streaming: "64 live steps, one by one with the state carried, of an LSTM",
};

const shown = ({ median, low, high }: Measured): string => {
  const [a, b, c] = [median, low, high].map((value) => value.toPrecision(3).replace(/\.?0+$/, ""));
  return median === low && low === high ? `${a}` : `${a} [${b}, ${c}]`;
};

/** "training (8, 32, 32, 50)": inputs, units, sequences, steps. */
function about(task: string): string {
  const [, kind = "", sizes = ""] = /^(\w+) \((.*)\)$/.exec(task) ?? [];
  const [inputs, units, sequences, steps] = sizes.split(", ");
  const model = `${KINDS[kind] ?? kind} of ${units} units on ${inputs} ${inputs === "1" ? "input" : "inputs"}`;
  return sequences ? `${model}; ${sequences} ${sequences === "1" ? "sequence" : "sequences"} of ${steps} steps.` : `${model}.`;
}

export function tasksOf({ about: peers, results }: Peers) {
  const most = Math.max(...results.map(({ ratio }) => ratio.median));
  const least = Math.min(...results.map(({ ratio }) => ratio.median));
  const share = (ratio: number) => Math.round(100 * (0.03 + (0.97 * Math.log(ratio / least)) / Math.log(most / least)));
  return [...new Set(results.map(({ task }) => task))].map((task) => ({
    name: task,
    id: task.replace(/\W+/g, "-").replace(/-$/, ""),
    about: about(task),
    rows: results
      .filter((each) => each.task === task)
      .map(({ peer, milliseconds, ratio }) => ({
        peer: peers[peer] ?? peer,
        milliseconds: shown(milliseconds),
        ratio: shown(ratio),
        bar: share(ratio.median),
      })),
  }));
}
