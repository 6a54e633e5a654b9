/**
 * Reads the pickle in a file of `torch.save`, protocol 2 (Python's pickletools.py names the codes). No code of the file is run: a class
 * that is not on the list is refused where it is asked for.
 */

import { clip } from "./core.js";

/** A dictionary: keys and values by turns. */
export interface Dictionary {
  items: unknown[];
}

/** A tensor as torch rebuilds it: a view of a storage. */
export interface View {
  /** Float, Half and so on. */
  kind: string;
  /** The storage's name in the file, and the numbers in it. */
  key: string;
  length: number;
  offset: number;
  shape: number[];
  strides: number[];
}

/** A class that the file refers to. */
interface Class {
  name: string;
}

const CLASSES =
  /^(torch\.(\w+Storage|Size|device|[a-z]+\d+)|torch\._utils\._rebuild_(tensor_v2|parameter)|collections\.OrderedDict|numpy\.(dtype|_?core\.multiarray\.scalar)|_codecs\.encode)$/;

const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
const isCounts = (list: unknown): list is number[] => Array.isArray(list) && list.every(isCount);

/**
 * @param most bytes of memory to take
 * @returns tensors as `View`, dictionaries as `Dictionary`, lists and tuples as arrays, strings, numbers, booleans, null
 * @throws RangeError with the place of what is wrong
 */
export function readPickle(file: Uint8Array, most: number): unknown {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  /** For each mark the length of the stack when it was set. */
  const marks: number[] = [];
  let [at, start] = [0, 0];

  const refuse = (reason = "has a pickle that torch.save does not write"): never => {
    throw new RangeError(`"bytes" ${reason}, at ${start} of data.pkl`);
  };
  /** Counts memory before it is taken, rather too much than too little. */
  const spend = (bytes: number) => {
    most -= bytes;
    if (most < 0) refuse("has too many objects for its length");
  };
  const take = (bytes: number): number => {
    if (at + bytes > file.length) refuse("is truncated");
    at += bytes;
    return at - bytes;
  };
  const push = (value: unknown) => {
    spend(32);
    stack.push(value);
  };
  /** The topmost values; those above the last mark, if no count is given. */
  const pops = (count = stack.length - (marks.pop() ?? NaN)): unknown[] =>
    stack.length - (marks.at(-1) ?? 0) >= count ? stack.splice(stack.length - count) : refuse();
  const pop = () => pops(1)[0];
  const top = () => stack.at(-1) as Partial<Dictionary>;
  const u8 = () => file[take(1)] as number;
  const u32 = () => view.getUint32(take(4), true);
  const text = (length: number) => {
    const from = take(length);
    spend(2 * length);
    return new TextDecoder().decode(file.subarray(from, at));
  };
  const line = () => {
    const found = text(Math.max(0, file.indexOf(10, at) - at));
    take(1);
    return found;
  };
  /** Appends to the list, or sets items of the dictionary, below the values. */
  const add = (values: unknown[]) => {
    const list = top().items ?? top();
    spend(8 * values.length);
    for (const value of values) (list as unknown[]).push(value);
  };
  const remember = (index: number) => {
    spend(32);
    memo.set(index, top());
  };
  const call = () => {
    const [{ name }, args] = pops(2) as [Partial<Class>, unknown[]];
    const [first, offset, shape, strides] = args;
    if (!name) return refuse();
    if (name.endsWith("Dict")) return { items: [] };
    if (name.endsWith("v2")) {
      const good = (first as View).key && isCount(offset) && isCounts(shape) && isCounts(strides);
      return good ? { ...(first as View), offset, shape, strides } : refuse();
    }
    // torch.Size and Parameter are read as their first argument; devices, dtypes and numpy's numbers hold no tensors and become null.
    return /Size|parameter/.test(name) ? first : null;
  };

  const codes: Record<string, () => void> = {
    "\x80": u8,
    "(": () => {
      spend(8);
      marks.push(stack.length);
    },
    N: () => push(null),
    "\x88": () => push(true),
    "\x89": () => push(false),
    J: () => push(view.getInt32(take(4), true)),
    K: () => push(u8()),
    M: () => push(view.getUint16(take(2), true)),
    // A signed integer, read without its sign: no size of a tensor is negative.
    "\x8a": () => {
      const bytes = file.subarray(take(u8()), at);
      push(bytes.reduceRight((sum, byte) => sum * 256 + byte, 0));
    },
    G: () => push(view.getFloat64(take(8))),
    X: () => push(text(u32())),
    "]": () => push([]),
    ")": () => push([]),
    "}": () => push({ items: [] }),
    t: () => push(pops()),
    "\x85": () => push(pops(1)),
    "\x86": () => push(pops(2)),
    "\x87": () => push(pops(3)),
    a: () => add(pops(1)),
    e: () => add(pops()),
    s: () => add(pops(2)),
    u: () => add(pops()),
    c: () => {
      const name = `${line()}.${line()}`;
      if (!CLASSES.test(name)) {
        refuse(`asks for ${clip(name)}, which is no tensor or dictionary: save module.state_dict(); no code is run`);
      }
      push({ name });
    },
    R: () => push(call()),
    // Attributes, such as a state dict's _metadata, are passed over.
    b: pop,
    Q: () => {
      const [[, { name }, key, , length]] = pops(1) as [[unknown, Class, string, unknown, number]];
      push({ kind: name.slice(6, -7), key, length });
    },
    q: () => remember(u8()),
    r: () => remember(u32()),
    h: () => push(memo.get(u8())),
    j: () => push(memo.get(u32())),
  };
  for (;;) {
    start = at;
    const code = String.fromCharCode(u8());
    try {
      if (code === ".") return pop();
      (codes[code] ?? refuse)();
    } catch (error) {
      // A TypeError here means that a code found a value on the stack that is not of its kind.
      throw error instanceof TypeError ? refuse() : error;
    }
  }
}
