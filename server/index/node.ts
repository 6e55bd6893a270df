import type { AssetKind } from "../../runtime/src/model/graph.ts";
import type { AssetFact, FileFacts, RefFact } from "./facts.ts";
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
  /** Its table as stores fold names, for assets that would overwrite each other; left out where that is computed. */
  readonly place: string | undefined;
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
  /** The same of its row's type. */
  readonly rowType?: { readonly path: string; readonly index: number };
}

/** A reference, and the id of the asset that it was resolved to. */
export interface Edge {
  readonly ref: RefFact;
  readonly target: string | undefined;
}

export const unlinked: readonly undefined[] = [];
export const unbound: Bound = {};

/**
 * Schema and table as DuckDB compares them. A schema that an asset gives is another thing than one that its key gives: the I/O manager may
 * have one of its own, which comes between the two.
 */
function placeOf({ key, table, kind }: AssetFact): string | undefined {
  if (kind === "source" || table?.isComputed || (key === undefined && table?.name === undefined)) return undefined;
  const parts = key?.split("/") ?? [];
  const schema = table?.schema === undefined ? `${parts.at(-2) ?? "public"}/` : `${table.schema}.`;
  return `${schema}${table?.name ?? parts.at(-1)}`.toLowerCase();
}

export function nodesOf(path: string, facts: FileFacts, scope: string, covered: boolean): Node[] {
  if (facts.assets.length === 0) return [];
  const ids = idsOf(uriOfPath(path), facts.assets);
  return facts.assets.map((asset, index) => ({
    id: ids[index]!,
    path,
    index,
    kind: asset.kind,
    key: asset.key === undefined ? undefined : ownText(asset.key),
    scope,
    covered,
    member: covered && asset.exported === true,
    place: placeOf(asset),
    targets: unlinked,
    bound: unbound,
  }));
}
