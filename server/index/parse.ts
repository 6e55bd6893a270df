import { packageBindings, packageName } from "./bindings.ts";
import { definitionsOf } from "./definitions.ts";
import type { FileFacts } from "./facts.ts";
import { declaredExports, exportsOf, importsOf, typeImportsOf, withExported } from "./imports.ts";
import { rowTypesOf } from "./row-types.ts";
import { type Extract, salvaged, withLastGood } from "./salvage.ts";
import { lineStarts } from "./text.ts";
import { ts } from "./typescript.ts";

const options: ts.CreateSourceFileOptions = { languageVersion: ts.ScriptTarget.ESNext, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
const needle = Buffer.from(packageName);

/** False for a file that cannot define an asset, because it never names the package. */
export const mentionsPackage = (content: Buffer | string): boolean =>
  typeof content === "string" ? content.includes(packageName) : content.includes(needle);

/** One edit of a text, as TypeScript counts it: what it replaced in the former text, and how long the new piece is. */
export type TextChange = ts.TextChangeRange;

const syntaxOf = (path: string, text: string) => ts.createSourceFile(path, text, options, false);

// TypeScript keeps these on every tree but does not declare them.
const hasErrors = (source: ts.SourceFile) =>
  (source as ts.SourceFile & { readonly parseDiagnostics: readonly unknown[] }).parseDiagnostics.length > 0;

/** Facts of a text that TypeScript cannot take in: one nested deeper than its parser can go. */
function unreadable(text: string, lastGood: FileFacts | undefined): FileFacts {
  const none = { imports: [], exports: [], aliases: [], boundKeys: [], partitions: [], rowTypes: [], typeImports: [], checks: [] };
  return { ...none, ...lastGood, parses: false, lines: lineStarts(text), assets: withLastGood([], lastGood, text) };
}

function factsOf(source: ts.SourceFile, path: string, text: string, lastGood: FileFacts | undefined): FileFacts {
  const parses = !hasErrors(source);
  const lines = lineStarts(text);
  const imports = importsOf(source);
  const extract: Extract = parses
    ? { imports, exports: [...exportsOf(source), ...declaredExports(source)], definitions: definitionsOf(source, packageBindings(imports)) }
    : salvaged(text, source, (piece) => syntaxOf(path, piece), lastGood);
  const { definitions } = extract;
  const assets = withExported(definitions.assets, definitions.aliases, extract.exports);
  const config = definitions.config ?? (parses ? undefined : lastGood?.config);
  return {
    parses,
    lines,
    imports: extract.imports,
    exports: extract.exports,
    aliases: definitions.aliases,
    assets: parses ? assets : withLastGood(assets, lastGood, text),
    boundKeys: definitions.boundKeys,
    partitions: definitions.partitions,
    rowTypes: parses ? rowTypesOf(source) : (lastGood?.rowTypes ?? []),
    typeImports: parses ? typeImportsOf(source) : (lastGood?.typeImports ?? []),
    checks: definitions.checks,
    ...(config ? { config } : {}),
  };
}

/** Never throws. `lastGood` is the last record of the same file that came from a text without syntax errors. */
export function parseFacts(path: string, text: string, lastGood?: FileFacts): FileFacts {
  try {
    return factsOf(syntaxOf(path, text), path, text, lastGood);
  } catch {
    return unreadable(text, lastGood); // The parser and the walk recurse: a stack overflow is the text's fault, not the server's.
  }
}

/** Parses one open document again and again, reusing the tree where nothing changed. */
export interface OpenParser {
  /** `change` is against the text of the call before; without it the text is parsed from scratch. */
  readonly parse: (text: string, change: TextChange | undefined, lastGood: FileFacts | undefined) => FileFacts;
}

export function openParser(path: string): OpenParser {
  let source: ts.SourceFile | undefined;
  const next = (text: string, change: TextChange | undefined): ts.SourceFile => {
    if (!source || !change) return syntaxOf(path, text);
    try {
      return ts.updateSourceFile(source, text, change);
    } catch {
      return syntaxOf(path, text); // It asserts when a change does not fit the text.
    }
  };
  return {
    parse: (text, change, lastGood) => {
      try {
        source = next(text, change);
        return factsOf(source, path, text, lastGood);
      } catch {
        source = undefined;
        return unreadable(text, lastGood);
      }
    },
  };
}
