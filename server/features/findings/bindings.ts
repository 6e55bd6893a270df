import { packageName } from "../../index/bindings.ts";
import type { AssetFact, ConfigFact, FileFacts, TargetFact } from "../../index/facts.ts";
import type { Node } from "../../index/node.ts";
import type { Workspace } from "../../index/workspace.ts";

/** The I/O manager key of assets that choose none. */
export const defaultManager = "ioManager";

/** Name of the I/O manager key that an asset uses; `undefined` where it chooses one that cannot be followed. */
export const managerOf = (node: Node, fact: AssetFact): string | undefined => node.bound.manager ?? (fact.ioManager ? undefined : defaultManager);

/** The package's function that makes what a target binds: "duckdb"; `undefined` for anything else. */
export function makerOf(maker: readonly string[] | undefined, { imports }: FileFacts): string | undefined {
  const [first, second] = maker ?? [];
  const found = imports.find(({ local }) => local === first);
  if (!found || (found.spec !== packageName && !found.spec.startsWith(`${packageName}/`))) return undefined;
  return found.imported === "*" ? second : found.imported;
}

/** I/O managers that store tables and nothing else. */
const tableStores = new Set(["duckdb"]);

/** Targets that bind a store of tables to an I/O manager key. */
export function tableTargets(workspace: Workspace, configPath: string, { bound }: ConfigFact, manager: string): readonly TargetFact[] {
  const facts = workspace.facts(configPath);
  if (!facts) return [];
  return bound.filter(({ bindings }) => {
    const binding = bindings.find(({ name }) => name === manager);
    return tableStores.has(makerOf(binding?.maker, facts) ?? "");
  });
}

/** Targets that are written out whole and bind nothing to a key. */
export const targetsWithout = ({ bound }: ConfigFact, key: string): readonly TargetFact[] =>
  bound.filter(({ isWhole, bindings }) => isWhole && !bindings.some(({ name }) => name === key));
