/** Copies of a JSON text in which one value is another, at up to six places of every list and object. */
export function* damaged(json: string): Generator<string> {
  const places: string[][] = [];
  const walk = (value: unknown, path: string[]) => {
    places.push(path);
    if (typeof value === "object" && value !== null)
      for (const key of Object.keys(value).slice(0, 6)) walk((value as Record<string, unknown>)[key], [...path, key]);
  };
  walk(JSON.parse(json), []);
  for (const path of places)
    for (const other of [null, -1, 1e300, 1.5, "x", [], {}, [1, 2, 3]]) {
      const root = { root: JSON.parse(json) };
      let at: Record<string, unknown> = root;
      for (const key of ["root", ...path.slice(0, -1)].slice(0, path.length)) at = at[key] as Record<string, unknown>;
      at[path.at(-1) ?? "root"] = other;
      yield JSON.stringify(root.root);
    }
}
