import type { GraphDelta, GraphSnapshot, IndexedAsset, IndexedProject } from "../../runtime/src/model/graph.ts";

/** What the language server has told so far. */
export interface IndexState {
  readonly revision: number;
  /** False until the first full index is finished. */
  readonly complete: boolean;
  readonly projects: readonly IndexedProject[];
  /** By id. */
  readonly assets: ReadonlyMap<string, IndexedAsset>;
}

export const emptyIndex: IndexState = { revision: -1, complete: false, projects: [], assets: new Map() };

export function applySnapshot(snapshot: GraphSnapshot): IndexState {
  return {
    revision: snapshot.revision,
    complete: snapshot.complete,
    projects: snapshot.projects,
    assets: new Map(snapshot.assets.map((asset) => [asset.id, asset])),
  };
}

/** The state after a delta; `undefined` when the delta starts elsewhere, so that a snapshot must be asked for. */
export function applyDelta(state: IndexState, delta: GraphDelta): IndexState | undefined {
  if (delta.revision <= state.revision) return state;
  if (delta.base !== state.revision) return undefined;
  const assets = new Map(state.assets);
  for (const id of delta.removed) assets.delete(id);
  for (const asset of delta.changed) assets.set(asset.id, asset);
  return { revision: delta.revision, complete: delta.complete, projects: delta.projects ?? state.projects, assets };
}

const inside = (uri: string, folder: string) => uri === folder || uri.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

/** Uri of the deepest of these folders that holds the file. */
export function folderOf(uri: string, folders: readonly string[]): string | undefined {
  let best: string | undefined;
  for (const folder of folders) if (inside(uri, folder) && (best === undefined || folder.length > best.length)) best = folder;
  return best;
}

/** The index's assets by the uri of the project they lie in; a nested project takes its own. */
export function assetsByProject(state: IndexState): ReadonlyMap<string, readonly IndexedAsset[]> {
  const folders = state.projects.map((project) => project.uri);
  const byFile = new Map<string, string | undefined>();
  const result = new Map<string, IndexedAsset[]>(folders.map((folder) => [folder, []]));
  for (const asset of state.assets.values()) {
    if (!byFile.has(asset.uri)) byFile.set(asset.uri, folderOf(asset.uri, folders));
    const folder = byFile.get(asset.uri);
    if (folder !== undefined) result.get(folder)?.push(asset);
  }
  for (const assets of result.values()) assets.sort((a, b) => (a.uri === b.uri ? a.range.start.line - b.range.start.line : a.uri < b.uri ? -1 : 1));
  return result;
}

const sameEdges = (one: IndexedAsset["upstream"], other: IndexedAsset["upstream"]) =>
  one.length === other.length && one.every((edge, n) => edge.key === other[n]?.key && edge.input === other[n]?.input && edge.text === other[n]?.text);

/** True when two lists of assets differ at most in where their declarations stand. */
export const sameShape = (one: readonly IndexedAsset[], other: readonly IndexedAsset[]): boolean =>
  one.length === other.length &&
  one.every((a, n) => {
    const b = other[n];
    return (
      a === b ||
      (b !== undefined &&
        a.id === b.id &&
        a.key === b.key &&
        a.name === b.name &&
        a.uri === b.uri &&
        a.kind === b.kind &&
        a.group === b.group &&
        a.ioManager === b.ioManager &&
        a.description === b.description &&
        sameEdges(a.upstream, b.upstream))
    );
  });
