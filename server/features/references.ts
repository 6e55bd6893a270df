import type { Location } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import type { Span } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import { uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";
import type { FeatureContext } from "./context.ts";
import { assetOf, spotAt } from "./spot.ts";

interface FileSpan {
  readonly path: string;
  readonly span: Span;
}

/** The asset whose key stands at the position. Identifiers are TypeScript's own server's. */
export function keyedAt(workspace: Workspace, path: string, position: Position): Node | undefined {
  const spot = spotAt(workspace, path, position);
  return spot?.part === "key" ? assetOf(spot) : undefined;
}

/** Spans that name an asset, by key or by identifier, in the assets of other files or of one. */
export function readsOf(workspace: Workspace, node: Node, isRead: (reader: Node) => boolean = () => true): readonly FileSpan[] {
  const places = new Map<string, FileSpan>();
  for (const id of workspace.downstream(node.id)) {
    const reader = workspace.nodes.get(id);
    if (!reader || !isRead(reader)) continue;
    for (const { ref, target } of workspace.edges(reader)) {
      if (target === node.id) places.set(`${reader.path}\n${ref.span[0]}`, { path: reader.path, span: ref.span });
    }
  }
  return [...places.values()];
}

/** Every place that names the asset whose key stands at the position. */
export function references({ workspace }: FeatureContext, path: string, position: Position, withDeclaration: boolean): Location[] {
  const node = keyedAt(workspace, path, position);
  if (!node) return [];
  const own = withDeclaration ? [{ path: node.path, span: workspace.fact(node).keySpan }] : [];
  const uris = new Map<string, string>();
  return [...own, ...readsOf(workspace, node)].map((place) => {
    const uri = uris.get(place.path) ?? uriOfPath(place.path);
    uris.set(place.path, uri);
    return { uri, range: rangeOf(workspace.facts(place.path)!.lines, place.span) };
  });
}
