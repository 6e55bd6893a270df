import type { AssetDefinition, TargetDefinition } from "../assets/definition.ts";
import type { Dimension } from "../assets/partitions.ts";
import { storageCollisions } from "../engine/check-target.ts";
import { buildGraph, type GraphAsset, type GraphError } from "../engine/graph.ts";
import { stackLinePlace } from "../engine/user-place.ts";
import type { AnyIOManager } from "../io/manager.ts";
import { isKind } from "../io/manager.ts";
import type { ErrorInfo } from "../model/errors.ts";
import type { Manifest, ManifestAsset, ManifestDimension, ManifestTarget } from "../model/graph.ts";
import { dimensionsOf, isDynamic, isTime } from "../partitions/space.ts";
import type { ProjectState } from "./project.ts";
import type { Stores } from "./stores.ts";

/** What a project is, as plain data: assets in topological order, targets, and everything that is wrong with it. */
export function toManifest(root: string, state: ProjectState, stores: Stores | undefined, library: Manifest["library"]): Manifest {
  const { loaded } = state;
  const own = [...(state.configError ? [state.configError] : []), ...state.errors];
  if (!loaded) return { root, targets: [], defaultTarget: "", assets: [], errors: own, library };
  const graph = buildGraph(loaded);
  const collisions = stores ? Object.keys(loaded.config.targets).flatMap((name) => storageCollisions(graph, stores.target(name))) : [];
  return {
    root,
    targets: Object.entries(loaded.config.targets).map(([name, target]) => manifestTarget(name, target)),
    defaultTarget: loaded.config.defaultTarget,
    assets: Array.from(graph.assets.values(), (asset) => manifestAsset(asset, loaded.codeVersions.get(asset.key))),
    errors: [...own, ...[...graph.errors, ...collisions].map(plainError)],
    library,
  };
}

const plainError = ({ assets: _, ...error }: GraphError): ErrorInfo => error;

function manifestTarget(name: string, { protected: isProtected, bindings }: TargetDefinition): ManifestTarget {
  const named = Object.entries(bindings).map(([key, bound]): [string, string] => {
    const isResource = isKind(bound, "resource");
    return [key, (bound as AnyIOManager).name ?? (isResource ? "resource" : "I/O manager")];
  });
  return { name, protected: isProtected, bindings: Object.fromEntries(named) };
}

function manifestAsset({ key, definition, step }: GraphAsset, codeVersion: string | undefined): ManifestAsset {
  const place = placeOf(definition);
  const { group, description } = definition;
  return {
    key,
    kind: definition.assetKind,
    ...(group === undefined ? {} : { group }),
    ...(description === undefined ? {} : { description }),
    kinds: definition.kinds,
    tags: definition.tags,
    owners: definition.owners,
    inputs: (step?.inputs ?? []).flatMap(({ name, key: upstream, definition: wanted }) =>
      upstream === undefined ? [] : [{ input: name, key: upstream, ...(wanted.handler ? { handler: wanted.handler.name } : {}) }],
    ),
    deps: step?.definition.deps ?? [],
    ioManager: definition.ioManager,
    partitioned: definition.partitions !== undefined,
    ...(definition.partitions ? { dimensions: dimensionsOf(definition.partitions).map(manifestDimension) } : {}),
    ...(place ? { place } : {}),
    ...(codeVersion === undefined ? {} : { codeVersion }),
  };
}

const manifestDimension = ([name, dimension]: readonly [string, Dimension]): ManifestDimension =>
  isDynamic(dimension) ? { name, type: "dynamic", dynamic: dimension.name } : { name, type: isTime(dimension) ? "time" : "static" };

const placeOf = ({ definedAt }: AssetDefinition) => (definedAt === undefined ? undefined : stackLinePlace(definedAt));
