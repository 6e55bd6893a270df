import { type DocumentSymbol, SymbolKind, type WorkspaceSymbol } from "vscode-languageserver/node";
import type { AssetFact } from "../index/facts.ts";
import { nameOf, uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";

/** What people call an asset: its key, else the variable that holds it. */
export const titleOf = ({ key, path }: AssetFact): string => key || path?.join(".") || "computed key";

/** A file's assets and nothing else: TypeScript's own server gives the rest of the outline. */
export function documentSymbols({ workspace }: FeatureContext, path: string): DocumentSymbol[] {
  const facts = workspace.facts(path);
  return (facts?.assets ?? []).map((asset) => ({
    name: titleOf(asset),
    detail: asset.group === undefined ? asset.kind : `${asset.kind} · ${asset.group}`,
    kind: SymbolKind.Struct,
    range: rangeOf(facts!.lines, asset.span),
    selectionRange: rangeOf(facts!.lines, contained(asset)),
  }));
}

/** The protocol wants the selection inside the range, also for a record that the text has outgrown. */
export const contained = ({ keySpan, span }: AssetFact) => (keySpan[0] >= span[0] && keySpan[1] <= span[1] ? keySpan : span);

/** True when the letters of the query come in this order. */
function matches(query: string, text: string): boolean {
  let at = 0;
  for (const letter of query) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

const most = 200;

/** Assets of all projects whose key has the query's letters in order, the closest first. */
export function workspaceSymbols({ workspace }: FeatureContext, query: string): WorkspaceSymbol[] {
  const wanted = query.toLowerCase().replace(/\s/g, "");
  const rank = (key: string) => (key === wanted ? 0 : key.startsWith(wanted) ? 1 : key.includes(wanted) ? 2 : 3);
  const found: { readonly id: string; readonly key: string; readonly rank: number }[] = [];
  for (const { id, key, covered } of workspace.nodes.values()) {
    if (!covered || key === undefined) continue;
    const lower = key.toLowerCase();
    if (matches(wanted, lower)) found.push({ id, key, rank: rank(lower) });
  }
  found.sort((a, b) => a.rank - b.rank || a.key.length - b.key.length || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return found.slice(0, most).map(({ id, key }) => {
    const node = workspace.nodes.get(id)!;
    const { lines } = workspace.facts(node.path)!;
    const range = rangeOf(lines, workspace.fact(node).keySpan);
    return { name: key, kind: SymbolKind.Struct, containerName: nameOf(node.path), location: { uri: uriOfPath(node.path), range } };
  });
}
