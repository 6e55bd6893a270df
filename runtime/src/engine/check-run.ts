import { randomUUID } from "node:crypto";
import type { AssetDefinition, LoadedProject } from "../assets/definition.ts";
import { type ErrorInfo, SluiceError, toErrorInfo } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { selectAssets, selectionUsesStatus } from "../model/selection.ts";
import { accepts, selectPartitions } from "../partitions/select.ts";
import { checkTarget, type Environment } from "./check-target.ts";
import { type CheckSite, evaluate, loadStored } from "./checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import { addDynamicKeys, readMoment } from "./dynamic-partitions.ts";
import { type AssetGraph, buildGraph, selectableAssets } from "./graph.ts";
import { type History, noHistory } from "./history.ts";
import { type Partitioning, partitioningOf } from "./partitioning.ts";
import { asOneError } from "./problems.ts";
import { runResources } from "./resources.ts";
import { readStates } from "./status.ts";
import { Cancelled, stopOf } from "./stop.ts";
import type { Target } from "./target.ts";
import { storedByItself } from "./versions.ts";

export interface CheckOptions {
  readonly project: LoadedProject;
  readonly target: Target;
  /** In the grammar of `selectAssets`. */
  readonly selection: string;
  /** Keys and ranges "A..B"; every stored partition when left out. */
  readonly partitions?: readonly string[] | undefined;
  readonly history?: History;
  readonly environment?: Environment;
  readonly emit?: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}
export type CheckEvaluated = Extract<RunEvent, { readonly type: "check-evaluated" }>;
export interface CheckRun {
  readonly target: string;
  readonly evaluated: readonly CheckEvaluated[];
  /** Why checks could not be made, one for each. */
  readonly errors: readonly ErrorInfo[];
  /** False when a check of severity "error" failed, or could not be made. */
  readonly passed: boolean;
}

/**
 * Makes the checks of what is stored, blocking or not, and stores nothing: not even in the history. Throws, before any of them is made, what keeps
 * the selection from being checked: `selection/invalid`, `partition/unknown`, `config/unbound-key`, `config/missing-env`.
 */
export async function runChecks(options: CheckOptions): Promise<CheckRun> {
  const { project, target, environment = process.env, history = noHistory(), emit, clock = systemClock } = options;
  const signal = options.signal ?? new AbortController().signal;
  const graph = buildGraph(project);
  const partitioning = partitioningOf(graph, await readMoment(graph, target, clock.now(), signal));
  const assets = await checkedAssets(graph, partitioning, { ...options, history, signal });
  const steps = assets.map(({ key }) => ({ assets: [key], inputs: [], definition: { resources: {} } }));
  const problems = checkTarget(graph, target, steps, environment);
  if (problems.length > 0) throw asOneError(problems);
  const work = await partitionsToCheck(assets, target, partitioning, options.partitions, signal);

  const evaluated: CheckEvaluated[] = [];
  const errors: ErrorInfo[] = [];
  const resources = runResources(signal, clock);
  const stop = stopOf(signal, clock);
  const runId = randomUUID();
  const host: CheckSite["host"] = {
    root: project.root,
    target,
    partitioning,
    resources,
    clock,
    addPartitions: async (name, keys) => {
      await addDynamicKeys(target, name, keys, { now: clock.now(), runId, signal });
    },
    emit: (event) => {
      if (event.type === "check-evaluated") evaluated.push(event);
      emit?.(event);
    },
  };
  const known = history.materializations(target.name);
  try {
    for (const { asset, partition } of work) {
      const site = { runId, step: partition === undefined ? asset.key : `${asset.key} [${partition}]`, host, stop };
      const byItself = known.get(asset.key)?.record.handler === storedByItself;
      for (const check of asset.checks ?? []) {
        const load = byItself ? async () => undefined : loadStored(site, asset, check, partition);
        try {
          await evaluate(site, asset, check, partition, "stored", load);
        } catch (thrown) {
          if (thrown instanceof Cancelled || signal.aborted) throw new SluiceError("run/cancelled", "The checks were cancelled.");
          errors.push(toErrorInfo(thrown, "run/failed", { asset: asset.key }));
        }
      }
    }
  } finally {
    stop.finish();
    await resources.close();
  }
  const failed = evaluated.some(({ passed, severity }) => !passed && severity === "error");
  return { target: target.name, evaluated, errors, passed: !failed && errors.length === 0 };
}

/** The selected assets that have checks, in topological order; sources too. */
async function checkedAssets(
  graph: AssetGraph,
  partitioning: Partitioning,
  { project, target, selection, history, signal }: CheckOptions & { readonly history: History; readonly signal: AbortSignal },
): Promise<readonly AssetDefinition[]> {
  const found = selectionUsesStatus(selection) ? await readStates({ project, target, history, signal, partitioning }) : undefined;
  const states = found && new Map(found.statuses.map(({ key, state }) => [key, state]));
  const selected = new Set(selectAssets(selection, selectableAssets(graph, project.root, states)));
  if (selected.size === 0 && !found) {
    throw new SluiceError("selection/invalid", `"${selection}" selects no asset.`, { hint: "sluice list shows the assets there are." });
  }
  return [...graph.assets.values()].flatMap(({ key, definition }) => (selected.has(key) && definition.checks?.length ? [definition] : []));
}

interface Checked {
  readonly asset: AssetDefinition;
  readonly partition: string | undefined;
}

/** Every value to check. Throws `partition/unknown` for partitions that none of the assets has. */
async function partitionsToCheck(
  assets: readonly AssetDefinition[],
  target: Target,
  partitioning: Partitioning,
  parts: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const work: Checked[] = [];
  const divided = assets.filter(({ key }) => partitioning.spaceOf(key));
  if (parts && assets.length > 0) {
    const [first] = divided;
    if (!first) {
      throw new SluiceError("partition/unknown", `None of the selected assets has checks and partitions, and "${parts.join(",")}" was asked for.`, {
        hint: "Leave out the partitions.",
      });
    }
    // The error of the first one names the nearest key.
    if (!divided.some(({ key }) => accepts(partitioning.spaceOf(key)!, parts))) selectPartitions(partitioning.spaceOf(first.key)!, parts, first.key);
  }
  for (const asset of assets) {
    const space = partitioning.spaceOf(asset.key);
    if (!space) {
      work.push({ asset, partition: undefined });
      continue;
    }
    if (parts) {
      if (accepts(space, parts)) for (const partition of selectPartitions(space, parts, asset.key)) work.push({ asset, partition });
      continue;
    }
    const { manager } = target.managerOf(asset);
    const whole = { key: asset.key, table: asset.table, partitions: [], signal };
    const stored = new Set(manager.inspectPartitions ? (await manager.inspectPartitions(whole)).keys() : await manager.list?.(whole));
    for (const partition of space.keys()) if (stored.has(partition)) work.push({ asset, partition });
  }
  return work;
}
