import type { AssetFact, PartitionsFact } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import type { Workspace } from "../../index/workspace.ts";
import { type Finding, type Inspected, isWhole, placeOf, titleOf } from "./finding.ts";

/** The partitions of an asset: their definition, "none", or `undefined` where they cannot be followed. */
export function partitionsOf(workspace: Workspace, node: Node, { partitions }: AssetFact): PartitionsFact | "none" | undefined {
  if (!partitions) return "none";
  if ("maker" in partitions) return partitions;
  const { path, index } = node.bound.partitions ?? {};
  return path === undefined ? undefined : workspace.facts(path)?.partitions[index!];
}

const isTime = ({ maker }: PartitionsFact) => !["staticPartitions", "dynamicPartitions", "multiPartitions"].includes(maker);
const nounOf = (fact: PartitionsFact) => (isTime(fact) ? "time" : fact.maker === "staticPartitions" ? "static keys" : "dynamic keys");

/**
 * Why an input of partitions cannot follow from the asset's own, by the rules of the runner's mapping; `undefined` where it can, or where
 * the syntax does not tell. Several dimensions are left to the run and the compiler.
 */
function mistake(down: PartitionsFact | "none", up: PartitionsFact | "none"): string | undefined {
  if (up === "none") return undefined;
  if (down === "none") return "is not partitioned and takes it as a whole, which has partitions";
  if (down.dimensions || up.dimensions) return undefined;
  if (isTime(down) && isTime(up)) {
    if (down.timezone === undefined || up.timezone === undefined || down.timezone === up.timezone) return undefined;
    return `counts time in ${down.timezone}, and it counts in ${up.timezone}`;
  }
  if (nounOf(down) !== nounOf(up)) return `is divided by ${nounOf(down)}, and it is divided by ${nounOf(up)}`;
  const lacking = up.keys ? (down.keys ?? []).filter((key) => !up.keys!.includes(key)) : [];
  const shown = lacking.slice(0, 3).map((key) => `"${key}"`);
  const more = lacking.length > 3 ? `, and ${lacking.length - 3} more` : "";
  return lacking.length === 0 ? undefined : `has partitions that it lacks (${shown.join(", ")}${more})`;
}

/** Inputs whose partitions do not follow from the asset's own, and that do not say which they want. */
export function partitionFindings({ workspace, path, facts }: Inspected): Finding[] {
  const found: Finding[] = [];
  const checked = new Set<number>();
  for (const node of workspace.nodesIn(path)) {
    if (!node.member || node.scope === "") continue;
    const fact = facts.assets[node.index]!;
    const down = partitionsOf(workspace, node, fact);
    for (const { ref, target } of workspace.edges(node)) {
      const upstream = ref.input === undefined || ref.chooses || target === undefined ? undefined : workspace.nodes.get(target);
      if (!upstream || !down || checked.has(ref.span[0]) || !isWhole(workspace, upstream)) continue;
      checked.add(ref.span[0]);
      const up = partitionsOf(workspace, upstream, workspace.fact(upstream));
      const why = up && mistake(down, up);
      if (why === undefined) continue;
      const [own, its] = [titleOf(workspace, node), titleOf(workspace, upstream)];
      const message = `${own} takes ${its} as its input "${ref.input}", but ${own} ${why}. Say which partitions it wants: .all(), .latest() or .partition(key).`;
      found.push({ code: "partition/mismatch", span: ref.span, message, related: [placeOf(workspace, upstream, `"${its}" is defined here.`)] });
    }
  }
  return found;
}
