/** Zip files that are not compressed, for the attack and the tests: PyTorch's and Keras's. */

/** @param compressed says of an entry that it is compressed, which it is not */
export function zip(entries: Record<string, Uint8Array>, compressed = false): Uint8Array {
  const [parts, directory]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  const record = (bytes: number, signature: number, name: Uint8Array, fields: [at: number, bytes: 2 | 4, value: number][]) => {
    const out = new Uint8Array(bytes + name.length);
    const view = new DataView(out.buffer);
    view.setUint32(0, signature, true);
    for (const [at, bytes, value] of fields)
      if (bytes === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
    out.set(name, bytes);
    return out;
  };
  for (const [name, data] of Object.entries(entries)) {
    const text = new TextEncoder().encode(name);
    const method = compressed ? 8 : 0;
    const local = record(30, 0x04034b50, text, [
      [8, 2, method],
      [18, 4, data.length],
      [22, 4, data.length],
      [26, 2, text.length],
    ]);
    directory.push(
      record(46, 0x02014b50, text, [
        [10, 2, method],
        [20, 4, data.length],
        [24, 4, data.length],
        [28, 2, text.length],
        [42, 4, at],
      ]),
    );
    parts.push(local, data);
    at += local.length + data.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = record(22, 0x06054b50, new Uint8Array(0), [
    [8, 2, directory.length],
    [10, 2, directory.length],
    [12, 4, size],
    [16, 4, at],
  ]);
  return Uint8Array.from([...parts, ...directory, end].flatMap((part) => Array.from(part)));
}
