import type { AssetFact, Span } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import type { Workspace } from "../../index/workspace.ts";
import { defaultManager, managerOf, tableTargets, targetsWithout } from "./bindings.ts";
import { configAround, type Finding, type Inspected, isWhole, placeOf, titleOf } from "./finding.ts";
import { partitionsOf } from "./partitions.ts";

const listed = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");

/** An asset that uses a resource and is nobody's upstream may store its value itself: only the compiler and a run know. */
const mayStoreItself = (workspace: Workspace, node: Node, fact: AssetFact) =>
  (fact.resources?.length ?? 0) > 0 && workspace.downstream(node.id).length === 0;

/** Dimensions that say nowhere where they lie in a table, with the place to say it at. */
function unplaced(workspace: Workspace, node: Node, asset: AssetFact): readonly { readonly name?: string; readonly span: Span }[] {
  const { partitions } = asset;
  const fact = partitionsOf(workspace, node, asset);
  if (!partitions || !fact || fact === "none") return [];
  const at = (span: Span) => ("maker" in partitions ? span : partitions.span);
  if (fact.isPlaced === false) return [{ span: at(fact.span) }];
  return (fact.dimensions ?? []).flatMap(({ name, is }) => (is && "maker" in is && is.isPlaced === false ? [{ name, span: at(is.span) }] : []));
}

/** What cannot be stored, or nowhere, by what the targets of the project bind. */
export function storageFindings({ workspace, path, facts }: Inspected): Finding[] {
  const found: Finding[] = [];
  for (const node of workspace.nodesIn(path)) {
    const project = node.member && node.scope !== "" ? configAround(workspace, node.scope) : undefined;
    if (!project) continue;
    const fact = facts.assets[node.index]!;
    const { config } = project;
    const unbound = (key: string, span: Span) => {
      const lacking = targetsWithout(config, key);
      // What only some targets lack is told at those targets.
      if (key === defaultManager || lacking.length === 0 || lacking.length < config.targets.length) return;
      found.push({ code: "config/unbound-key", span, message: `No target of this project binds anything to "${key}".`, data: { key } });
    };
    const manager = managerOf(node, fact);
    if (manager !== undefined && fact.ioManager) unbound(manager, fact.ioManager.span);
    for (const name of node.bound.resources ?? []) unbound(name, fact.resources?.[0]?.span ?? fact.keySpan);
    if (node.kind === "source") continue;

    const tables = manager === undefined ? [] : tableTargets(workspace, project.path, config, manager);
    if (tables.length === 0) continue;
    const targets = listed(tables.map(({ name }) => name));
    if (fact.returns) {
      const message = `run returns ${fact.returns.type}, and what target ${targets} binds to "${manager}" stores tables. Return rows, an Arrow table, batches or a query.`;
      found.push({ code: "io/unsupported-value", span: fact.returns.span, message });
    }
    for (const { name, span } of unplaced(workspace, node, fact)) {
      const what = name === undefined ? "The partitions" : `Dimension "${name}"`;
      const message = `${what} of "${titleOf(workspace, node)}" cannot be found in the table that target ${targets} keeps: nothing says in which column. Name it: { column: "…" }.`;
      found.push({ code: "partition/missing-column", span, message });
    }
    if (node.place === undefined || mayStoreItself(workspace, node, fact)) continue;
    const others = workspace.places.ids(node.scope, node.place).flatMap((id) => (id === node.id ? [] : (workspace.nodes.get(id) ?? [])));
    const meeting = others.filter((other) => {
      const its = workspace.fact(other);
      return isWhole(workspace, other) && managerOf(other, its) === manager && !mayStoreItself(workspace, other, its) && other.key !== node.key;
    });
    if (meeting.length === 0) continue;
    const related = meeting.map((other) => placeOf(workspace, other, `"${titleOf(workspace, other)}" is stored in the same table.`));
    const names = listed(meeting.map((other) => titleOf(workspace, other)));
    const message = `"${titleOf(workspace, node)}" and ${names} would be stored in one table on target ${targets}. Give one of them another: table: { schema, name }.`;
    found.push({ code: "graph/storage-collision", span: fact.keySpan, message, related });
  }
  return found;
}

/** Targets that bind nothing to a key that the project's assets use, told where the config is. */
export function configFindings({ workspace, path, facts }: Inspected): Finding[] {
  const { config } = facts;
  const scope = workspace.projectOf(path);
  if (!config || workspace.configOf(scope)?.path !== path) return [];
  const users = new Map<string, Node>();
  for (const node of workspace.nodes.values()) {
    if (!node.member || node.scope !== scope) continue;
    for (const key of [node.bound.manager ?? [], node.bound.resources ?? []].flat()) if (!users.has(key)) users.set(key, node);
  }
  const found: Finding[] = [];
  for (const [key, user] of users) {
    const lacking = targetsWithout(config, key);
    if (lacking.length === 0 || lacking.length === config.targets.length || !isWhole(workspace, user)) continue;
    for (const { name, span } of lacking) {
      const message = `Target "${name}" binds nothing to "${key}", which "${titleOf(workspace, user)}" uses.`;
      const related = [placeOf(workspace, user, `"${titleOf(workspace, user)}" is defined here.`)];
      found.push({ code: "config/unbound-key", span, message, related, data: { key } });
    }
  }
  return found;
}
