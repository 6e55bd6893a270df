import type { LoadedProject } from "../assets/definition.ts";
import type { Reach } from "../io/manager.ts";
import { type ErrorInfo, SluiceError, toErrorInfo } from "../model/errors.ts";
import type { RunEvent, RunSummary } from "../model/events.ts";
import { newRunId } from "../model/run-id.ts";
import { checkTarget, type Environment, keysInSharedPlaces } from "./check-target.ts";
import { type Clock, systemClock } from "./clock.ts";
import { addDynamicKeys, readMoment } from "./dynamic-partitions.ts";
import { type ScheduleOptions, schedule } from "./execute.ts";
import { type AssetGraph, buildGraph } from "./graph.ts";
import { type History, noHistory } from "./history.ts";
import { resolveInputs } from "./missing.ts";
import { type Partitioning, partitioningOf, valueId } from "./partitioning.ts";
import { makePlan, needsStates, type RunPlan } from "./plan.ts";
import { asOneError, attempt } from "./problems.ts";
import { runResources } from "./resources.ts";
import { readStates } from "./status.ts";
import type { Target } from "./target.ts";
import { inProcess, type Transport } from "./transport.ts";
import { storedByItself, versionOfAll } from "./versions.ts";

export interface PlanOptions {
  readonly project: LoadedProject;
  readonly target: Target;
  /** In the grammar of `selectAssets`. */
  readonly selection: string;
  /** Missing or stale upstream runs too; what is fresh is skipped as "not-needed". */
  readonly upstream?: boolean;
  /** Keys and ranges "A..B" of partitions, of every selected asset that has such. */
  readonly partitions?: readonly string[] | undefined;
  /** Of those, only what is not stored or failed last; of all partitions, when none are named. */
  readonly missing?: boolean;
  /** Values for `context.params` by name, in place of the assets' defaults. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly history?: History;
  readonly environment?: Environment;
  readonly signal?: AbortSignal;
  /** Decides which windows of time have ended. */
  readonly now?: number;
}

const never = () => new AbortController().signal;

/**
 * Decides what a run does, and finds everything that would keep it from its end before it starts: an error of the graph, an unbound key, a
 * missing variable, two assets in one place, an input that is not stored anywhere. All of them together in one error; `problemsOf` takes it apart.
 */
export async function planRun(options: PlanOptions): Promise<RunPlan> {
  const { project, target, selection, upstream, params, history = noHistory(), environment = process.env, signal = never() } = options;
  const { missing } = options;
  const partitions = missing ? (options.partitions ?? [".."]) : options.partitions;
  const graph = buildGraph(project);
  const partitioning = partitioningOf(graph, await readMoment(graph, target, options.now ?? Date.now(), signal));
  const request = { target: target.name, selection, upstream, params, partitions, missing, partitioning };
  const found = needsStates(request) ? await readStates({ project, target, history, signal, partitioning }) : undefined;
  const states = found && new Map(found.statuses.map(({ key, state }) => [key, state]));
  const { plan, problems } = makePlan(graph, project.root, { ...request, states, partitionState: found?.partitionState });
  const running = [...new Set(plan.steps.flatMap(({ of, skip }) => (skip ? [] : [graph.steps.get(of)!])))];
  const all = [...problems, ...checkTarget(graph, target, running, environment)];
  if (all.length > 0) throw asOneError(all);
  const resolved = await resolveInputs(graph, target, plan, { history, signal, partitioning, defaultTarget: project.config.defaultTarget });
  if (resolved.problems.length > 0) throw asOneError(resolved.problems);
  return resolved.plan;
}

export interface ExecuteOptions {
  readonly project: LoadedProject;
  readonly target: Target;
  readonly plan: RunPlan;
  readonly runId?: string;
  /** Needed for a protected target. */
  readonly confirmed?: boolean;
  /** Most steps at once; 4 when left out. */
  readonly concurrency?: number;
  /** Most steps of a pool at once, by name; 1 for a pool that is not named here. */
  readonly pools?: Readonly<Record<string, number>>;
  /** Most steps at once that use an I/O manager, by key name; what the I/O manager says where it is not named here. */
  readonly ioManagers?: Readonly<Record<string, number>>;
  /** After the first failure nothing more is started. */
  readonly failFast?: boolean;
  /** Take up a run with a `runId` that was used before: what it has stored is not made again. */
  readonly resume?: boolean;
  readonly history?: History;
  readonly emit?: (event: RunEvent) => void;
  /** Aborted to cancel: reaches `run`, I/O managers and resources. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Where steps run; in this process when left out. */
  readonly transport?: Transport;
}

const defaultConcurrency = 4;

/**
 * Runs a plan to its end and says how it went; a failed step is a failed run, not an error thrown here. I/O managers stay open, resources are closed.
 * Throws, before anything runs: `io/permission` for a protected target without `confirmed`, `config/invalid` for a transport that reaches too far.
 */
export async function executeRun(options: ExecuteOptions): Promise<RunSummary> {
  const { project, target, plan, runId = newRunId(), history = noHistory(), emit, signal = never(), clock = systemClock } = options;
  if (target.protected && options.confirmed !== true) {
    throw new SluiceError("io/permission", `Target "${target.name}" is protected: every write to it has to be confirmed.`, {
      hint: "Confirm it in the editor, or pass --yes on the command line.",
    });
  }
  const graph = buildGraph(project);
  const partitioning = partitioningOf(graph, plan.moment);
  const resources = runResources(signal, clock);
  const shared = keysInSharedPlaces(graph, target);
  const transport =
    options.transport ??
    inProcess({
      root: project.root,
      graph,
      codeVersions: project.codeVersions,
      target,
      partitioning,
      addPartitions: async (name, keys) => {
        await addDynamicKeys(target, name, keys, { now: clock.now(), runId, signal });
      },
      resources,
      clock,
      sharesPlace: (key) => shared.has(key),
      materializedBefore: remembered(history, target),
    });
  refuseShortReach(plan, graph, target, transport.reach);

  const startedAt = clock.now();
  const tell = (event: RunEvent) => {
    history.append([event]);
    emit?.(event);
  };
  const about = () => ({ runId, at: clock.now() });
  const planned = plan.steps.map(({ step, assets, after, partitions }) => ({ step, assets, after, ...(partitions ? { partitions } : {}) }));
  tell({ type: "run-queued", ...about(), target: target.name, selection: plan.selection, plan: planned });
  tell({ type: "run-started", ...about() });
  const { failed, cancelled } = await schedule(plan, {
    runId,
    transport,
    emit: tell,
    signal,
    clock,
    concurrency: Math.max(1, options.concurrency ?? defaultConcurrency),
    limitOf: limits(options, graph, target),
    failFast: options.failFast ?? false,
    versionsFor: versionsFor(graph, partitioning),
    resume: options.resume ?? false,
  });
  const error = await closing(transport, resources.close);

  const ms = clock.now() - startedAt;
  const state = cancelled ? "cancelled" : failed.length > 0 || error ? "failed" : "succeeded";
  if (state === "cancelled") tell({ type: "run-cancelled", ...about(), ms, ...(error ? { error } : {}) });
  else if (state === "failed") tell({ type: "run-failed", ...about(), ms, ...(error ? { error } : {}) });
  else tell({ type: "run-finished", ...about(), ms });
  const assets = [...new Set(plan.steps.flatMap((step) => step.assets))];
  return { runId, target: target.name, state, startedAt, ms, selection: plan.selection, assets, failed };
}

/** Versions of what a step reads: several partitions of one asset have one version together. */
function versionsFor(graph: AssetGraph, partitioning: Partitioning): NonNullable<ScheduleOptions["versionsFor"]> {
  // An input that takes all partitions asks for the same list each time.
  const known = new WeakMap<readonly string[], string>();
  return (step, partition, versions) => {
    const found: Record<string, string> = {};
    for (const { asset, partitions } of partitioning.needs(graph.steps.get(step.of)!, partition)) {
      if (step.assets.includes(asset)) continue;
      const version = partitions ? (known.get(partitions) ?? versionOfAll(partitions, (key) => versions[valueId(asset, key)])) : versions[asset];
      if (version === undefined) continue;
      found[asset] = version;
      if (partitions) known.set(partitions, version);
    }
    return found;
  };
}

/** Closes the transport and then the resources, also when the first throws. */
async function closing(transport: Transport, closeResources: () => Promise<void>): Promise<ErrorInfo | undefined> {
  let error: ErrorInfo | undefined;
  for (const close of [transport.close, closeResources]) {
    try {
      await close();
    } catch (thrown) {
      error ??= toErrorInfo(thrown, "run/failed");
    }
  }
  return error;
}

/** Reads the history once, on the first question. */
function remembered(history: History, target: Target) {
  let known: ReturnType<History["materializations"]> | undefined;
  return (key: string): "stored" | "by-itself" | undefined => {
    known ??= history.materializations(target.name);
    const handler = known.get(key)?.record.handler;
    return handler === undefined ? undefined : handler === storedByItself ? "by-itself" : "stored";
  };
}

function limits(options: ExecuteOptions, graph: AssetGraph, target: Target) {
  const { pools = {}, ioManagers = {} } = options;
  const own = new Map<string, number | undefined>();
  for (const { definition } of graph.assets.values()) {
    if (own.has(definition.ioManager)) continue;
    own.set(definition.ioManager, attempt(() => target.managerOf(definition), [])?.manager.concurrency);
  }
  return (name: string): number | undefined => {
    const colon = name.indexOf(":");
    const rest = name.slice(colon + 1);
    if (name.startsWith("pool:")) return pools[rest] ?? 1;
    return ioManagers[rest] ?? own.get(rest);
  };
}

const distance: Readonly<Record<Reach, number>> = { process: 0, machine: 1, network: 2 };

/** Where steps run, their values must be readable by the steps after them. */
function refuseShortReach(plan: RunPlan, graph: AssetGraph, target: Target, reach: Reach): void {
  const keys = new Set(plan.steps.flatMap(({ assets, skip }) => (skip ? [] : assets)));
  for (const key of keys) {
    const { manager, name } = target.managerOf(graph.assets.get(key)!.definition);
    const reached = manager.reach ?? "machine";
    if (distance[reached] >= distance[reach]) continue;
    throw new SluiceError(
      "config/invalid",
      `${key} is stored by ${name}, which only this ${reached} can read, and its steps are to run across the ${reach}.`,
      {
        asset: key,
        hint: "Bind a store that the other side can read, or run in this process.",
      },
    );
  }
}
