/** A head at work in a window: its outputs, and the targets and weights that its loss compares them with. */

import type { Lanes } from "../core/lanes.js";
import type { EngineParts } from "../core/memory.js";
import { pad4 } from "../layers/packing.js";
import type { Stage } from "../layers/stage.js";
import type { Head } from "./heads.js";
import type { Loss, Run } from "./losses.js";
import { ruleOf } from "./losses.js";

/** The part of a network that its goals use. */
interface Owner {
  /** The longest window. */
  readonly T: number;
  readonly lanes: Lanes;
  /** [P][width] i32: the steps of each sequence. */
  readonly lengths: number;
  outputSteps(T: number): number;
  /** A zeroed region that is released with the network. */
  buffer(...shape: number[]): number;
  free(region: number): void;
}

export class Goal {
  readonly #parts: Pick<EngineParts, "kernels" | "memory">;
  readonly #owner: Owner;
  readonly #stage: Stage;
  readonly outputs: number;
  /** Pointer to the outputs [T][P][outputs][width]; here and below T is 1 above a pooling. */
  readonly output: number;
  /** [T][P][outputs][width], or classes [T][P][width]. */
  readonly target: number = 0;
  /** [T][P][width]: the weight of each step's target. */
  readonly counts: number = 0;
  /** [1] i32, which all threads read: pointer to the weights of single target numbers, [T][P][outputs][width]; 0: all are 1. */
  readonly #each: number = 0;
  #apart = 0;
  /** Bytes of the memory in which a loss aligns labels with steps. */
  #aligned = 0;
  /** [1] i32, which all threads read: the pointer to that memory. */
  readonly #alignment: number = 0;
  /** [outputs], padded with zeros: the loss's number for each output. */
  readonly #perOutput: number = 0;

  constructor(
    parts: Pick<EngineParts, "kernels" | "memory">,
    owner: Owner,
    { outputs }: Head,
    stage: Stage,
    /** Whether there are targets. */
    scored: boolean,
  ) {
    [this.#parts, this.#owner, this.#stage] = [parts, owner, stage];
    [this.outputs, this.output] = [outputs, stage.output];
    if (!scored) return;
    const { panels, width } = owner.lanes;
    const steps = owner.outputSteps(owner.T);
    this.target = owner.buffer(steps, panels, pad4(outputs), width);
    this.counts = owner.buffer(steps, panels, width);
    this.#each = owner.buffer(1);
    this.#alignment = owner.buffer(1);
    this.#perOutput = owner.buffer(pad4(outputs));
  }

  /** Memory for the weights of single target numbers, which the next losses use. Allocated on first use. */
  apart(): number {
    const { panels, width } = this.#owner.lanes;
    this.#apart ||= this.#owner.buffer(this.#owner.outputSteps(this.#owner.T), panels, pad4(this.outputs), width);
    this.#parts.memory.i32[this.#each / 4] = this.#apart;
    return this.#apart;
  }

  /** From now on all numbers of a step have the weight of the step. */
  together(): void {
    this.#parts.memory.i32[this.#each / 4] = 0;
  }

  /** Makes room to align up to so many labels with the steps of a sequence (assembly/ctc.ts has the layout). */
  align(labels: number): void {
    const { T, lanes } = this.#owner;
    const bytes = 4 * ((T + 4) * (pad4(2 * labels + 1) + 8) + pad4(T * lanes.panels * lanes.width));
    if (bytes <= this.#aligned) return;
    const { memory } = this.#parts;
    const pointer = this.#owner.buffer(bytes / 4);
    const before = memory.i32[this.#alignment / 4] as number;
    memory.i32[this.#alignment / 4] = pointer;
    this.#aligned = bytes;
    if (before) this.#owner.free(before);
  }

  /**
   * The sum of the loss times `scale`; leaves its gradient in that of the outputs. With `run` the result of that kernel instead, on the
   * same panels; with `numbers` these for each output instead of the loss's own.
   */
  loss(T: number, loss: Required<Loss>, scale: number, run?: Run, numbers?: ArrayLike<number> | null): number {
    const { kernels, memory } = this.#parts;
    const { lanes, lengths } = this.#owner;
    const { panels, width } = lanes;
    const { output: y, gradient: dy } = this.#stage;
    const rule = ruleOf(loss);
    numbers ??= rule.perOutput?.(loss, this.outputs);
    if (numbers) memory.write(this.#perOutput, numbers);
    const each = memory.i32[this.#each / 4] as number;
    const pointers = [dy, y, this.target, this.counts, each, numbers ? this.#perOutput : 0] as const;
    const scratch = memory.i32[this.#alignment / 4] as number;
    const sizes = [this.#owner.outputSteps(T) * panels, this.outputs, width, scale] as const;
    return (run ?? rule.run)(kernels, loss, { pointers, sizes, panels, lengths, scratch });
  }
}
