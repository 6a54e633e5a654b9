/** The arguments of a loss's kernel: a window's outputs, its targets, and their weights. */

export interface Panels {
  /** `each` weights single numbers, or is 0; `perOutput` is [O], padded with zeros: the result of the loss's `perOutput`; 0 for none. */
  pointers: readonly [dy: number, y: number, target: number, weight: number, each: number, perOutput: number];
  /** Shapes, and the factor on the sum. */
  sizes: readonly [slots: number, O: number, width: number, scale: number];
  /** Slots of one step. */
  panels: number;
  /** [P][width] i32: the steps of each sequence; and scratch to align labels in, 0 where there are none. */
  lengths: number;
  scratch: number;
}
