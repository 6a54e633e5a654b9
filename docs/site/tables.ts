/** Tables that begin with an empty head, as Markdown asks for one: a cell, for those who hear the page. */

interface Token {
  type: string;
  tag: string;
  content: string;
}

export function withoutEmptyHeads({ tokens }: { tokens: Token[] }): void {
  tokens.forEach((token, i) => {
    const [inside, end] = [tokens[i + 1], tokens[i + 2]];
    if (token.type === "th_open" && inside?.content.trim() === "" && end) token.tag = end.tag = "td";
  });
}
