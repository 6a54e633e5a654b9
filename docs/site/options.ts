/** The options of each factory: name, type, default, and what its docstring says. */

import ts from "typescript";

export interface Option {
  name: string;
  type: string;
  optional: boolean;
  /** As the docstring has it; undefined if it has none. */
  initial: string | undefined;
  text: string;
}

const DEFAULT = /\s*\bDefault:? (.+?)\.(?=\s|$)/;

function optionOf(symbol: ts.Symbol, checker: ts.TypeChecker, made: ts.Symbol | undefined): Option | undefined {
  // Properties of an Omit are made anew, without a declaration of their own.
  const own = made?.declarations ? checker.getPropertyOfType(checker.getDeclaredTypeOfSymbol(made), symbol.name) : undefined;
  const declared = (own ?? symbol).declarations?.[0];
  if (!declared || !ts.isPropertySignature(declared)) return undefined;
  const text = about(own ?? symbol, checker);
  return {
    name: symbol.name,
    type: declared.type?.getText().replace(/\s+/g, " ") ?? "",
    optional: declared.questionToken !== undefined,
    initial: DEFAULT.exec(text)?.[1],
    text: text.replace(DEFAULT, "").trim(),
  };
}

export interface Factory {
  /** The name of the interface that it makes. */
  made: string;
  /** What the interface's docstring says. */
  text: string;
  options: Option[];
}

/** Interfaces of options that are no layer's, loss's or the like. */
const OPTIONS = /(?:Options|Settings|Config)$/;

const about = (symbol: ts.Symbol, checker: ts.TypeChecker) =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker)).replace(/\s+/g, " ").trim();

/**
 * What files of types export: factories, which are functions from an object of options to plain data with a `type`; and interfaces of
 * options.
 */
export function optionsOf(paths: string[]) {
  const program = ts.createProgram(paths, { target: ts.ScriptTarget.ES2022, lib: ["lib.es2023.d.ts", "lib.dom.d.ts"], skipLibCheck: true });
  const checker = program.getTypeChecker();
  const factories = new Map<string, Factory>();
  const interfaces = new Map<string, Option[]>();
  const listed = (type: ts.Type, made?: ts.Symbol) => type.getProperties().flatMap((property) => optionOf(property, checker, made) ?? []);
  for (const path of paths) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path) as ts.SourceFile) as ts.Symbol;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (symbol.flags & ts.SymbolFlags.Interface && OPTIONS.test(exported.name))
        interfaces.set(exported.name, listed(checker.getDeclaredTypeOfSymbol(symbol)));
      if (!(symbol.flags & ts.SymbolFlags.Variable)) continue;
      const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
      const [parameter] = signature?.parameters ?? [];
      const type = signature?.getReturnType();
      if (!parameter || !type?.symbol || !type.getProperty("type")) continue;
      const given = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
      factories.set(exported.name, { made: type.symbol.name, text: about(type.symbol, checker), options: listed(given, type.symbol) });
    }
  }
  return { factories, interfaces };
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A list: of each option its name, type and default, and below them what it is. Those that must be given come first. */
export function listOf(options: Option[]): string {
  if (options.length === 0) return "None.\n";
  const sorted = options.toSorted((a, b) => Number(a.optional) - Number(b.optional));
  const items = sorted.map(({ name, type, optional, initial, text }) => {
    const last = optional ? initial && `default: ${escaped(initial).replace(/`([^`]*)`/g, "<code>$1</code>")}` : "required";
    return `<dt v-pre id="option-${name.toLowerCase()}"><code>${name}</code> <span>${escaped(type)}</span> <span>${last ?? ""}</span></dt>\n<dd>\n\n${text.replaceAll("<", "&lt;")}\n\n</dd>`;
  });
  return `<dl class="options">\n${items.join("\n")}\n</dl>\n`;
}
