import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Config } from "../assets/config.ts";
import type { AssetDefinition, ConfigDefinition, LoadedProject } from "../assets/definition.ts";
import type { AnyAsset, AnyInput, Loaded } from "../assets/inputs.ts";
import { chosenParts, type PartitionChoice, type PartitionOption } from "../assets/partition-choice.ts";
import type { Unpartitioned } from "../assets/partitions.ts";
import { checkProperties } from "../assets/spec.ts";
import { type CheckRun, runChecks } from "../engine/check-run.ts";
import { openHistory } from "../engine/history.ts";
import { executeRun, planRun } from "../engine/run.ts";
import { storedValue, wantsPartition } from "../engine/stored-value.ts";
import { fromErrorInfo, SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { keySelection } from "../model/selection.ts";
import { collectAssets, uniqueAssets } from "./collect.ts";
import { findAssetFiles } from "./config.ts";
import { openStores, type Stores } from "./stores.ts";

export interface LibraryOptions<Name extends string = string> {
  readonly config: Config<Name>;
  /** The config's default when left out. */
  readonly target?: NoInfer<Name>;
  readonly signal?: AbortSignal;
  /** Folder that `.sluice` lies in and that patterns of asset files are relative to; the current one when left out. */
  readonly root?: string;
}
export interface MaterializeOptions<Name extends string = string> extends LibraryOptions<Name>, PartitionChoice {
  /** Missing or stale upstream assets run first. */
  readonly upstream?: boolean;
  /** Of the partitions asked for, or of all, only what is not stored or failed last. */
  readonly missing?: boolean;
  /** Values for `context.params`, by name. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Needed for a protected target. */
  readonly confirmed?: boolean;
  readonly concurrency?: number;
  readonly failFast?: boolean;
  readonly onEvent?: (event: RunEvent) => void;
}
export interface CheckOptions<Name extends string = string> extends LibraryOptions<Name>, PartitionChoice {
  readonly onEvent?: (event: RunEvent) => void;
}
/** `partition` is the one to load, of an asset with partitions. */
export type LoadOptions<I, Name extends string = string> = LibraryOptions<Name> & PartitionOption<I>;

export interface RunResult {
  readonly runId: string;
  /** False when a step failed or the run was cancelled. */
  readonly success: boolean;
  /** Keys of assets that failed. */
  readonly failed: readonly string[];
  /** What the asset has stored on the run's target, like `load`; of an asset with partitions the one the run was asked for, where it was one. */
  value<I extends AnyInput>(input: I, options?: Partial<PartitionOption<I>>): Promise<Loaded<I, Unpartitioned>>;
}
const runOptions = ["partitions", "range", "upstream", "missing", "params", "confirmed", "concurrency", "failFast", "onEvent"] as const;
const shared = ["config", "target", "signal", "root", "partition"] as const;

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
  checkProperties("materialize()", options, [...shared, ...runOptions]);
  const { signal = new AbortController().signal } = options;
  const { project, text, target, history } = await opened(selection, options);
  try {
    const { upstream = false, missing = false, params = {}, confirmed = false, failFast = false } = options;
    const partitions = chosenParts(options);
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
    return {
      runId,
      success: state === "succeeded",
      failed,
      value: async <I extends AnyInput>(input: I, which: { readonly partition?: unknown } = {}) => {
        const partition = which.partition ?? (wantsPartition(input) ? options.partition : undefined);
        return (await storedValue(target, input, { partition, signal: new AbortController().signal })) as Loaded<I, Unpartitioned>;
      },
    };
  } finally {
    history.close();
    await target.release();
  }
}

/**
 * Makes the checks of what is stored, blocking or not, and stores nothing: of the assets given, or of those of the config's asset files that a
 * selection names; of partitions, those asked for, or all that are stored. What keeps all of them from being made is thrown.
 * @example const { passed } = await checkAssets([sales], { config });
 */
export async function checkAssets<Name extends string>(selection: string | readonly AnyAsset[], options: CheckOptions<Name>): Promise<CheckRun> {
  checkProperties("checkAssets()", options, [...shared, "partitions", "range", "onEvent"]);
  const { signal = new AbortController().signal } = options;
  const { project, text, target, history } = await opened(selection, options);
  const emit = options.onEvent === undefined ? {} : { emit: options.onEvent };
  try {
    return await runChecks({ project, target, selection: text, partitions: chosenParts(options), history, signal, ...emit });
  } finally {
    history.close();
    await target.release();
  }
}

/** What a run over these assets works with. The history is the caller's to close. */
async function opened(selection: string | readonly AnyAsset[], options: LibraryOptions) {
  const root = path.resolve(options.root ?? ".");
  const { config } = options;
  const assets =
    typeof selection === "string" ? await assetsOfFiles(root, config) : reachable(selection as readonly unknown[] as readonly AssetDefinition[]);
  const project: LoadedProject = { root, config, assets, codeVersions: new Map() };
  const target = storesOf(config, root).target(options.target ?? config.defaultTarget);
  const text = typeof selection === "string" ? selection : selection.map(({ key }) => keySelection(key)).join(" or ");
  return { project, text, target, history: openHistory(path.join(root, ".sluice")) };
}

/**
 * Loads what an asset stored, in the shape asked for: of an asset with partitions `partition`, or what the input says, such as `.all()`.
 * Throws `io/not-found` where nothing is stored, `partition/unknown`, and `partition/mismatch` where nothing says which partitions.
 * @example const rows = await load(salesSummary.as(rows()), { config });
 */
export async function load<I extends AnyInput, Name extends string>(input: I, options: LoadOptions<I, Name>): Promise<Loaded<I, Unpartitioned>> {
  checkProperties("load()", options, shared);
  const { config, root = ".", signal = new AbortController().signal, partition } = options as LibraryOptions & { readonly partition?: unknown };
  const target = storesOf(config, path.resolve(root)).target(options.target ?? config.defaultTarget);
  return (await storedValue(target, input, { partition, signal })) as Loaded<I, Unpartitioned>;
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
