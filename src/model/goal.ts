/** A head at work in a window: its outputs, and the targets and weights that its loss compares them with. */

import type { Lanes } from "../core/lanes.js";
import type { EngineParts } from "../core/memory.js";
import { pad4 } from "../layers/packing.js";
import type { Stage } from "../layers/stage.js";
import type { Head } from "./heads.js";
import type { Loss, Run } from "./losses.js";
import { ruleOf } from "./losses.js";

/** The network that a goal belongs to. */
interface Ground {
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
  readonly #ground: Ground;
  readonly #stage: Stage;
  readonly outputs: number;
  /** Pointers: [T][P][outputs][width]; [T][P][outputs][width] or classes [T][P][width]; the weights of the steps [T][P][width]. Above a pooling T is 1. */
  readonly output: number;
  readonly target: number = 0;
  readonly counts: number = 0;
  /** [1] i32, which all threads read: pointer to the weights of single target numbers, [T][P][outputs][width]; 0: all are 1. */
  readonly #each: number = 0;
  #apart = 0;
  /** Memory in which a loss aligns labels: its bytes, and [1] i32, which all threads read, the pointer. */
  #aligned = 0;
  readonly #alignment: number = 0;
  /** [outputs], padded with zeros: the loss's number for each output. */
  readonly #perOutput: number = 0;

  constructor(
    parts: Pick<EngineParts, "kernels" | "memory">,
    ground: Ground,
    { outputs }: Head,
    stage: Stage,
    /** Whether there are targets. */
    scored: boolean,
  ) {
    [this.#parts, this.#ground, this.#stage] = [parts, ground, stage];
    [this.outputs, this.output] = [outputs, stage.output];
    if (!scored) return;
    const { panels, width } = ground.lanes;
    const steps = ground.outputSteps(ground.T);
    this.target = ground.buffer(steps, panels, pad4(outputs), width);
    this.counts = ground.buffer(steps, panels, width);
    this.#each = ground.buffer(1);
    this.#alignment = ground.buffer(1);
    this.#perOutput = ground.buffer(pad4(outputs));
  }

  /** Memory for the weights of single target numbers, which the next losses use. Allocated on first use. */
  apart(): number {
    const { panels, width } = this.#ground.lanes;
    this.#apart ||= this.#ground.buffer(this.#ground.outputSteps(this.#ground.T), panels, pad4(this.outputs), width);
    this.#parts.memory.i32[this.#each / 4] = this.#apart;
    return this.#apart;
  }

  /** Makes all numbers of a step count as much as the step. */
  together(): void {
    this.#parts.memory.i32[this.#each / 4] = 0;
  }

  /** Makes room to align up to so many labels with the steps of a sequence (assembly/ctc.ts has the layout). */
  align(labels: number): void {
    const { T, lanes } = this.#ground;
    const bytes = 4 * ((T + 4) * (pad4(2 * labels + 1) + 8) + pad4(T * lanes.panels * lanes.width));
    if (bytes <= this.#aligned) return;
    const { memory } = this.#parts;
    const pointer = this.#ground.buffer(bytes / 4);
    const before = memory.i32[this.#alignment / 4] as number;
    memory.i32[this.#alignment / 4] = pointer;
    this.#aligned = bytes;
    if (before) this.#ground.free(before);
  }

  /** The sum of the loss times `scale`; leaves the gradient of the outputs. Or the result of another kernel on the same panels. */
  loss(T: number, loss: Required<Loss>, scale: number, run?: Run, numbers?: ArrayLike<number> | null): number {
    const { kernels, memory } = this.#parts;
    const { lanes, lengths } = this.#ground;
    const { panels, width } = lanes;
    const { output: y, gradient: dy } = this.#stage;
    const rule = ruleOf(loss);
    numbers ??= rule.perOutput?.(loss, this.outputs);
    if (numbers) memory.write(this.#perOutput, numbers);
    const each = memory.i32[this.#each / 4] as number;
    const pointers = [dy, y, this.target, this.counts, each, numbers ? this.#perOutput : 0] as const;
    const scratch = memory.i32[this.#alignment / 4] as number;
    const sizes = [this.#ground.outputSteps(T) * panels, this.outputs, width, scale] as const;
    return (run ?? rule.run)(kernels, loss, { pointers, sizes, panels, lengths, scratch });
  }
}
