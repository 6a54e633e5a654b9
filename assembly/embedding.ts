// Rows of a table, gathered by token. Three things are such a table:
//   an embedding
//   the input weights of a recurrent layer whose inputs are one-hot: their product is a row for each token. With several one-hot inputs
//   all their rows lie in one table, the tokens of each input numbered after those of the one before, and a step's rows add up
//   the states of many streams, with the streams' numbers as tokens

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive, words } from "./asserts";
import { groups, inputGroups } from "./cell";
import { PANEL } from "./codes";
import { splat, transpose, transposeVectors, VECTOR } from "./lanes";

/** Gathers and sums the rows of each slot's tokens. */
export function embeddingForward(
  y: usize, // [slots][N][width] out: bias + the sum over inputs of table[token]
  tokens: usize, // [inputs][slots][width] i32
  table: usize, // [tokens][N]
  bias: usize, // [N], or 0
  inputs: i32,
  apart: usize, // bytes from the tokens of one input to those of the next
  slots: i32,
  N: i32, // padded
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, table) && alignedOrNone(bias) && words(tokens) && fours(N) && positive(slots, N, inputs) && isWidth(width));
  const row = (<usize>N) << 2;
  const end = <usize>inputs * apart;
  for (let slot = 0; slot < slots; slot++) {
    for (let lane = 0; lane < width; lane += 4) {
      const row0 = table + <usize>load<u32>(tokens) * row;
      if (width == PANEL) {
        const row1 = table + <usize>load<u32>(tokens, 4) * row;
        const row2 = table + <usize>load<u32>(tokens, 8) * row;
        const row3 = table + <usize>load<u32>(tokens, 12) * row;
        for (let n: usize = 0; n < row; n += VECTOR) {
          const b = bias ? v128.load(bias + n) : splat(0);
          const to = y + 8 * n + <usize>lane * 4;
          let x0 = f32x4.add(v128.load(row0 + n), b);
          let x1 = f32x4.add(v128.load(row1 + n), b);
          let x2 = f32x4.add(v128.load(row2 + n), b);
          let x3 = f32x4.add(v128.load(row3 + n), b);
          for (let input = apart; input < end; input += apart) {
            const from = table + n;
            const token = tokens + input;
            x0 = f32x4.add(x0, v128.load(from + <usize>load<u32>(token) * row));
            x1 = f32x4.add(x1, v128.load(from + <usize>load<u32>(token, 4) * row));
            x2 = f32x4.add(x2, v128.load(from + <usize>load<u32>(token, 8) * row));
            x3 = f32x4.add(x3, v128.load(from + <usize>load<u32>(token, 12) * row));
          }
          transposeVectors(to, to + 32, to + 64, to + 96, x0, x1, x2, x3);
        }
        tokens += VECTOR;
      } else {
        for (let n: usize = 0; n < row; n += VECTOR) {
          let x = f32x4.add(v128.load(row0 + n), bias ? v128.load(bias + n) : splat(0));
          for (let input = apart; input < end; input += apart) {
            x = f32x4.add(x, v128.load(table + <usize>load<u32>(tokens + input) * row + n));
          }
          v128.store(y + n, x);
        }
        tokens += 4;
      }
    }
    y += row * width;
  }
}

/** The inverse of embeddingForward at width 8: stores each lane to its row of the table. Lanes with the same row must be equal. */
export function scatterRows(
  table: usize, // [rows][N] out
  tokens: usize, // [slots][8] i32
  y: usize, // [slots][N][8]
  slots: i32,
  N: i32, // padded
): void {
  if (DEBUG) assert(aligned(table, y) && words(tokens) && fours(N) && positive(slots, N));
  const row = (<usize>N) << 2;
  for (let half = 0; half < 2 * slots; half++, tokens += VECTOR) {
    const from = y + <usize>(half >> 1) * row * PANEL + <usize>(half & 1) * VECTOR;
    const row0 = table + <usize>load<u32>(tokens) * row;
    const row1 = table + <usize>load<u32>(tokens, 4) * row;
    const row2 = table + <usize>load<u32>(tokens, 8) * row;
    const row3 = table + <usize>load<u32>(tokens, 12) * row;
    for (let n: usize = 0; n < row; n += VECTOR) {
      const x = from + 8 * n;
      transposeVectors(row0 + n, row1 + n, row2 + n, row3 + n, v128.load(x), v128.load(x, 32), v128.load(x, 64), v128.load(x, 96));
    }
  }
}

/** Adds the gradient of each slot to the rows of its tokens. */
export function embeddingBackward(
  dtable: usize, // [tokens][N]; accumulates
  dy: usize, // [slots][N][width]
  tokens: usize, // [inputs][slots][width] i32
  scratch: usize, // [4][4]
  cell: i32, // skips this cell's groups of rows that have no input weights
  inputs: i32,
  apart: usize, // bytes from the tokens of one input to those of the next
  slots: i32,
  N: i32, // padded
  width: i32,
): void {
  if (DEBUG) assert(aligned(dtable, dy, scratch) && words(tokens) && fours(N) && positive(slots, N, inputs) && isWidth(width));
  const row = (<usize>N) << 2;
  const end = <usize>inputs * apart;
  const G = <usize>groups(cell);
  const live = <usize>inputGroups(cell);
  for (let slot = 0; slot < slots; slot++) {
    for (let lane = 0; lane < width; lane += 4) {
      const row0 = dtable + <usize>load<u32>(tokens) * row;
      if (width == PANEL) {
        const row1 = dtable + <usize>load<u32>(tokens, 4) * row;
        const row2 = dtable + <usize>load<u32>(tokens, 8) * row;
        const row3 = dtable + <usize>load<u32>(tokens, 12) * row;
        for (let n: usize = 0; n < row; n += VECTOR) {
          if (!((live >> ((n >> 4) % G)) & 1)) continue;
          block(scratch, VECTOR, dy + 8 * n + <usize>lane * 4, 32);
          add(row0 + n, scratch);
          add(row1 + n, scratch + 16);
          add(row2 + n, scratch + 32);
          add(row3 + n, scratch + 48);
          for (let input = apart; input < end; input += apart) {
            const to = dtable + n;
            for (let i: usize = 0; i < 4; i++) add(to + <usize>load<u32>(tokens + input + 4 * i) * row, scratch + 16 * i);
          }
        }
        tokens += VECTOR;
      } else {
        for (let n: usize = 0; n < row; n += VECTOR) {
          if (!((live >> ((n >> 4) % G)) & 1)) continue;
          add(row0 + n, dy + n);
          for (let input = apart; input < end; input += apart) add(dtable + <usize>load<u32>(tokens + input) * row + n, dy + n);
        }
        tokens += 4;
      }
    }
    dy += row * width;
  }
}

/** For a dense layer tied to the table: packs its weights from the table or, back, adds their gradient to the table's. */
export function tie(
  weight: usize, // [tokens/4][N][4]
  table: usize, // [tokens][N]
  back: bool, // whether to add weight to table, instead of copying table to weight
  scratch: usize, // [4][4], only if back
  tokens: i32, // padded
  N: i32, // padded
): void {
  if (DEBUG) assert(aligned(weight, table) && (!back || aligned(scratch)) && fours(tokens, N) && positive(tokens, N));
  const row = (<usize>N) << 2;
  for (let token = 0; token < tokens; token += 4, table += 4 * row) {
    for (let n: usize = 0; n < row; n += VECTOR, weight += 4 * VECTOR) {
      if (!back) {
        block(weight, VECTOR, table + n, row);
        continue;
      }
      block(scratch, VECTOR, weight, VECTOR);
      for (let i: usize = 0; i < 4; i++) add(table + n + i * row, scratch + i * VECTOR);
    }
  }
}

/** `transpose` as a call, not in line: here it takes little of the time, and a call makes the code smaller. */
function block(to: usize, toStride: usize, from: usize, fromStride: usize): void {
  transpose(to, toStride, from, fromStride);
}

function add(to: usize, from: usize): void {
  v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
}
