import type { Position } from "../../runtime/src/model/graph.ts";
import type { AssetFact, RefFact, Span } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import { covers, offsetAt } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";

/** What stands at a position: an asset's own key or name, or a reference to another asset, by the part of it that was pointed at. */
export type Spot =
  | { readonly type: "definition"; readonly part: "key" | "name"; readonly node: Node; readonly span: Span }
  | {
      readonly type: "reference";
      readonly part: "key" | "input" | "chain";
      readonly node: Node;
      readonly ref: RefFact;
      readonly target: Node | undefined;
      readonly span: Span;
    };

function definitionAt(fact: AssetFact, node: Node, offset: number): Spot | undefined {
  if (fact.key !== undefined && covers(fact.keySpan, offset)) return { type: "definition", part: "key", node, span: fact.keySpan };
  return fact.nameSpan && covers(fact.nameSpan, offset) ? { type: "definition", part: "name", node, span: fact.nameSpan } : undefined;
}

/** The asset or reference under a position; `undefined` where there is neither. */
export function spotAt(workspace: Workspace, path: string, position: Position): Spot | undefined {
  const facts = workspace.facts(path);
  if (!facts) return undefined;
  const offset = offsetAt(facts.lines, position);
  for (const node of workspace.nodesIn(path)) {
    const found = definitionAt(facts.assets[node.index]!, node, offset);
    if (found) return found;
    for (const { ref, target } of workspace.edges(node)) {
      const span = ref.inputSpan && covers(ref.inputSpan, offset) ? ref.inputSpan : covers(ref.span, offset) ? ref.span : undefined;
      if (!span) continue;
      const part = span === ref.inputSpan ? "input" : ref.key === undefined ? "chain" : "key";
      return { type: "reference", part, node, ref, target: target === undefined ? undefined : workspace.nodes.get(target), span };
    }
  }
  return undefined;
}

/** The asset that a spot is about: the one defined there, or the one named. */
export const assetOf = (spot: Spot | undefined): Node | undefined => (spot?.type === "definition" ? spot.node : spot?.target);
