/** A table of Markdown. */
export const markdown = (head: readonly string[], body: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => "-"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
