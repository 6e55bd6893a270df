import type { Location } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import type { Span } from "../index/facts.ts";
import { uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import type { FeatureContext } from "./context.ts";
import { spotAt } from "./spot.ts";

/**
 * Every place that names the asset whose key stands at the position, by key or by identifier. Asked at an identifier there is no answer:
 * TypeScript's own server has it.
 */
export function references({ workspace }: FeatureContext, path: string, position: Position, withDeclaration: boolean): Location[] {
  const spot = spotAt(workspace, path, position);
  const node = spot?.part === "key" ? (spot.type === "definition" ? spot.node : spot.target) : undefined;
  if (!node) return [];
  const places = new Map<string, { readonly path: string; readonly span: Span }>();
  const add = (file: string, span: Span) => places.set(`${file}\n${span[0]}`, { path: file, span });
  if (withDeclaration) add(node.path, workspace.fact(node).keySpan);
  for (const id of workspace.downstream(node.id)) {
    const reader = workspace.nodes.get(id);
    if (reader) for (const { ref, target } of workspace.edges(reader)) if (target === node.id) add(reader.path, ref.span);
  }
  return [...places.values()].map((place) => ({ uri: uriOfPath(place.path), range: rangeOf(workspace.facts(place.path)!.lines, place.span) }));
}
