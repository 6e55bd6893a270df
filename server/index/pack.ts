import type { AliasFact, AssetFact, ExportFact, FileFacts, ImportFact, RefFact, Span } from "./facts.ts";

/** Facts as a text: a small part of the objects' memory, and what the cache on disk holds. */
export type PackedFacts = string;

/** Layout of what is packed: another number cannot be read. */
export const packVersion = 3;

/*
 * Lists instead of objects, because names of properties would be most of the text; 0 stands for what is left out. References that the
 * outputs of one definition share are written once.
 */
type Optional<Value> = Value | 0;
type PackedRef = readonly [
  target: string | readonly string[] | number,
  text: Optional<string>,
  start: number,
  end: number,
  input?: string,
  inputStart?: number,
  inputEnd?: number,
  chooses?: 1,
];
const moreFacts = ["group", "description", "ioManager", "partitions", "resources", "table", "mismatch", "rowType", "returns", "stale"] as const;
type MoreFacts = typeof moreFacts;
type PackedAsset = readonly [
  kind: AssetFact["kind"],
  path: Optional<readonly string[]>,
  key: Optional<string>,
  spans: readonly number[],
  refs: number,
  more: Optional<Pick<AssetFact, MoreFacts[number]>>,
  exported: 0 | 1,
];
type PackedExport = string | readonly [name: string, local: Optional<string>, imported: Optional<string>, spec: Optional<string>];
type Packed = readonly [
  parses: 0 | 1,
  lines: readonly number[],
  imports: readonly (readonly string[])[],
  exports: readonly PackedExport[],
  aliases: readonly (readonly [AliasFact["path"], AliasFact["chain"]])[],
  refs: readonly (readonly PackedRef[])[],
  assets: readonly PackedAsset[],
  rest: Optional<Partial<Pick<FileFacts, "boundKeys" | "partitions" | "rowTypes" | "typeImports" | "checks" | "config">>>,
];

const knownText = (target: PackedRef[0]) => (typeof target === "string" ? target : typeof target === "number" ? undefined : target.join("."));

function packRef({ input, inputSpan, chain, key, inline, chooses, text, span }: RefFact): PackedRef {
  const target = inline ?? chain ?? key ?? -1;
  const head = [target, text === knownText(target) ? 0 : text, span[0], span[1]] as const;
  if (input === undefined || !inputSpan) return head;
  const named = [...head, input, inputSpan[0], inputSpan[1]] as const;
  return chooses ? [...named, 1] : named;
}

function unpackRef([target, text, start, end, input, inputStart, inputEnd, chooses]: PackedRef): RefFact {
  const named = typeof target === "string" ? { key: target } : typeof target === "object" ? { chain: target } : target < 0 ? {} : { inline: target };
  return {
    ...(input === undefined ? {} : { input, inputSpan: [inputStart!, inputEnd!] as const }),
    ...named,
    ...(chooses === 1 ? { chooses: true } : {}),
    text: text === 0 ? knownText(target)! : text,
    span: [start, end],
  };
}

/** Imports of one module together: `[spec, local, imported, …]`. */
function packImports(imports: readonly ImportFact[]): string[][] {
  const packed: string[][] = [];
  for (const { local, imported, spec } of imports) {
    const last = packed.at(-1);
    if (last?.[0] === spec) last.push(local, imported);
    else packed.push([spec, local, imported]);
  }
  return packed;
}

function unpackImports(packed: Packed[2]): ImportFact[] {
  const imports: ImportFact[] = [];
  for (const list of packed) for (let at = 1; at < list.length; at += 2) imports.push({ local: list[at]!, imported: list[at + 1]!, spec: list[0]! });
  return imports;
}

const packExport = ({ name, local, imported, spec }: ExportFact): PackedExport =>
  name === local && imported === undefined && spec === undefined ? name : [name, local ?? 0, imported ?? 0, spec ?? 0];

function unpackExport(packed: PackedExport): ExportFact {
  if (typeof packed === "string") return { name: packed, local: packed };
  const [name, local, imported, spec] = packed;
  return { name, ...(local === 0 ? {} : { local }), ...(imported === 0 ? {} : { imported }), ...(spec === 0 ? {} : { spec }) };
}

function packAsset(asset: AssetFact, refs: number): PackedAsset {
  const { kind, path, key, span, keySpan, nameSpan, exported } = asset;
  const more: Pick<AssetFact, MoreFacts[number]> = Object.fromEntries(
    moreFacts.flatMap((name) => (asset[name] === undefined ? [] : [[name, asset[name]]])),
  );
  // An empty key is one as well, though a wrong one: only 0 is none.
  return [kind, path ?? 0, key ?? 0, [...span, ...keySpan, ...(nameSpan ?? [])], refs, Object.keys(more).length > 0 ? more : 0, exported ? 1 : 0];
}

function unpackAsset([kind, path, key, spans, , more, exported]: PackedAsset, refs: readonly RefFact[]): AssetFact {
  const span = (at: number): Span => [spans[at]!, spans[at + 1]!];
  return {
    kind,
    ...(path === 0 ? {} : { path }),
    ...(key === 0 ? {} : { key }),
    span: span(0),
    keySpan: span(2),
    ...(spans.length > 4 ? { nameSpan: span(4) } : {}),
    ...(more === 0 ? {} : more),
    refs,
    ...(exported === 1 ? { exported: true } : {}),
  };
}

export function pack({
  parses,
  lines,
  imports,
  exports,
  aliases,
  assets,
  boundKeys,
  partitions,
  rowTypes,
  typeImports,
  checks,
  config,
}: FileFacts): PackedFacts {
  const lists = [...new Set(assets.map(({ refs }) => refs))];
  const rest = {
    ...(boundKeys.length > 0 ? { boundKeys } : {}),
    ...(partitions.length > 0 ? { partitions } : {}),
    ...(rowTypes.length > 0 ? { rowTypes } : {}),
    ...(typeImports.length > 0 ? { typeImports } : {}),
    ...(checks.length > 0 ? { checks } : {}),
    ...(config ? { config } : {}),
  };
  const packed: Packed = [
    parses ? 1 : 0,
    lines.map((start, index) => start - (lines[index - 1] ?? 0)),
    packImports(imports),
    exports.map(packExport),
    aliases.map(({ path, chain }) => [path, chain]),
    lists.map((refs) => refs.map(packRef)),
    assets.map((asset) => packAsset(asset, lists.indexOf(asset.refs))),
    Object.keys(rest).length > 0 ? rest : 0,
  ];
  return JSON.stringify(packed);
}

export function unpack(text: PackedFacts): FileFacts {
  const [parses, lengths, imports, exports, aliases, lists, assets, rest] = JSON.parse(text) as Packed;
  let start = 0;
  const lines = lengths.map((length) => {
    start += length;
    return start;
  });
  const refs = lists.map((list) => list.map(unpackRef));
  const { boundKeys = [], partitions = [], rowTypes = [], typeImports = [], checks = [], config } = rest === 0 ? {} : rest;
  return {
    parses: parses === 1,
    lines,
    imports: unpackImports(imports),
    exports: exports.map(unpackExport),
    aliases: aliases.map(([path, chain]) => ({ path, chain })),
    assets: assets.map((asset) => unpackAsset(asset, refs[asset[4]]!)),
    boundKeys,
    partitions,
    rowTypes,
    typeImports,
    checks,
    ...(config ? { config } : {}),
  };
}

/** Groups of the assets of a file, without unpacking it: no text in it holds an unescaped quote. */
export const groupsIn = (packed: PackedFacts): readonly string[] =>
  Array.from(packed.matchAll(/"group":("(?:[^"\\]|\\.)*")/g), ([, group]) => JSON.parse(group!) as string);

/** True where a file makes I/O manager keys or resource keys. */
export const hasBoundKeys = (packed: PackedFacts): boolean => packed.includes('"boundKeys":[');

/** The same text, without the file's text behind it that a cut-out piece keeps alive. */
export const ownText = (text: string): string => (text.length < 13 ? text : (JSON.parse(JSON.stringify(text)) as string));
