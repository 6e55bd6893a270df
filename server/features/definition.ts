import type { LocationLink } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import type { Node } from "../index/node.ts";
import { uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";
import type { FeatureContext } from "./context.ts";
import { spotAt } from "./spot.ts";

/** Where an asset is declared: its key's literal for those who come from a key, its name for those who come from a name. */
function declaration(workspace: Workspace, node: Node, by: "key" | "name") {
  const { lines } = workspace.facts(node.path)!;
  const fact = workspace.fact(node);
  return {
    targetUri: uriOfPath(node.path),
    targetRange: rangeOf(lines, fact.span),
    targetSelectionRange: rangeOf(lines, by === "name" ? (fact.nameSpan ?? fact.keySpan) : fact.keySpan),
  };
}

/**
 * The declaration of the asset that a key or an input's name stands for. Identifiers are left to TypeScript's own server; the name in
 * `inputs` leads to the asset's variable as well, so that the two answers are one.
 */
export function definition({ workspace }: FeatureContext, path: string, position: Position): LocationLink[] {
  const spot = spotAt(workspace, path, position);
  const facts = workspace.facts(path);
  if (!spot || !facts) return [];
  const originSelectionRange = rangeOf(facts.lines, spot.span);
  if (spot.type === "definition") {
    return spot.part === "key" ? [{ originSelectionRange, ...declaration(workspace, spot.node, "key") }] : [];
  }
  if (!spot.target || spot.part === "chain") return [];
  if (spot.part === "input") return [{ originSelectionRange, ...declaration(workspace, spot.target, "name") }];
  const same = workspace.keys.ids(spot.node.scope, spot.ref.key!).flatMap((id) => workspace.nodes.get(id) ?? []);
  return same.map((node) => ({ originSelectionRange, ...declaration(workspace, node, "key") }));
}
