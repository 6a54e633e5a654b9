/**
 * Arrays seen through strides: constants, and outputs of layers. Each dimension is a list of atoms, so that most changes of shape only
 * change strides and copy nothing. Instead of numbers an output of layers has the ids of features (signal.ts); its steps and the sequences
 * of a batch are the atoms "T" and "B", which have no stride, as all of them have the same features.
 */

export type Role = "T" | "B";

export interface Atom {
  size: number;
  stride: number;
  role?: Role;
}
export type Dim = readonly Atom[];

/** How the steps of an array correspond to those of the sequence. */
export interface Steps {
  /** Whether they run from the sequence's last to its first. */
  reversed: boolean;
  /** How many steps of zeros are before the first and after the last one; negative where steps are missing. */
  front: number;
  behind: number;
  /** Whether the steps in front are no longer zeros, as layers have computed with them. */
  computed?: boolean;
}

export interface View {
  dims: readonly Dim[];
  offset: number;
  read(at: number): number;
  /** Of an output of layers; absent for constants. */
  steps?: Steps | undefined;
  /** The code of its numbers' type; absent for float. */
  type?: number | undefined;
  /** The tensor that holds its numbers; the factors whose product it is. */
  base?: unknown;
  product?: readonly [View, View] | undefined;
  /** If it is a step on the way to what several nodes compute as one layer (patterns.ts): which one, and of which array. */
  derived?: { kind: string; of: View; dims: readonly Dim[]; epsilon?: number; share?: View } | undefined;
}

/** A reason for which a node cannot be read. */
export class Refusal extends Error {}
export const refuse = (reason: string): never => {
  throw new Refusal(reason);
};

/** Counts memory before it is taken, and refuses a file that asks for too much. */
export type Spend = (bytes: number, what?: string) => void;

export const sizeOf = (dim: Dim) => dim.reduce((all, { size }) => all * size, 1);
export const shapeOf = ({ dims }: View) => dims.map(sizeOf);
/** The atoms that count features: those of more than one number that are neither steps nor sequences. */
const ofFeatures = (dims: readonly Dim[]) => dims.flat().filter(({ role, size }) => !role && size !== 1);
/** The count of features at each step, or of all numbers of a constant. */
export const countOf = ({ dims }: View) => sizeOf(ofFeatures(dims));
export const hasRole = (dim: Dim, role?: Role) => dim.some((atom) => atom.role && (!role || atom.role === role));

/** Calls `visit` with each number of features, row after row. */
export function walk({ dims, offset, read }: View, visit: (value: number, i: number) => void): void {
  const atoms = ofFeatures(dims);
  const at = atoms.map(() => 0);
  const count = sizeOf(atoms);
  let place = offset;
  for (let i = 0; i < count; i++) {
    visit(read(place), i);
    for (let k = atoms.length; k-- > 0; ) {
      const { size, stride } = atoms[k] as Atom;
      place += stride;
      if (++(at[k] as number) < size) break;
      place -= size * stride;
      at[k] = 0;
    }
  }
}

/** The number at a place of each axis. */
export function numberAt({ dims, offset, read }: View, places: readonly number[]): number {
  let at = offset;
  dims.forEach((dim, k) => {
    let left = places[k] as number;
    for (let i = dim.length; i-- > 0; ) {
      const { size, stride } = dim[i] as Atom;
      at += (left % size) * stride;
      left = Math.floor(left / size);
    }
  });
  return read(at);
}

export function valuesOf(view: View, spend: Spend): Float64Array {
  const count = countOf(view);
  spend(8 * count, "the values of a node take");
  const values = new Float64Array(count);
  walk(view, (value, i) => {
    values[i] = value;
  });
  return values;
}

/** The same array with the strides of one whose numbers follow each other, row after row. */
export function strided(dims: readonly Dim[]): Dim[] {
  let stride = sizeOf(ofFeatures(dims));
  return dims.map((dim) =>
    dim
      .filter(({ role, size }) => role || size !== 1)
      .map((atom) => {
        if (atom.role) return atom;
        stride /= atom.size;
        return { size: atom.size, stride };
      }),
  );
}

/** Numbers, row after row, in the shape of `like`. */
export function filled(like: View, values: ArrayLike<number>, dims = like.dims): View {
  return { ...like, dims: strided(dims), offset: 0, read: (at) => values[at] as number, base: values, product: undefined };
}

export const constant = (shape: readonly number[], values: ArrayLike<number>): View =>
  filled({ dims: shape.map((size) => [{ size, stride: 0 }]), offset: 0, read: () => 0 }, values);

/** One number, as often as the shape says. */
export const uniform = (shape: readonly number[], value: number): View => ({
  dims: shape.map((size) => (size === 1 ? [] : [{ size, stride: 0 }])),
  offset: 0,
  read: () => value,
});

/** A copy that lies row after row. */
const compact = (view: View, spend: Spend) => filled(view, valuesOf(view, spend));

export function axisOf({ dims: { length } }: View, axis: number, more = 0): number {
  const at = axis < 0 ? axis + length + more : axis;
  return at >= 0 && at < length + more ? at : refuse(`with the axis ${axis}, expected one of ${length + more}`);
}

export function transpose(view: View, order: readonly number[] = view.dims.map((_, i) => i).reverse()): View {
  if (order.length !== view.dims.length || new Set(order).size !== order.length) refuse(`with the order ${order}`);
  return { ...view, dims: order.map((k) => view.dims[axisOf(view, k)] as Dim) };
}

/** Takes axes away. Their steps or sequences, of which there is one, stay with a neighbour. */
export function squeeze(view: View, axes?: readonly number[]): View {
  const gone = new Set(axes ? axes.map((axis) => axisOf(view, axis)) : view.dims.flatMap((dim, i) => (sizeOf(dim) === 1 ? [i] : [])));
  let kept: Dim = [];
  const dims: Dim[] = [];
  view.dims.forEach((dim, i) => {
    if (!gone.has(i)) {
      dims.push([...kept, ...dim]);
      kept = [];
    } else if (sizeOf(dim) === 1) kept = [...kept, ...dim.filter(({ role }) => role)];
    else refuse(`of axis ${i}, expected 1 in it, got ${sizeOf(dim)}`);
  });
  if (kept.length > 0 && dims.length > 0) dims.push([...(dims.pop() as Dim), ...kept]);
  return { ...view, dims };
}

export function unsqueeze(view: View, axes: readonly number[]): View {
  const added = new Set(axes.map((axis) => axisOf(view, axis, axes.length)));
  const rest = [...view.dims];
  return { ...view, dims: Array.from({ length: rest.length + added.size }, (_, i) => (added.has(i) ? [] : (rest.shift() as Dim))) };
}

/** Numbers of one dimension: those of a copy, where they lie in several atoms. */
function single(view: View, axis: number, spend: Spend): View {
  const dim = view.dims[axis] as Dim;
  if (dim.filter(({ size, role }) => role || size !== 1).length < 2) return view;
  if (hasRole(dim)) refuse("of steps or sequences together with other numbers");
  const copy = compact(view, spend);
  return { ...copy, dims: copy.dims.map((own, k) => (k === axis ? [{ size: sizeOf(own), stride: own.at(-1)?.stride ?? 0 }] : own)) };
}

/** `count` numbers of an axis of features, from `from` on, `step` apart. */
export function slice(given: View, axis: number, from: number, count: number, step: number, spend: Spend): View {
  const view = single(given, axis, spend);
  const dim = view.dims[axis] as Dim;
  const stride = dim[0]?.stride ?? 0;
  if (hasRole(dim) && count !== sizeOf(dim)) refuse("of some sequences of a batch");
  if (hasRole(dim)) return view;
  const own = count === 1 ? [] : [{ size: count, stride: stride * step }];
  return { ...view, offset: view.offset + from * stride, dims: view.dims.map((each, k) => (k === axis ? own : each)) };
}

/** Views side by side along an axis of features. */
export function concat(views: readonly View[], axis: number, spend: Spend): View {
  const first = views.find(({ steps }) => steps) ?? (views[0] as View);
  const size = views.reduce((sum, { dims }) => sum + sizeOf(dims[axis] as Dim), 0);
  views.forEach((view) => {
    const fits =
      view.dims.length === first.dims.length && first.dims.every((dim, k) => k === axis || sizeOf(dim) === sizeOf(view.dims[k] as Dim));
    if (!fits || hasRole(view.dims[axis] as Dim)) refuse(`of [${views.map((each) => `[${shapeOf(each)}]`)}], along the axis ${axis}`);
  });
  const dims = first.dims.map((dim, k) => (k === axis ? [{ size, stride: 0 }] : dim));
  const values = new Set(
    views.map((view) => (view.dims.flat().every(({ stride }) => stride === 0) && !view.steps ? view.read(view.offset) : NaN)),
  );
  if (values.size === 1 && !values.has(NaN)) return uniform(dims.map(sizeOf), [...values][0] as number);
  const inner = sizeOf(ofFeatures(first.dims.slice(axis + 1)));
  const count = countOf({ ...first, dims });
  spend(8 * count, "a concatenation takes");
  const out = new Float64Array(count);
  let before = 0;
  for (const view of views) {
    const own = sizeOf(view.dims[axis] as Dim) * inner;
    const start = before;
    // Of constants beside features only zeros have a place: none.
    const none = first.steps && !view.steps;
    const alone = view.dims.map((dim, k) => (hasRole(first.dims[k] as Dim) && dim.every(({ stride }) => stride === 0) ? [] : dim));
    walk(none ? { ...view, dims: alone } : view, (value, i) => {
      if (none && value !== 0) refuse("of features and constants other than 0");
      out[Math.floor(i / own) * size * inner + start + (i % own)] = none ? -1 : value;
    });
    before += own;
  }
  return filled(first, out, dims);
}

/** Sizes that an array of another shape is stretched to. */
export function expand(view: View, shape: readonly number[]): View {
  const more = shape.length - view.dims.length;
  const dims = [...Array.from({ length: Math.max(0, more) }, (): Dim => []), ...view.dims];
  return {
    ...view,
    dims: dims.map((dim, k) => {
      const size = shape[k - Math.min(0, more)] as number;
      if (size === undefined || size === 1 || size === sizeOf(dim)) return dim;
      return sizeOf(dim) === 1 ? [...dim, { size, stride: 0 }] : refuse(`of [${shapeOf(view)}] to [${shape}]`);
    }),
  };
}

/** Another shape for the same numbers, row after row. */
export function reshape(view: View, shape: readonly number[], spend: Spend, again = false): View {
  const atoms: Atom[] = [];
  for (const atom of view.dims.flat()) {
    const last = atoms.at(-1);
    // Atoms that follow each other become one.
    if (last && !last.role && !atom.role && last.stride === atom.size * atom.stride) {
      atoms.pop();
      atoms.push({ size: last.size * atom.size, stride: atom.stride });
    } else if (atom.role || atom.size !== 1) atoms.push(atom);
  }
  let good = true;
  const dims = shape.map((size): Dim => {
    const dim: Atom[] = [];
    for (let left = size; good; ) {
      const next = atoms[0];
      if (left === 1 && !(size === 1 && next?.size === 1 && dim.length === 0)) break;
      atoms.shift();
      if (next && left % next.size === 0) {
        dim.push(next);
        left /= next.size;
      } else if (next && !next.role && next.size % left === 0) {
        const rest = next.size / left;
        dim.push({ size: left, stride: next.stride * rest });
        atoms.unshift({ size: rest, stride: next.stride });
        left = 1;
      } else good = false;
    }
    return dim;
  });
  const rest = atoms.every(({ size }) => size === 1);
  if (good && rest) return { ...view, dims: dims.map((dim, k) => (k === dims.length - 1 ? [...dim, ...atoms] : dim)) };
  if (again) refuse(`of [${shapeOf(view)}] to [${shape}]`);
  return reshape(compact(view, spend), shape, spend, true);
}
