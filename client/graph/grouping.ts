import type { Translate } from "../words.ts";
import { type FaceState, stateWord } from "./face.ts";
import type { AssetNode, ProjectGraph } from "./project-graph.ts";

export const groupings = ["group", "file", "ioManager", "status"] as const;
export type Grouping = (typeof groupings)[number];

export interface AssetGroup {
  /** Stable between refreshes. */
  readonly id: string;
  readonly label: string;
  /** In topological order. */
  readonly nodes: readonly AssetNode[];
}

const stateOrder: readonly FaceState[] = ["failed", "running", "waiting", "stale", "missing", "unknown", "fresh", "external"];

export interface GroupingFacts {
  readonly stateOf: (node: AssetNode) => FaceState;
  /** A uri as people read it: relative to the project. */
  readonly pathOf: (uri: string) => string;
}

/** The group of a node: what it is sorted under, and what is written there. */
function groupOf(node: AssetNode, by: Grouping, facts: GroupingFacts, t: Translate): readonly [id: string, label: string] {
  switch (by) {
    case "group":
      return node.group === undefined ? ["", t("Without a group")] : [node.group, node.group];
    case "file":
      return node.source === undefined ? ["", t("Without a file")] : [node.source.uri, facts.pathOf(node.source.uri)];
    case "ioManager":
      if (node.kind === "source") return ["?external", t("External")];
      return node.ioManager === undefined || node.ioManager === "ioManager" ? ["", t("Default I/O manager")] : [node.ioManager, node.ioManager];
    case "status": {
      const state = facts.stateOf(node);
      return [state, stateWord(state, t)];
    }
  }
}

/** The project's assets in groups; groups in the order of their first asset, by status the worst first. */
export function groupAssets(graph: ProjectGraph, by: Grouping, facts: GroupingFacts, t: Translate): readonly AssetGroup[] {
  const groups = new Map<string, { readonly id: string; readonly label: string; readonly nodes: AssetNode[] }>();
  for (const id of graph.order) {
    const node = graph.nodes.get(id);
    if (!node) continue;
    const [key, label] = groupOf(node, by, facts, t);
    const group = groups.get(key);
    if (group) group.nodes.push(node);
    else groups.set(key, { id: key, label, nodes: [node] });
  }
  const result = [...groups.values()];
  if (by === "status") result.sort((a, b) => stateOrder.indexOf(a.id as FaceState) - stateOrder.indexOf(b.id as FaceState));
  return result;
}
