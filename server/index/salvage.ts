import { definers, packageBindings, packageName } from "./bindings.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import { type Definitions, definitionsOf } from "./definitions.ts";
import type { AssetFact, ExportFact, FileFacts, ImportFact } from "./facts.ts";
import { declaredExports, exportsOf, importsOf } from "./imports.ts";
import type { ts } from "./typescript.ts";

export type Syntax = (text: string) => ts.SourceFile;

/** What the tree of a whole file gave, good or not. */
export interface Extract {
  readonly imports: readonly ImportFact[];
  readonly exports: readonly ExportFact[];
  readonly definitions: Definitions;
}

const samePath = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
  a !== undefined && b !== undefined && a.join("\n") === b.join("\n");

/** `more` after `some`, without what `some` already has under the same name. */
function united<Item>(some: readonly Item[], more: readonly Item[], name: (item: Item) => string): Item[] {
  const names = new Set(some.map(name));
  return [...some, ...more.filter((item) => !names.has(name(item)))];
}
const localOf = ({ local }: ImportFact) => local;
const exportName = ({ name, spec }: ExportFact) => (name === "*" ? `* ${spec}` : name);
const pathText = ({ path }: { readonly path: readonly string[] }) => path.join("\n");

/** What an asset's record may claim ends where the next statement begins, whatever the damaged tree says. */
function clipped(asset: AssetFact, chunk: Chunk | undefined): AssetFact {
  if (!chunk || asset.span[1] <= chunk.end) return asset;
  return { ...asset, span: [asset.span[0], chunk.end], refs: asset.refs.filter(({ span }) => span[0] < chunk.end) };
}

/**
 * The damage may be in the very line that imports the package. In a file that was never seen whole, its names then stand for themselves
 * where nothing else declares them.
 */
function guessed(text: string, chunks: readonly Chunk[]): ImportFact[] {
  const declared = new Set(chunks.map(({ name }) => name));
  const isFree = (name: string) => !declared.has(name) && !new RegExp(`\\b(?:function|class)\\s+${name}\\b`).test(text);
  return text.includes(packageName) ? definers.filter(isFree).map((name) => ({ local: name, imported: name, spec: packageName })) : [];
}

/**
 * The definitions of a text with syntax errors. Error recovery loses or misplaces statements around the damage: each statement that
 * begins in the first column and whose definition the tree did not give is parsed on its own, with the file's imports or, where the
 * damage hit those, the last good ones.
 */
export function salvaged(text: string, source: ts.SourceFile, syntax: Syntax, lastGood: FileFacts | undefined): Extract {
  const looksLikeDefinition = (callee: string) => callee.includes(".") || lastImports.some(({ local }) => local === callee);
  const lastImports = [...importsOf(source), ...(lastGood?.imports ?? [])];
  const chunks = chunksOf(text, looksLikeDefinition);

  let imports = importsOf(source);
  for (const chunk of chunks) {
    if (chunk.isImport) imports = united(imports, importsOf(syntax(text.slice(chunk.start, chunk.end))), localOf);
  }
  imports = united(imports, lastGood?.imports ?? guessed(text, chunks), localOf);

  const bindings = packageBindings(imports);
  const whole = definitionsOf(source, bindings);
  let exports = [...exportsOf(source), ...declaredExports(source)];
  let { assets, aliases, boundKeys, partitions, checks } = whole;
  let config = whole.config;
  for (const chunk of chunks) {
    if (chunk.isImport || !bindings.pattern) continue;
    const starts = ({ span }: AssetFact) => chunk.start <= span[0] && span[0] < chunk.end;
    const known = assets.filter(starts);
    if (chunk.name !== undefined && known.some(({ path }) => path?.[0] === chunk.name)) continue;
    const piece = text.slice(chunk.start, chunk.end);
    if (piece.search(bindings.pattern) < 0) continue;
    const tree = syntax(piece);
    const part = definitionsOf(tree, bindings, chunk.start);
    exports = united(exports, [...exportsOf(tree), ...declaredExports(tree)], exportName);
    aliases = united(aliases, part.aliases, pathText);
    boundKeys = united(boundKeys, part.boundKeys, pathText);
    partitions = united(partitions, part.partitions, pathText);
    config ??= part.config;
    if (part.checks.length > 0) checks = [...checks.filter(({ ref }) => ref.span[0] < chunk.start || ref.span[0] >= chunk.end), ...part.checks];
    const isFound = part.assets.some(({ path }) => path !== undefined && path[0] === chunk.name);
    if (isFound || part.assets.length >= Math.max(1, known.length)) assets = renumbered(assets, known, part.assets);
  }
  const chunkAt = (offset: number) => chunks.findLast(({ start }) => start <= offset);
  assets = assets.map((asset) => clipped(asset, chunkAt(asset.span[0])));
  return { imports, exports, definitions: { aliases, assets, boundKeys, partitions, checks, ...(config ? { config } : {}) } };
}

/** `assets` with `added` in the place of `dropped`. References by position within the list are moved along. */
function renumbered(assets: readonly AssetFact[], dropped: readonly AssetFact[], added: readonly AssetFact[]): AssetFact[] {
  const kept = assets.filter((asset) => !dropped.includes(asset));
  const moved = (list: readonly AssetFact[], index: (old: number) => number) =>
    list.map((asset) => ({
      ...asset,
      refs: asset.refs.map(({ inline, ...ref }) => {
        const now = inline === undefined ? -1 : index(inline);
        return now < 0 ? ref : { ...ref, inline: now };
      }),
    }));
  return [...moved(kept, (old) => kept.indexOf(assets[old]!)), ...moved(added, (old) => old + kept.length)];
}

/**
 * Last good records of assets that the damaged text no longer gives, marked stale. An asset whose key the damage changed keeps its last
 * good key as well: until the file parses, nobody else should see a key come or go.
 */
export function withLastGood(assets: readonly AssetFact[], lastGood: FileFacts | undefined, text: string): AssetFact[] {
  const result = [...assets];
  const taken = new Set<AssetFact>();
  for (const old of lastGood?.assets ?? []) {
    const same = assets.find(
      (asset) => !taken.has(asset) && (old.path ? samePath(asset.path, old.path) : asset.path === undefined && asset.key === old.key),
    );
    if (same) taken.add(same);
    if (!same) result.push(relocated(old, text));
    else if (same.key !== old.key) result[result.indexOf(same)] = relocated(old, text);
  }
  return result;
}

/** A record moved to where its declaration stands now, as far as the text shows. */
function relocated(asset: AssetFact, text: string): AssetFact {
  const name = asset.path?.[0];
  const nameAt = asset.nameSpan?.[0] ?? asset.span[0];
  const match =
    name === undefined ? null : new RegExp(`^(?:export\\s+)?(?:const|let|var)\\s+${name.replaceAll("$", "\\$")}(?![\\w$])`, "m").exec(text);
  const shift = match && asset.path?.length === 1 && asset.nameSpan ? match.index + match[0].length - name!.length - nameAt : 0;
  const moved = ([start, end]: readonly [number, number]) => [clamp(start + shift), clamp(end + shift)] as const;
  const clamp = (offset: number) => Math.max(0, Math.min(offset, text.length));
  return {
    ...asset,
    stale: true,
    span: moved(asset.span),
    keySpan: moved(asset.keySpan),
    ...(asset.nameSpan ? { nameSpan: moved(asset.nameSpan) } : {}),
    ...(asset.ioManager ? { ioManager: { ...asset.ioManager, span: moved(asset.ioManager.span) } } : {}),
    // Positions in the file's list no longer hold: what was defined on the spot is looked up by its key.
    refs: asset.refs.map(({ inline, inputSpan, ...ref }) => ({
      ...ref,
      span: moved(ref.span),
      ...(inputSpan ? { inputSpan: moved(inputSpan) } : {}),
    })),
  };
}
