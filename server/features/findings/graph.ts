import { nearestName } from "../../../runtime/src/model/nearest.ts";
import { wayBack } from "../../index/cycles.ts";
import type { RefFact } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import { distinct } from "../../index/registry.ts";
import { type Finding, type Inspected, isWhole, placeOf, titleOf } from "./finding.ts";

/** Keys that two assets have, upstream that is not there, and assets that wait for each other. */
export function graphFindings({ workspace, path }: Inspected): Finding[] {
  const found: Finding[] = [];

  const duplicateKey = (node: Node) => {
    const others = workspace.keys.ids(node.scope, node.key!).filter((id) => id !== node.id);
    const nodes = others.flatMap((id) => workspace.nodes.get(id) ?? []).filter((other) => isWhole(workspace, other));
    if (nodes.length === 0) return;
    const related = nodes.map((other) => placeOf(workspace, other, `"${node.key}" is also defined here.`));
    const message = `The key "${node.key}" is defined more than once. Give one of them another key.`;
    found.push({ code: "graph/duplicate-key", span: workspace.fact(node).keySpan, message, related });
  };

  const unknownKey = (node: Node, ref: RefFact) => {
    const nearest = nearestName(ref.key!, workspace.keys.keys(node.scope));
    const advice = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
    const message = `No asset of this project has the key "${ref.key}".${advice}`;
    found.push({ code: "graph/unknown-upstream", span: ref.span, message, ...(nearest === undefined ? {} : { data: { nearest } }) });
  };

  const notLoaded = (ref: RefFact, target: Node) => {
    const why = target.covered ? "its module does not export it" : `"assets" in sluice.config.ts does not cover its module`;
    const related = [placeOf(workspace, target, `"${titleOf(workspace, target)}" is defined here.`)];
    const message = `The project does not load "${titleOf(workspace, target)}": ${why}.`;
    found.push({ code: "graph/unknown-upstream", span: ref.span, message, related });
  };

  const cycle = (node: Node) => {
    const members = new Set(workspace.cycles().get(node.id));
    const next = (id: string) => [...distinct(workspace.nodes.get(id)?.targets ?? [])].filter((target) => members.has(target));
    const way = (wayBack(node.id, next) ?? []).flatMap((id) => workspace.nodes.get(id) ?? []);
    if (way.length < 2 || !way.every((member) => isWhole(workspace, member))) return;
    const closing = workspace.edges(node).find(({ target }) => target === way[1]!.id);
    const names = way.map((member) => titleOf(workspace, member));
    const related = way.slice(0, -1).map((member, index) => {
      const edge = workspace.edges(member).find(({ target }) => target === way[index + 1]!.id);
      return placeOf(workspace, member, `${names[index]} needs ${names[index + 1]}.`, edge?.ref.span);
    });
    const message = names.length === 2 ? `"${names[0]}" depends on itself.` : `These assets wait for each other: ${names.join(" -> ")}.`;
    found.push({ code: "graph/cycle", span: closing?.ref.span ?? workspace.fact(node).keySpan, message, related });
  };

  const checkedRefs = new Set<number>();
  for (const node of workspace.nodesIn(path)) {
    // Without a project nothing is loaded together: tests and scripts may define what they like.
    if (!node.covered || node.scope === "") continue;
    if (node.member && node.key !== undefined) duplicateKey(node);
    for (const { ref, target } of workspace.edges(node)) {
      // The outputs of one definition share its references.
      if (checkedRefs.has(ref.span[0])) continue;
      checkedRefs.add(ref.span[0]);
      const upstream = target === undefined ? undefined : workspace.nodes.get(target);
      if (upstream && !upstream.member) notLoaded(ref, upstream);
      else if (!upstream && ref.key !== undefined) unknownKey(node, ref);
    }
    if (workspace.cycles().has(node.id)) cycle(node);
  }
  return found;
}
