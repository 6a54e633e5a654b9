/** Checks a file's JSON before parsing it. */

/**
 * @returns the value, and the count of names in the outermost object as written: JSON.parse keeps only the last of two equal ones
 * @throws SyntaxError if it is no JSON, or has more arrays and objects than text about tensors and layers can have: each takes 56
 * bytes of memory, but `[]` only two of the file
 */
export function parseJson(json: string): { value: unknown; names: number } {
  const { length } = json;
  let [depth, names, nodes] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    const character = json[i];
    if (character === '"') {
      for (i++; i < length && json[i] !== '"'; i++) if (json[i] === "\\") i++;
    } else if (character === "{" || character === "[") {
      depth++;
      nodes++;
    } else if (character === "}" || character === "]") depth--;
    else if (character === ":" && depth === 1) names++;
  }
  // The densest honest text is that of tensors: an entry has three brackets in fifty characters. The shortest layer has one in twenty.
  if (nodes > 1000 + length / 12) throw new SyntaxError("little but brackets");
  return { value: JSON.parse(json), names };
}
