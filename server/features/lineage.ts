import { type CallHierarchyIncomingCall, type CallHierarchyItem, type CallHierarchyOutgoingCall, SymbolKind } from "vscode-languageserver/node";
import type { Position, Range } from "../../runtime/src/model/graph.ts";
import type { Node } from "../index/node.ts";
import { nameOf, uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";
import type { FeatureContext } from "./context.ts";
import { assetOf, spotAt } from "./spot.ts";
import { contained, titleOf } from "./symbols.ts";
import { upstreamOf } from "./upstream.ts";

/*
 * The call hierarchy of an asset is its lineage, with the direction of the code: as a function calls what it needs, an asset's outgoing
 * calls are the upstream assets that it reads, and its incoming calls the downstream ones that read it.
 */

function itemOf(workspace: Workspace, node: Node): CallHierarchyItem {
  const fact = workspace.fact(node);
  const { lines } = workspace.facts(node.path)!;
  return {
    name: titleOf(fact),
    kind: SymbolKind.Struct,
    detail: fact.group === undefined ? nameOf(node.path) : `${nameOf(node.path)} · ${fact.group}`,
    uri: uriOfPath(node.path),
    range: rangeOf(lines, fact.span),
    selectionRange: rangeOf(lines, contained(fact)),
    data: node.id,
  };
}

/** Places in which `reader` names `upstream`. */
function namings(workspace: Workspace, reader: Node, upstream: Node): Range[] {
  const { lines } = workspace.facts(reader.path)!;
  return workspace.edges(reader).flatMap(({ ref, target }) => (target === upstream.id ? [rangeOf(lines, ref.span)] : []));
}

/** The item's asset, unless it is gone or has moved since. */
const nodeOf = (workspace: Workspace, { data }: CallHierarchyItem): Node | undefined =>
  typeof data === "string" ? workspace.nodes.get(data) : undefined;

/** The asset that a position defines or names. */
export function prepareCallHierarchy({ workspace }: FeatureContext, path: string, position: Position): CallHierarchyItem[] | null {
  const spot = spotAt(workspace, path, position);
  const node = assetOf(spot);
  return node ? [itemOf(workspace, node)] : null;
}

/** Downstream assets. */
export function incomingCalls({ workspace }: FeatureContext, item: CallHierarchyItem): CallHierarchyIncomingCall[] {
  const node = nodeOf(workspace, item);
  const readers = (node ? workspace.downstream(node.id) : []).flatMap((id) => workspace.nodes.get(id) ?? []);
  return readers.map((reader) => ({ from: itemOf(workspace, reader), fromRanges: namings(workspace, reader, node!) }));
}

/** Upstream assets. */
export function outgoingCalls({ workspace }: FeatureContext, item: CallHierarchyItem): CallHierarchyOutgoingCall[] {
  const node = nodeOf(workspace, item);
  return (node ? upstreamOf(workspace, node) : []).map((upstream) => ({
    to: itemOf(workspace, upstream),
    fromRanges: namings(workspace, node!, upstream),
  }));
}
