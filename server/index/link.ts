import type { BoundKeyFact, ChainFact, FileFacts, RefFact } from "./facts.ts";
import type { KeyIndex } from "./key-index.ts";
import { type Bound, type Node, unbound } from "./node.ts";
import type { Resolver } from "./resolve.ts";

/** What linking one file found, and everything that the outcome hangs on. */
export interface Links {
  readonly targets: readonly (readonly (string | undefined)[])[];
  readonly bound: readonly Bound[];
  /** Files read or looked for. */
  readonly seen: ReadonlySet<string>;
  /** Keys looked up, as `scopeKey` writes them. */
  readonly keys: ReadonlySet<string>;
}

export const scopeKey = (scope: string, key: string): string => `${scope}\n${key}`;

export interface LinkHost {
  readonly resolver: Resolver;
  readonly keys: KeyIndex;
  /** Id of an asset by its position in its file. */
  readonly idAt: (path: string, index: number) => string | undefined;
}

/** Resolves every reference of one file's assets. */
export function linkFile(path: string, facts: FileFacts, nodes: readonly Node[], { resolver, keys, idAt }: LinkHost): Links {
  const seen = new Set<string>();
  const asked = new Set<string>();
  const shared = new Map<readonly RefFact[], readonly (string | undefined)[]>();

  const target = (ref: RefFact, scope: string): string | undefined => {
    if (ref.inline !== undefined) return idAt(path, ref.inline);
    if (ref.chain) {
      const meaning = resolver.resolve(path, ref.chain, seen);
      return meaning?.type === "asset" ? idAt(meaning.path, meaning.index) : undefined;
    }
    if (ref.key === undefined) return undefined;
    asked.add(scopeKey(scope, ref.key));
    return keys.ids(scope, ref.key)[0];
  };
  const targets = ({ index, scope }: Node): readonly (string | undefined)[] => {
    const { refs } = facts.assets[index]!;
    const known = shared.get(refs) ?? refs.map((ref) => target(ref, scope));
    shared.set(refs, known);
    return known;
  };
  const bound = ({ index }: Node): Bound => {
    const { ioManager, resources = [], partitions, rowType } = facts.assets[index]!;
    const keyed = (kind: BoundKeyFact["kind"], chosen: ChainFact) => {
      const meaning = resolver.resolve(path, chosen.chain, seen);
      return meaning?.type === "bound-key" && meaning.kind === kind ? meaning.name : undefined;
    };
    const manager = ioManager && keyed("io-manager", ioManager);
    const opened = resources.flatMap((each) => keyed("resource", each) ?? []);
    const placed = (type: "partitions" | "row-type", chain: readonly string[] | undefined) => {
      const meaning = chain && resolver.resolve(path, chain, seen);
      return meaning?.type === type ? { path: meaning.path, index: meaning.index } : undefined;
    };
    const named = placed("partitions", partitions && "chain" in partitions ? partitions.chain : undefined);
    const row = placed("row-type", rowType?.chain);
    if (manager === undefined && opened.length === 0 && !named && !row) return unbound;
    return {
      ...(manager === undefined ? {} : { manager }),
      ...(opened.length === 0 ? {} : { resources: opened }),
      ...(named ? { partitions: named } : {}),
      ...(row ? { rowType: row } : {}),
    };
  };
  return { targets: nodes.map(targets), bound: nodes.map(bound), seen, keys: asked };
}
