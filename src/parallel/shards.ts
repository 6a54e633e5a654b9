/** Deals the rows of a batch to the threads of a pool: each has the same rows in every window, in a network of its own. */

import { type BatchNetwork, type Loss, lanesFor, type Mode, Network, type Row, type State, writeWindow } from "../internal.js";
import type { Learn, Run } from "./messages.js";
import type { Pool } from "./pool.js";

/** A thread's part of a window. */
export interface Part {
  network: Network;
  rows: readonly (Row | null)[];
  /** Steps of the longest row of the part; 0 without rows. */
  T: number;
  /** For each head the sum of its targets' weights. */
  counted: number[];
}

export class Shards implements BatchNetwork {
  readonly networks: Network[] = [];
  readonly #ids: number[] = [];
  /** Rows of each thread but the last, which has the rest. */
  readonly #share: number;
  readonly lanes: { readonly batch: number };

  constructor(
    readonly pool: Pool,
    readonly T: number,
    batch: number,
    mode: Mode,
    seed = 0,
    /** As a network has it. */
    lowest = -1,
    engine = pool.engine,
  ) {
    this.lanes = { batch };
    const { width } = lanesFor(Math.ceil(batch / pool.size));
    this.#share = width * Math.ceil(batch / pool.size / width);
    try {
      for (let from = 0; from < batch; from += this.#share) {
        const network = new Network(engine, T, lanesFor(Math.min(this.#share, batch - from)), mode, seed, false, lowest);
        this.#ids.push(pool.build(this.networks.push(network) - 1, network, engine));
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Writes the next steps of every row, like writeWindow. */
  write(rows: readonly (Row | null)[], losses?: readonly Required<Loss>[]): Part[] {
    return this.networks.map((network, i) => {
      const own = rows.slice(i * this.#share, (i + 1) * this.#share);
      const T = own.reduce((most, row) => Math.max(most, row?.count ?? 0), 0);
      return {
        network,
        rows: own,
        T,
        counted: T === 0 ? network.goals.map(() => 0) : writeWindow(this.pool.engine, network, own, T, losses),
      };
    });
  }

  /** Runs the window that was written. @returns the losses of the parts */
  run(parts: readonly Part[], learn?: (part: number) => Learn): Promise<number[][]> {
    const runs = parts.map(({ T }, i): Run | null => {
      return T === 0 ? null : { type: "run", id: this.#ids[i] as number, T, ...(learn && { learn: learn(i) }) };
    });
    return this.pool.run(this.networks, runs);
  }

  readState(): State {
    const states = this.networks.map((network) => Object.entries(network.readState()));
    const [first = []] = states;
    return Object.fromEntries(
      first.map(([name], i) => {
        const parts = states.map((state) => state[i]?.[1] as Float32Array);
        const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
        let at = 0;
        for (const part of parts) {
          whole.set(part, at);
          at += part.length;
        }
        return [name, whole];
      }),
    );
  }

  writeState(state: State): void {
    this.networks.forEach((network, i) => {
      const from = i * this.#share;
      const part = (data: Float32Array) => {
        const units = data.length / this.lanes.batch;
        return data.subarray(from * units, (from + network.lanes.batch) * units);
      };
      network.writeState(Object.fromEntries(Object.entries(state).map(([name, data]) => [name, part(data)])));
    });
  }

  stateGradient(b: number): State {
    return (this.networks[Math.floor(b / this.#share)] as Network).stateGradient(b % this.#share);
  }

  rewind(): void {
    for (const network of this.networks) network.rewind();
  }

  release(): void {
    this.networks.forEach((network, i) => {
      network.release();
      this.pool.drop(i, this.#ids[i] as number);
    });
  }
}
