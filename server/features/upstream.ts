import type { Node } from "../index/node.ts";
import { distinct } from "../index/registry.ts";
import type { Workspace } from "../index/workspace.ts";

/** Assets that an asset names directly, each once. */
export const upstreamOf = (workspace: Workspace, node: Node): readonly Node[] =>
  [...distinct(node.targets)].flatMap((id) => workspace.nodes.get(id) ?? []);

/** How many assets would run with it: everything upstream at any distance that is no source. */
export function upstreamCount(workspace: Workspace, node: Node): number {
  const found = new Set([node.id]);
  const waiting = [node];
  let count = 0;
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    for (const next of upstreamOf(workspace, at)) {
      if (found.has(next.id)) continue;
      found.add(next.id);
      if (next.kind !== "source") count++;
      waiting.push(next);
    }
  }
  return count;
}
