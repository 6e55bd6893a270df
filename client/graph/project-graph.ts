import type { AssetKind, IndexedAsset, ManifestAsset, ManifestDimension, Range } from "../../runtime/src/model/graph.ts";
import { topologicalOrder } from "./order.ts";

/** Who knows the asset: its source text, the loaded project, both, or only the last load that worked. */
export type KnownBy = "both" | "index" | "manifest" | "last-load";

export interface AssetSource {
  readonly uri: string;
  readonly range: Range;
  readonly keyRange: Range;
}
export interface Upstream {
  /** Node of the upstream asset; left out where nothing has that key. */
  readonly id?: string;
  /** Key, or what stands in the source. */
  readonly text: string;
  /** Name of the input; left out for `deps`. */
  readonly input?: string;
  readonly handler?: string;
}
export interface AssetNode {
  /** The key; where it is computed and the project is not loaded, a stand-in that no key can equal. */
  readonly id: string;
  readonly key?: string;
  readonly label: string;
  readonly kind: AssetKind;
  readonly known: KnownBy;
  readonly group?: string;
  readonly description?: string;
  readonly ioManager?: string;
  readonly partitioned: boolean;
  /** Of an asset with partitions. */
  readonly dimensions?: readonly ManifestDimension[];
  readonly upstream: readonly Upstream[];
  /** Ids. */
  readonly downstream: readonly string[];
  readonly source?: AssetSource;
}
export interface ProjectGraph {
  readonly nodes: ReadonlyMap<string, AssetNode>;
  /** Ids, each after its upstream; in the order of definition where that leaves a choice. */
  readonly order: readonly string[];
}

export interface GraphParts {
  readonly indexed: readonly IndexedAsset[];
  /** Left out until the project was loaded once. */
  readonly loaded?: readonly ManifestAsset[];
  /** Keys of `loaded` that the last load could not confirm, because something did not load. */
  readonly unconfirmed?: ReadonlySet<string>;
  /** A file's path as the uri that the index uses. */
  readonly uriOf: (file: string) => string;
}

interface Wanted extends Omit<Upstream, "id"> {
  readonly key?: string;
}
type Draft = Omit<AssetNode, "downstream" | "upstream"> & { readonly wanted: readonly Wanted[] };

const sourceOf = (asset: IndexedAsset): AssetSource => ({ uri: asset.uri, range: asset.range, keyRange: asset.keyRange });
const lineAt = (line: number): Range => ({ start: { line, character: 0 }, end: { line, character: 0 } });

function indexedOnly(asset: IndexedAsset): Draft {
  return {
    id: asset.key ?? `?${asset.id}`,
    label: asset.key ?? asset.name ?? "?",
    kind: asset.kind,
    known: "index",
    partitioned: false,
    source: sourceOf(asset),
    wanted: asset.upstream.map((edge) => ({
      text: edge.key ?? edge.text,
      ...(edge.key === undefined ? {} : { key: edge.key }),
      ...(edge.input === undefined ? {} : { input: edge.input }),
    })),
    ...(asset.key === undefined ? {} : { key: asset.key }),
    ...(asset.group === undefined ? {} : { group: asset.group }),
    ...(asset.description === undefined ? {} : { description: asset.description }),
    ...(asset.ioManager === undefined ? {} : { ioManager: asset.ioManager }),
  };
}

function fromManifest(asset: ManifestAsset, known: KnownBy, source: AssetSource | undefined): Draft {
  return {
    id: asset.key,
    key: asset.key,
    label: asset.key,
    kind: asset.kind,
    known,
    partitioned: asset.partitioned,
    ...(asset.dimensions ? { dimensions: asset.dimensions } : {}),
    ioManager: asset.ioManager,
    wanted: [
      ...asset.inputs.map((input) => ({
        key: input.key,
        text: input.key,
        input: input.input,
        ...(input.handler === undefined ? {} : { handler: input.handler }),
      })),
      ...asset.deps.map((key) => ({ key, text: key })),
    ],
    ...(source === undefined ? {} : { source }),
    ...(asset.group === undefined ? {} : { group: asset.group }),
    ...(asset.description === undefined ? {} : { description: asset.description }),
  };
}

/** Assets whose key the syntax does not show, by file: a loaded asset finds its position among them by its line. */
function computedByFile(indexed: readonly IndexedAsset[]): ReadonlyMap<string, readonly IndexedAsset[]> {
  const result = new Map<string, IndexedAsset[]>();
  for (const asset of indexed) {
    if (asset.key !== undefined) continue;
    const known = result.get(asset.uri);
    if (known) known.push(asset);
    else result.set(asset.uri, [asset]);
  }
  return result;
}

/** One graph from both views of the project: the manifest wins on shape, the index on position. */
export function buildGraph({ indexed, loaded, unconfirmed = new Set(), uriOf }: GraphParts): ProjectGraph {
  const byKey = new Map<string, IndexedAsset>();
  for (const asset of indexed) if (asset.key !== undefined && !byKey.has(asset.key)) byKey.set(asset.key, asset);
  const computed = computedByFile(indexed);
  const placed = new Set<IndexedAsset>();
  const drafts = new Map<string, Draft>();
  const add = (draft: Draft) => {
    if (!drafts.has(draft.id)) drafts.set(draft.id, draft);
  };

  for (const asset of loaded ?? []) {
    const place = asset.place;
    const line = (place?.line ?? 1) - 1;
    const exact = byKey.get(asset.key);
    const around = exact ?? (place && computed.get(uriOf(place.file))?.find(({ range }) => range.start.line <= line && line <= range.end.line));
    if (around) placed.add(around);
    const source = around ? sourceOf(around) : place ? { uri: uriOf(place.file), range: lineAt(line), keyRange: lineAt(line) } : undefined;
    add(fromManifest(asset, unconfirmed.has(asset.key) ? "last-load" : exact ? "both" : "manifest", source));
  }
  for (const asset of indexed) if (!placed.has(asset)) add(indexedOnly(asset));

  const downstream = new Map<string, Set<string>>();
  const linked = [...drafts.values()].map(({ wanted, ...draft }) => {
    const upstream = wanted.map(({ key, ...edge }): Upstream => {
      if (key === undefined || !drafts.has(key)) return edge;
      const into = downstream.get(key);
      if (into) into.add(draft.id);
      else downstream.set(key, new Set([draft.id]));
      return { ...edge, id: key };
    });
    return { ...draft, upstream };
  });
  const nodes = new Map(linked.map((node): [string, AssetNode] => [node.id, { ...node, downstream: [...(downstream.get(node.id) ?? [])] }]));
  return { nodes, order: topologicalOrder(nodes) };
}
