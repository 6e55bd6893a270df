import type { AssetDefinition, InputDefinition, LoadedProject, PartitionsDefinition, StepDefinition } from "../assets/definition.ts";
import { type ErrorInfo, isSluiceError, toErrorInfo } from "../model/errors.ts";
import type { AssetState } from "../model/graph.ts";
import { nearestName } from "../model/nearest.ts";
import type { SelectableAsset } from "../model/selection.ts";
import { mistakeText, type PartitionMapping, planMapping } from "../partitions/mapping.ts";
import { stackLinePlace } from "./user-place.ts";

/** One call of `run`, with the assets it reads and makes by key. */
export interface GraphStep {
  /** Unique in the graph: the asset's key, or the prefix of `assets()`. */
  readonly name: string;
  readonly definition: StepDefinition;
  readonly assets: readonly string[];
  /** Keys of inputs and deps that exist, each once. */
  readonly upstream: readonly string[];
  readonly inputs: readonly GraphInput[];
  /** What all its assets are divided by. */
  readonly partitions?: PartitionsDefinition;
}
export interface GraphInput {
  readonly name: string;
  /** `undefined` for `self`. */
  readonly key: string | undefined;
  readonly definition: InputDefinition;
  /** How its partitions follow; left out where neither side has any, and where they do not fit. */
  readonly mapping?: PartitionMapping;
}
export interface GraphAsset {
  readonly key: string;
  readonly definition: AssetDefinition;
  /** Left out for a source. */
  readonly step?: GraphStep;
  readonly upstream: readonly string[];
  /** Keys of the assets that name it in inputs or deps. */
  readonly downstream: readonly string[];
}
/** What is wrong with the graph, and which assets cannot run because of it. */
export interface GraphError extends ErrorInfo {
  readonly assets: readonly string[];
}
/** Who depends on whom, in topological order. */
export interface AssetGraph {
  readonly assets: ReadonlyMap<string, GraphAsset>;
  readonly steps: ReadonlyMap<string, GraphStep>;
  /** Keys that are somebody's input. */
  readonly loaded: ReadonlySet<string>;
  readonly errors: readonly GraphError[];
}

const placeOf = (asset: AssetDefinition) => {
  const place = asset.definedAt === undefined ? undefined : stackLinePlace(asset.definedAt);
  return place === undefined ? {} : { place };
};
/** Facts that every error about an asset carries. */
export const aboutAsset = (asset: AssetDefinition) => ({ asset: asset.key, ...placeOf(asset) });

/** Builds the graph of a loaded project, with everything that is wrong in it: `graph/unknown-upstream`, `graph/cycle`. */
export function buildGraph(project: Pick<LoadedProject, "assets">): AssetGraph {
  const errors: GraphError[] = [];
  const stepOf = new Map<StepDefinition, GraphStep>();
  const names = new Set<string>();
  const loaded = new Set<string>();
  const downstream = new Map<string, string[]>();
  for (const key of project.assets.keys()) downstream.set(key, []);

  function stepFor(definition: StepDefinition): GraphStep {
    const known = stepOf.get(definition);
    if (known) return known;
    const assets = Object.values(definition.outputs).flatMap(({ key }) => (project.assets.get(key)?.step === definition ? [key] : []));
    const first = project.assets.get(assets[0]!)!;
    let name = names.has(definition.id) ? first.key : definition.id;
    for (let i = 2; names.has(name); i++) name = `${first.key} (${i})`;
    names.add(name);

    const upstream = new Set<string>();
    const inputs: GraphInput[] = [];
    for (const [input, wanted] of Object.entries(definition.inputs)) {
      const key = wanted.upstream?.key;
      const mapping = mappingOf(first, assets, input, wanted);
      inputs.push({ name: input, key, definition: wanted, ...(mapping ? { mapping } : {}) });
      if (key === undefined) continue;
      if (project.assets.has(key)) {
        upstream.add(key);
        loaded.add(key);
      } else {
        errors.push({
          code: "graph/unknown-upstream",
          message: `${first.key} takes "${key}" as its input "${input}", and no module that the project loads exports an asset of that key.`,
          hint: `Export it from a module that "assets" in sluice.config.ts covers.`,
          ...aboutAsset(first),
          assets,
        });
      }
    }
    for (const key of definition.deps) {
      if (project.assets.has(key)) upstream.add(key);
      else {
        const nearest = nearestName(key, project.assets.keys());
        errors.push({
          code: "graph/unknown-upstream",
          message: `${first.key} depends on "${key}", and there is no asset of that key.`,
          hint: nearest === undefined ? 'Check the key in "deps".' : `Did you mean "${nearest}"?`,
          ...aboutAsset(first),
          assets,
        });
      }
    }
    const { partitions } = first;
    const step: GraphStep = { name, definition, assets, upstream: [...upstream], inputs, ...(partitions ? { partitions } : {}) };
    for (const key of upstream) downstream.get(key)!.push(...assets);
    stepOf.set(definition, step);
    return step;
  }

  /** `undefined` where no partitions are involved, and where they do not fit: then an error says so. */
  function mappingOf(asset: AssetDefinition, assets: readonly string[], name: string, input: InputDefinition): PartitionMapping | undefined {
    const upstream = input.upstream ? project.assets.get(input.upstream.key) : asset;
    if (!upstream || (!upstream.partitions && !input.take && !input.merged && input.upstream)) return undefined;
    try {
      const found = planMapping(asset.partitions, input, upstream.partitions);
      if (!("mistake" in found)) return found;
      const message = mistakeText(asset.key, upstream.key, name, found);
      errors.push({ code: "partition/mismatch", message, hint: found.hint, ...aboutAsset(asset), assets });
    } catch (thrown) {
      if (!isSluiceError(thrown)) throw thrown;
      const { stack: _, ...info } = toErrorInfo(thrown, thrown.code);
      errors.push({ ...info, ...aboutAsset(upstream), assets });
    }
    return undefined;
  }

  const nodes = new Map<string, GraphAsset>();
  for (const [key, definition] of project.assets) {
    const step = definition.step && stepFor(definition.step);
    nodes.set(key, { key, definition, ...(step ? { step } : {}), upstream: step?.upstream ?? [], downstream: downstream.get(key)! });
  }
  const { order, cycles } = sorted(nodes);
  for (const cycle of cycles) {
    const path = [...cycle, cycle[0]!];
    errors.push({
      code: "graph/cycle",
      message: `${cycle.length === 1 ? `${cycle[0]} depends on itself` : `${cycle.length} assets wait for each other`}: ${path.join(" -> ")} (each needs the next).`,
      hint: 'Take one of them out of the "inputs" or "deps" of the one before it.',
      ...aboutAsset(nodes.get(cycle[0]!)!.definition),
      assets: cycle,
    });
  }
  const assets = new Map(order.map((key) => [key, nodes.get(key)!]));
  const steps = new Map<string, GraphStep>();
  for (const asset of assets.values()) if (asset.step) steps.set(asset.step.name, asset.step);
  return { assets, steps, loaded, errors };
}

/** Depth first, so that what belongs together stays together; each cycle's keys from its first to the one that closes it. */
function sorted(nodes: ReadonlyMap<string, GraphAsset>): { readonly order: readonly string[]; readonly cycles: readonly (readonly string[])[] } {
  const order: string[] = [];
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const inCycle = new Set<string>();
  const path: { readonly key: string; next: number }[] = [];
  for (const root of nodes.keys()) {
    if (state.has(root)) continue;
    path.push({ key: root, next: 0 });
    state.set(root, "open");
    while (path.length > 0) {
      const top = path.at(-1)!;
      const upstream = nodes.get(top.key)!.upstream[top.next++];
      if (upstream === undefined) {
        path.pop();
        state.set(top.key, "done");
        order.push(top.key);
      } else if (!state.has(upstream)) {
        path.push({ key: upstream, next: 0 });
        state.set(upstream, "open");
      } else if (state.get(upstream) === "open") {
        const cycle = path.slice(path.findIndex(({ key }) => key === upstream)).map(({ key }) => key);
        if (cycle.some((key) => inCycle.has(key))) continue;
        for (const key of cycle) inCycle.add(key);
        cycles.push(cycle);
      }
    }
  }
  return { order, cycles };
}

/** Everything upstream of the keys, the keys included. */
export function withUpstream(graph: AssetGraph, keys: Iterable<string>): ReadonlySet<string> {
  const found = new Set(keys);
  for (const key of found) for (const upstream of graph.assets.get(key)?.upstream ?? []) found.add(upstream);
  return found;
}

/** The graph as selections see it. */
export function selectableAssets(graph: AssetGraph, root: string, states?: ReadonlyMap<string, AssetState>): readonly SelectableAsset[] {
  return Array.from(graph.assets.values(), ({ key, definition, upstream }) => ({
    key,
    upstream,
    group: definition.group,
    kinds: definition.kinds,
    tags: definition.tags,
    owners: definition.owners,
    ioManager: definition.ioManager,
    status: states?.get(key),
    get file() {
      const { place } = placeOf(definition);
      return place?.file.startsWith(root) ? place.file.slice(root.length).replaceAll("\\", "/").replace(/^\//, "") : undefined;
    },
  }));
}
