import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Config } from "../assets/config.ts";
import type { AssetDefinition, ConfigDefinition, InputDefinition, LoadedProject } from "../assets/definition.ts";
import { definitionOf, plainInput } from "../assets/input-definition.ts";
import type { AnyAsset, AnyInput, Loaded } from "../assets/inputs.ts";
import type { Unpartitioned } from "../assets/partitions.ts";
import { readMoment } from "../engine/dynamic-partitions.ts";
import { buildGraph } from "../engine/graph.ts";
import { openHistory } from "../engine/history.ts";
import { partitionMap } from "../engine/partition-map.ts";
import { type PartitionAddress, partitioningOf } from "../engine/partitioning.ts";
import { executeRun, planRun } from "../engine/run.ts";
import type { Target } from "../engine/target.ts";
import { isKind } from "../io/manager.ts";
import { fromErrorInfo, isSluiceError, SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { keySelection } from "../model/selection.ts";
import { mapInput, planMapping } from "../partitions/mapping.ts";
import { selectPartitions } from "../partitions/select.ts";
import { collectAssets, uniqueAssets } from "./collect.ts";
import { findAssetFiles } from "./config.ts";
import { openStores, type Stores } from "./stores.ts";

export interface LibraryOptions<Name extends string = string> {
  readonly config: Config<Name>;
  /** The config's default when left out. */
  readonly target?: NoInfer<Name>;
  readonly signal?: AbortSignal;
  /** Key of the partition to load, of an asset with partitions. */
  readonly partition?: string;
  /** Folder that `.sluice` lies in and that patterns of asset files are relative to; the current one when left out. */
  readonly root?: string;
}
export interface MaterializeOptions<Name extends string = string> extends LibraryOptions<Name> {
  /** Missing or stale upstream assets run first. */
  readonly upstream?: boolean;
  /** Keys and ranges "A..B" of partitions, beside `partition`: of every selected asset that has such. */
  readonly partitions?: readonly string[];
  /** Of those partitions, or of all, only what is not stored or failed last. */
  readonly missing?: boolean;
  /** Values for `context.params`, by name. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Needed for a protected target. */
  readonly confirmed?: boolean;
  readonly concurrency?: number;
  readonly failFast?: boolean;
  readonly onEvent?: (event: RunEvent) => void;
}

export interface RunResult {
  readonly runId: string;
  /** False when a step failed or the run was cancelled. */
  readonly success: boolean;
  /** Keys of assets that failed. */
  readonly failed: readonly string[];
  /** What the asset has stored on the run's target. Throws `io/not-found`. */
  value<A extends AnyAsset>(asset: A): Promise<Loaded<A, Unpartitioned>>;
}

/** One set of open stores per config of a process, since a database file is opened once. */
const stores = new WeakMap<ConfigDefinition, Stores>();
function storesOf(config: ConfigDefinition, root: string): Stores {
  const open = stores.get(config) ?? openStores(root, config);
  stores.set(config, open);
  return open;
}

/**
 * Runs assets and stores what they return: those given, or those of the config's asset files that a selection names. A failed step makes
 * `success` false; what keeps a run from beginning is thrown.
 * @example const run = await materialize([salesSummary], { config, target: "local" });
 */
export async function materialize<Name extends string>(
  selection: string | readonly AnyAsset[],
  options: MaterializeOptions<Name>,
): Promise<RunResult> {
  const root = path.resolve(options.root ?? ".");
  const { config, signal = new AbortController().signal } = options;
  const given =
    typeof selection === "string" ? await assetsOfFiles(root, config) : reachable(selection as readonly unknown[] as readonly AssetDefinition[]);
  const project: LoadedProject = { root, config, assets: given, codeVersions: new Map() };
  const open = storesOf(config, root);
  const target = open.target(options.target ?? config.defaultTarget);
  const history = openHistory(path.join(root, ".sluice"));
  try {
    const text = typeof selection === "string" ? selection : selection.map(({ key }) => keySelection(key)).join(" or ");
    const { upstream = false, missing = false, params = {}, confirmed = false, failFast = false } = options;
    const named = [...(options.partition === undefined ? [] : [options.partition]), ...(options.partitions ?? [])];
    const partitions = named.length > 0 || options.partitions ? named : undefined;
    const plan = await planRun({ project, target, selection: text, upstream, partitions, missing, params, history, signal });
    const { runId, state, failed } = await executeRun({
      project,
      target,
      plan,
      history,
      signal,
      confirmed,
      failFast,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      ...(options.onEvent === undefined ? {} : { emit: options.onEvent }),
    });
    return { runId, success: state === "succeeded", failed, value: (asset) => load(asset, { ...options, target: target.name as NoInfer<Name> }) };
  } finally {
    history.close();
    await target.release();
  }
}

/**
 * Loads what an asset stored, in the shape asked for: of an asset with partitions `partition`, or what the input says, such as `.all()`.
 * Throws `io/not-found` where nothing is stored, `partition/unknown`, and `partition/mismatch` where nothing says which partitions.
 * @example const rows = await load(salesSummary.as(rows()), { config });
 */
export async function load<I extends AnyInput, Name extends string>(input: I, options: LibraryOptions<Name>): Promise<Loaded<I, Unpartitioned>> {
  return (await loadValue(input, options)) as Loaded<I, Unpartitioned>;
}

async function loadValue(input: AnyInput, options: LibraryOptions): Promise<unknown> {
  const root = path.resolve(options.root ?? ".");
  const { config, signal = new AbortController().signal } = options;
  const definition = isKind(input, "asset") ? plainInput(input as unknown as AssetDefinition) : definitionOf(input);
  const { upstream } = definition;
  if (!upstream) throw new SluiceError("config/invalid", "load() was given a self-dependency, which stands for no stored value.");
  const open = storesOf(config, root);
  const target = open.target(options.target ?? config.defaultTarget);
  const handler = definition.handler ?? upstream.handler;
  const { columns } = definition;
  const from = (each: typeof target, address: PartitionAddress) =>
    each
      .managerOf(upstream, definition.ioManager)
      .manager.loadInput({ key: upstream.key, table: upstream.table, ...address, columns, handler, signal });
  const load = async (address: PartitionAddress) => {
    try {
      return await from(target, address);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== "io/not-found" || !target.readFrom) throw error;
      return await from(target.readFrom, address);
    }
  };
  return upstream.partitions ? loadPartitions(upstream, definition, target, options, load) : load({ partitions: [] });
}

async function loadPartitions(
  upstream: AssetDefinition,
  definition: InputDefinition,
  target: Target,
  { partition, signal = new AbortController().signal }: LibraryOptions,
  load: (address: PartitionAddress) => Promise<unknown>,
): Promise<unknown> {
  const graph = buildGraph({ assets: new Map([[upstream.key, { ...upstream, step: undefined }]]) });
  const partitioning = partitioningOf(graph, await readMoment(graph, target, Date.now(), signal));
  const space = partitioning.spaceOf(upstream.key)!;
  const one = (key: string) => load(partitioning.address(upstream.key, [key]));
  if (partition !== undefined) return one(selectPartitions(space, [partition], upstream.key)[0]!);
  const plan = planMapping(undefined, definition, upstream.partitions);
  if ("mistake" in plan) {
    throw new SluiceError("partition/mismatch", `${upstream.key} has partitions; nothing says which of them to load.`, {
      asset: upstream.key,
      hint: `Give load() a partition, or load ${upstream.key} with .all(), .latest() or .partition(key).`,
    });
  }
  const { shape, upstream: mapped } = mapInput(plan, undefined, space);
  const { keys, outside } = mapped(undefined);
  if (outside !== undefined)
    throw new SluiceError("partition/unknown", `${upstream.key} has no partition "${outside}".`, { hint: space.hint(outside) });
  if (shape === "many") return partitionMap(upstream.key, keys, one);
  return shape === "merged" ? load(partitioning.address(upstream.key, keys)) : one(keys[0]!);
}

/** The assets given, and everything upstream of them. */
function reachable(given: readonly AssetDefinition[]): ReadonlyMap<string, AssetDefinition> {
  const found = new Map<string, AssetDefinition>();
  const waiting = [...given].reverse();
  for (let asset = waiting.pop(); asset !== undefined; asset = waiting.pop()) {
    const known = found.get(asset.key);
    if (known === asset) continue;
    if (known)
      throw new SluiceError("graph/duplicate-key", `Two assets have the key "${asset.key}".`, {
        asset: asset.key,
        hint: "Give one of them another key.",
      });
    for (const output of [asset, ...Object.values(asset.step?.outputs ?? {})]) found.set(output.key, output);
    for (const { upstream } of Object.values(asset.step?.inputs ?? {})) if (upstream) waiting.push(upstream);
  }
  return found;
}

/** Every asset of the config's files, loaded as the process itself loads modules. */
async function assetsOfFiles(root: string, config: ConfigDefinition): Promise<ReadonlyMap<string, AssetDefinition>> {
  const sites = [];
  for (const file of await findAssetFiles(root, config.assets)) {
    const exports = (await import(pathToFileURL(file).href)) as object;
    sites.push(...collectAssets(exports, file, undefined));
  }
  const { sites: unique, errors } = uniqueAssets(sites, root);
  if (errors[0]) throw fromErrorInfo(errors[0]);
  return new Map(Array.from(unique, ([key, { asset }]) => [key, asset]));
}
