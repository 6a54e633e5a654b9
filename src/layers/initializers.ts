/**
 * The initial distributions of weights, as plain data, and how to draw from them. A matrix is [rows, columns] as in PyTorch: rows
 * are its outputs (fan out), columns its inputs (fan in), with all gates of a recurrent layer together.
 */

import { inBounds, named, type Option, record, typed, typedData } from "../core/check.js";
import { type EngineParts, matrixOf, type Placement } from "../core/memory.js";
import type { Random } from "../core/random.js";

/** Uniform in [-bound, bound). */
export interface Uniform {
  type: "uniform";
  /** The largest size of a weight. */
  bound: number;
}

/** Normal with mean 0. */
export interface Normal {
  type: "normal";
  /** The standard deviation. */
  deviation: number;
}

/** Uniform with variance 2 gain^2 / (rows + columns) (Glorot & Bengio 2010); PyTorch's `xavier_uniform_`, Keras's `glorot_uniform`. */
export interface XavierUniform {
  type: "xavierUniform";
  /** The factor on all weights, 0 or more. Default 1. */
  gain?: number;
}

/** Normal with variance 2 gain^2 / (rows + columns) (Glorot & Bengio 2010); PyTorch's `xavier_normal_`. */
export interface XavierNormal {
  type: "xavierNormal";
  /** The factor on all weights, 0 or more. Default 1. */
  gain?: number;
}

/** Uniform with variance 2 / columns, for ReLU (He et al. 2015); PyTorch's `kaiming_uniform_` with its defaults. */
export interface HeUniform {
  type: "heUniform";
}

/** Normal with variance 2 / columns, for ReLU (He et al. 2015); PyTorch's `kaiming_normal_` with its defaults. */
export interface HeNormal {
  type: "heNormal";
}

/** Orthonormal rows or columns, whichever are fewer, times `gain` (Saxe, McClelland & Ganguli 2014); PyTorch's `orthogonal_`. */
export interface Orthogonal {
  type: "orthogonal";
  /** The factor on all weights, 0 or more. Default 1. */
  gain?: number;
}

/** The same number everywhere; as plain data, `{ type: "constant", value: 0 }`. */
interface Constant {
  type: "constant";
  /** From -1e6 to 1e6. */
  value: number;
}

/** A distribution of initial weights, made by `uniform`, `normal`, `xavierUniform`, … */
export type Initializer = Uniform | Normal | XavierUniform | XavierNormal | HeUniform | HeNormal | Orthogonal | Constant;

/**
 * Initial weights uniform in [-bound, bound).
 * @example uniform({ bound: 0.1 })
 */
export const uniform = (options: Omit<Uniform, "type">): Uniform => typedData("uniform", options, "bound: 0.1");
/**
 * Initial weights from a normal distribution with mean 0.
 * @example normal({ deviation: 0.01 })
 */
export const normal = (options: Omit<Normal, "type">): Normal => typedData("normal", options, "deviation: 0.01");
/**
 * Initial weights after Glorot & Bengio 2010, uniform.
 * @example xavierUniform() // or "xavierUniform"
 */
export const xavierUniform = (options: Omit<XavierUniform, "type"> = {}): XavierUniform => typedData("xavierUniform", options, "gain: 1");
/**
 * Initial weights after Glorot & Bengio 2010, normal.
 * @example xavierNormal({ gain: 5 / 3 }) // or "xavierNormal"
 */
export const xavierNormal = (options: Omit<XavierNormal, "type"> = {}): XavierNormal => typedData("xavierNormal", options, "gain: 1");
/**
 * Initial weights after He et al. 2015, uniform.
 * @example heUniform() // or "heUniform"
 */
export const heUniform = (options: Record<string, never> = {}): HeUniform => typedData("heUniform", options);
/**
 * Initial weights after He et al. 2015, normal.
 * @example heNormal() // or "heNormal"
 */
export const heNormal = (options: Record<string, never> = {}): HeNormal => typedData("heNormal", options);
/**
 * Initial weights with orthonormal rows or columns.
 * @example orthogonal() // or "orthogonal"
 */
export const orthogonal = (options: Omit<Orthogonal, "type"> = {}): Orthogonal => typedData("orthogonal", options, "gain: 1");

/** The kernels and the memory used for drawing. */
export type Parts = Pick<EngineParts, "kernels" | "memory">;

/** One matrix to draw. */
interface Draw {
  parts: Parts;
  rows: number;
  columns: number;
  random: Random;
}

interface Rule<T extends Initializer> {
  options: Record<Exclude<keyof T, "type">, Option>;
  draw(initializer: Required<T>, draw: Draw): Float32Array<ArrayBuffer>;
}

const atLeast = (min: number) => inBounds({ min, max: 1e6 });
const gain: Option = [atLeast(0), 1];

/** To add an initializer, add a row here. */
const RULES: { [T in Initializer["type"]]: Rule<Extract<Initializer, { type: T }>> } = {
  uniform: { options: { bound: [atLeast(0)] }, draw: ({ bound }, draw) => uniforms(draw, bound) },
  normal: { options: { deviation: [atLeast(0)] }, draw: ({ deviation }, draw) => normals(draw, deviation) },
  xavierUniform: {
    options: { gain },
    draw: ({ gain }, draw) => uniforms(draw, gain * Math.sqrt(6 / (draw.rows + draw.columns))),
  },
  xavierNormal: {
    options: { gain },
    draw: ({ gain }, draw) => normals(draw, gain * Math.sqrt(2 / (draw.rows + draw.columns))),
  },
  heUniform: { options: {}, draw: (_, draw) => uniforms(draw, Math.sqrt(6 / draw.columns)) },
  heNormal: { options: {}, draw: (_, draw) => normals(draw, Math.sqrt(2 / draw.columns)) },
  orthogonal: {
    options: { gain },
    draw: ({ gain }, draw) => orthonormal(draw.parts, normals(draw, 1), draw.rows, draw.columns).map((value) => gain * value),
  },
  constant: {
    options: { value: [atLeast(-1e6)] },
    draw: ({ value }, { rows, columns }) => new Float32Array(rows * columns).fill(value),
  },
};

/** An initializer, or the name of one whose options all have defaults. */
export function checkInitializer(path: string, value: unknown): Required<Initializer> {
  return typed(path, named(path, value, RULES), RULES, 'an initializer such as "orthogonal"') as Required<Initializer>;
}

/** Row-major numbers of this shape, as a matrix. A vector is one column, with a fan in of 1. */
export function draw(
  parts: Parts,
  initializer: Required<Initializer>,
  shape: readonly number[],
  random: Random,
): Float32Array<ArrayBuffer> {
  const [rows, columns] = matrixOf(shape);
  return (RULES[initializer.type] as Rule<Initializer>).draw(initializer, { parts, rows, columns, random });
}

function uniforms({ parts, rows, columns, random }: Draw, bound: number): Float32Array<ArrayBuffer> {
  return drawn(parts, rows * columns, random, -bound, 2 * bound);
}

function normals({ parts, rows, columns, random }: Draw, deviation: number): Float32Array<ArrayBuffer> {
  return drawn(parts, rows * columns, random, 1, -1, parts.kernels.gaussians).map((value) => deviation * value);
}

/** `count` numbers: uniform from `low` over `range`, or what a kernel makes of those. */
function drawn(
  { kernels, memory }: Parts,
  length: number,
  random: Random,
  low: number,
  range: number,
  kernel?: (x: number, count: number) => void,
): Float32Array<ArrayBuffer> {
  const count = Math.ceil(length / 16) * 16;
  const pointer = memory.allocate(4 * count);
  kernels.uniforms(pointer, count, low, range, ...random.stream);
  kernel?.(pointer, count);
  const result = memory.read(pointer, length);
  memory.release(pointer);
  return result;
}

/** Makes the rows or the columns of a row-major matrix, whichever are fewer, orthonormal: the Q of a QR whose R has a positive diagonal. */
export function orthonormal({ kernels, memory }: Parts, matrix: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const wide = rows < columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const stride = Math.ceil(length / 16) * 16;
  const placement: Placement = { shape: [rows, columns], at: (row, column) => (wide ? row * stride + column : column * stride + row) };
  const pointer = memory.allocate(4 * count * stride);
  memory.pack(pointer, placement, matrix);
  kernels.orthonormalRows(pointer, count, stride);
  const result = memory.unpack(pointer, placement);
  memory.release(pointer);
  return result;
}

/** The role of a parameter in its layer. Gains start at 1, and the shifts added after them at 0; "spread" shifts start at random. */
export type Role = "input" | "recurrent" | "bias" | "dense" | "embedding" | "gain" | "shift" | "spread";

type Choice = (fan: number) => Required<Initializer>;
const root: Choice = (fan) => ({ type: "uniform", bound: 1 / Math.sqrt(fan) });
const glorot: Choice = () => ({ type: "xavierUniform", gain: 1 });
const filled =
  (value: number): Choice =>
  () => ({ type: "constant", value });
/**
 * Inside a normalised cell the shifts start at random, as PyTorch's biases do, under every preset. If they were 0, a state of zeros would
 * stay zero as long as the inputs are 0, and normalising values without variance multiplies each step's gradient by up to 1 / epsilon.
 */
const affine = { gain: filled(1), shift: filled(0), spread: root };

/** The distributions that frameworks start with. `fan` is the units of a recurrent layer, or the inputs of a dense one. */
export const PRESETS = {
  pytorch: { input: root, recurrent: root, bias: root, dense: root, embedding: () => ({ type: "normal", deviation: 1 }), ...affine },
  keras: {
    input: glorot,
    recurrent: () => ({ type: "orthogonal", gain: 1 }),
    bias: filled(0),
    dense: glorot,
    embedding: () => ({ type: "uniform", bound: 0.05 }),
    ...affine,
  },
} as const satisfies Record<string, { [R in Role]: Choice }>;

export type Preset = keyof typeof PRESETS;

/** A layer's own initial distributions, by the role of the weights. */
export type Initial<K extends string> = { [Key in K]?: Initializer | Exclude<Initializer["type"], "uniform" | "normal" | "constant"> };

/** The option `initial` of a layer with weights of these roles. */
export const initials = <K extends string>(...keys: readonly K[]) =>
  record(Object.fromEntries(keys.map((key) => [key, checkInitializer])) as Record<K, typeof checkInitializer>);

/**
 * The forget gate's biases [units] that let a gated layer remember for up to `longest` steps: log U(1, longest - 1). The input gate's are
 * their negatives (Tallec & Ollivier 2018).
 * @param longest at least 2
 */
export function chronoBias(parts: Parts, units: number, longest: number, random: Random): Float32Array<ArrayBuffer> {
  return drawn(parts, units, random, 1, longest - 2, parts.kernels.logarithms);
}
