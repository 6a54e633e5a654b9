/** Tensors of a file of PyTorch's: safetensors, or the zip of `torch.save`. */

import { bytes as checkBytes, clip, DTYPES, fail, openSafetensors, product, type TensorFile } from "./core.js";
import { type Dictionary, readPickle, type View } from "./pickle.js";
import { type Entries, isZip, readZip } from "./zip.js";

/** Torch's storages in the letters of safetensors; the dtypes that are not here are skipped. */
const STORAGES: Record<string, string> = { Double: "F64", Float: "F32", Half: "F16", BFloat16: "BF16" };

/**
 * @returns the tensors; `sorted` says whether they are by name, as in safetensors, and not in the order of the modules
 * @throws RangeError with the place of what is wrong
 */
export function readTorch(source: Uint8Array | ArrayBuffer): TensorFile & { sorted: boolean } {
  const file = checkBytes("bytes", source);
  if (isZip(file)) return { ...readSaved(readZip(file), file.length), sorted: false };
  if (file[0] === 0x80 && file[1] === 2 && file[2] === 0x8a)
    fail(RangeError, "bytes", "a file of torch.save of PyTorch 1.6 or later", "an older one");
  return { ...openSafetensors(file), sorted: true };
}

function readSaved(entries: Entries, length: number): TensorFile {
  const pickled = [...entries.keys()].find((name) => name.endsWith("data.pkl")) ?? "";
  const entry = (name: string) => entries.get(pickled.slice(0, -8) + name)?.();
  const pickle = entry("data.pkl");
  // The order of bytes is "little" or "big"; before PyTorch 2 it is not told.
  if (!pickle || entry("byteorder")?.[0] === 98)
    return fail(RangeError, "bytes", "a file of torch.save, little endian", "another zip file");
  const { tensors, metadata, skipped }: TensorFile = { tensors: Object.create(null), metadata: {}, skipped: Object.create(null) };
  // A megabyte, and as much as the file, for objects; twice the file for tensors, which may share their numbers.
  let left = 2 * length;
  for (const [name, view] of stateDict(readPickle(pickle, length + (1 << 20)))) {
    const { kind, key, length, offset, shape, strides } = view;
    const dtype = DTYPES.get(STORAGES[kind] ?? "");
    if (!dtype) {
      skipped[name] = { dtype: kind, shape };
      continue;
    }
    const { size, read } = dtype;
    const data = entry(`data/${key}`);
    const count = product(shape);
    const end = shape.reduce((at, n, i) => at + (n - 1) * (strides[i] as number), offset + 1);
    left -= count * size;
    if (data?.length !== length * size || (count > 0 && !(end <= length)) || count > length || !(left >= 0)) {
      fail(RangeError, `bytes ${name}`, `the numbers of a contiguous tensor`, `${data?.length} bytes of ${clip(key)}`);
    }
    const source = new DataView((data as Uint8Array).buffer, (data as Uint8Array).byteOffset);
    tensors[name] = {
      shape,
      get data() {
        return Float32Array.from({ length: count }, (_, i) => {
          let at = offset;
          for (let axis = shape.length; axis-- > 0; i = Math.floor(i / (shape[axis] as number)))
            at += (i % (shape[axis] as number)) * (strides[axis] as number);
          return read(source, at * size);
        });
      },
    };
  }
  return { tensors, metadata, skipped };
}

type Pairs = [name: string, value: unknown][];
const pairs = (value: unknown): Pairs =>
  ((value as Dictionary | null)?.items ?? []).flatMap((key, i, items) => (i % 2 ? [] : [[`${key}`, items[i + 1]]]));

/** The tensors of a file's state dict: the file itself, or the entry of a checkpoint with such a name, or the only one with tensors. */
function stateDict(root: unknown): [string, View][] {
  const dictionaries: Pairs = [["", root], ...pairs(root)];
  const all = dictionaries.map(([name, value]) => ({ name, views: pairs(value).filter(([, view]) => (view as View | null)?.strides) }));
  const found = all.filter(({ views }) => views.length > 0);
  const [one] = ["", "model_state_dict", "state_dict", "model"].flatMap((usual) => found.filter(({ name }) => name === usual));
  if (!one && found.length !== 1) {
    fail(RangeError, "bytes", "module.state_dict(), or one in a dictionary as model", found.map(({ name }) => name).join(" "));
  }
  return (one ?? found[0])?.views as [string, View][];
}
