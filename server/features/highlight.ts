import { type DocumentHighlight, DocumentHighlightKind } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import { rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";
import { keyedAt, readsOf } from "./references.ts";

/** Where the file names the asset whose key stands at the position: its own key as written, every other place as read. */
export function documentHighlights({ workspace }: FeatureContext, path: string, position: Position): DocumentHighlight[] {
  const node = keyedAt(workspace, path, position);
  if (!node) return [];
  const { lines } = workspace.facts(path)!;
  const own = node.path === path ? [{ range: rangeOf(lines, workspace.fact(node).keySpan), kind: DocumentHighlightKind.Write }] : [];
  const reads = readsOf(workspace, node, (reader) => reader.path === path);
  return [...own, ...reads.map(({ span }) => ({ range: rangeOf(lines, span), kind: DocumentHighlightKind.Read }))];
}
