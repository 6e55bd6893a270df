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
  /** Name of the I/O manager key it chooses, where that resolves. */
  manager: string | undefined;
}

/** A reference, and the id of the asset that it was resolved to. */
export interface Edge {
  readonly ref: RefFact;
  readonly target: string | undefined;
}

export const unlinked: readonly undefined[] = [];

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
    manager: undefined,
  }));
}
