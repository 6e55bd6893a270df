import type { AssetKind } from "../../runtime/src/model/graph.ts";
import type { FileFacts, RefFact } from "./facts.ts";
import { idsOf } from "./ids.ts";
import { ownText } from "./pack.ts";
import { uriOfPath } from "./paths.ts";

/** An asset in its place; everything else about it is in the facts of its file. */
export interface Node {
  readonly id: string;
  readonly path: string;
  /** Position in the assets of its file. */
  readonly index: number;
  readonly kind: AssetKind;
  readonly key: string | undefined;
  /** Folder of its project; "" where there is none. */
  readonly scope: string;
  /** True where the project's config covers the file. */
  readonly covered: boolean;
  /** True for what the project loads: exported, from a file that the config covers. Only these have a right to their key. */
  readonly member: boolean;
  /** Ids of the assets that its references were resolved to, in their order. Replaced when the file is linked anew. */
  targets: readonly (string | undefined)[];
  /** What its I/O manager, resources and partitions were resolved to. */
  bound: Bound;
}

/** What an asset's names beside its upstream mean. */
export interface Bound {
  /** Name of the I/O manager key it chooses. */
  readonly manager?: string;
  /** Names of its resource keys. */
  readonly resources?: readonly string[];
  /** Where its partitions are defined under a name, by their position in that file. */
  readonly partitions?: { readonly path: string; readonly index: number };
}

/** A reference, and the id of the asset that it was resolved to. */
export interface Edge {
  readonly ref: RefFact;
  readonly target: string | undefined;
}

export const unlinked: readonly undefined[] = [];
export const unbound: Bound = {};

export function nodesOf(path: string, facts: FileFacts, scope: string, covered: boolean): Node[] {
  if (facts.assets.length === 0) return [];
  const ids = idsOf(uriOfPath(path), facts.assets);
  return facts.assets.map(({ kind, key, exported }, index) => ({
    id: ids[index]!,
    path,
    index,
    kind,
    key: key === undefined ? undefined : ownText(key),
    scope,
    covered,
    member: covered && exported === true,
    targets: unlinked,
    bound: unbound,
  }));
}
