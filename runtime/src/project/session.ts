import { randomUUID } from "node:crypto";
import path from "node:path";
import type { LoadedProject } from "../assets/definition.ts";
import { batchesOf } from "../engine/batches.ts";
import { type CheckRun, runChecks } from "../engine/check-run.ts";
import { type Clock, systemClock } from "../engine/clock.ts";
import { addDynamicKeys, readMoment } from "../engine/dynamic-partitions.ts";
import { buildGraph } from "../engine/graph.ts";
import { type History, openHistory } from "../engine/history.ts";
import { type PartitionAddress, partitioningOf } from "../engine/partitioning.ts";
import type { RunPlan } from "../engine/plan.ts";
import { executeRun, planRun } from "../engine/run.ts";
import { assetStatus, readStates } from "../engine/status.ts";
import { type ErrorInfo, fromErrorInfo, isSluiceError, SluiceError, toErrorInfo } from "../model/errors.ts";
import type { RunEvent, RunSummary } from "../model/events.ts";
import type { AssetStatus, Manifest, PartitionStatus } from "../model/graph.ts";
import { nearestName } from "../model/nearest.ts";
import type { Filter, PageRequest, Sort, TextPage } from "../model/page.ts";
import { selectPartitions } from "../partitions/select.ts";
import { dynamicNames } from "../partitions/space.ts";
import { toCellText, toTextPage } from "./cells.ts";
import { toManifest } from "./manifest.ts";
import { findPackage } from "./packages.ts";
import { openProject, type ProjectOptions, type ProjectState } from "./project.ts";
import { redactor } from "./redact.ts";
import { openStores, type Stores } from "./stores.ts";
import { takeTurns } from "./turns.ts";
import { version } from "./version.ts";

export interface SessionOptions extends Omit<ProjectOptions, "version"> {
  readonly clock?: Clock;
}

export interface MaterializeRequest {
  /** The project's default when left out. */
  readonly target?: string | undefined;
  readonly selection: string;
  readonly runId?: string | undefined;
  /** Missing or stale upstream runs first. */
  readonly upstream?: boolean | undefined;
  /** Keys and ranges "A..B", of every selected asset that has such partitions. */
  readonly partitions?: readonly string[] | undefined;
  /** Of those partitions, or of all, only what is not stored or failed last. */
  readonly missing?: boolean | undefined;
  /** Needed for a protected target. */
  readonly confirmed?: boolean | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly concurrency?: number | undefined;
  readonly failFast?: boolean | undefined;
}
/** What of an asset is looked at. */
export interface LookOptions {
  readonly partition?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}
export interface CellQuery {
  readonly column: string;
  /** Counts like `PageRequest.offset`. */
  readonly row: number;
  readonly sort?: readonly Sort[];
  readonly filter?: readonly Filter[];
}

/** A project with its targets and its history, kept open between calls. Errors and events never hold a secret's value. */
export interface Session {
  /** Folder of the config, absolute and real. */
  readonly root: string;
  /** Why there is no history, where there is none. */
  readonly historyProblem: string | undefined;
  /** Loads what is new or changed; what is wrong is in the manifest, not thrown. */
  readonly manifest: () => Promise<Manifest>;
  /** States in the order of the keys; of all assets when left out. */
  readonly status: (target: string | undefined, keys?: readonly string[]) => Promise<readonly AssetStatus[]>;
  /** What `materialize` would do. Throws what would keep it from its end. */
  readonly plan: (request: MaterializeRequest, signal?: AbortSignal) => Promise<RunPlan>;
  /** Loads what changed, plans and runs. Throws what keeps it from beginning; a failed asset is a failed run. */
  readonly materialize: (request: MaterializeRequest, emit: (event: RunEvent) => void, signal?: AbortSignal) => Promise<RunSummary>;
  /** Makes the checks of what is stored and stores nothing. A check that fails or cannot be made is in the answer; what keeps all from being made is thrown. */
  readonly check: (
    request: Pick<MaterializeRequest, "target" | "selection" | "partitions">,
    emit: (event: RunEvent) => void,
    signal?: AbortSignal,
  ) => Promise<CheckRun>;
  /** The partitions of a request in lists of at most `size`, for runs of their own. Throws what `plan` throws, and `config/invalid` where that cannot be. */
  readonly batches: (request: MaterializeRequest, size: number, signal?: AbortSignal) => Promise<readonly (readonly string[])[]>;
  readonly preview: (target: string | undefined, key: string, request: PageRequest, options?: LookOptions) => Promise<TextPage>;
  /** One whole cell; `null` for NULL. */
  readonly cell: (target: string | undefined, key: string, query: CellQuery, options?: LookOptions) => Promise<string | null>;
  /** In order, with the state of each. Throws `partition/unknown` for an asset without partitions. */
  readonly partitions: (target: string | undefined, key: string) => Promise<readonly PartitionStatus[]>;
  /** Adds keys to a dynamic definition, each once; answers with the new ones. Throws `io/permission` for a protected target without `confirmed`. */
  readonly addPartitions: (
    target: string | undefined,
    name: string,
    keys: readonly string[],
    confirmed: boolean,
    signal?: AbortSignal,
  ) => Promise<readonly string[]>;
  /** Newest first. */
  readonly runs: (limit: number) => Promise<readonly RunSummary[]>;
  readonly runEvents: (runId: string) => Promise<readonly RunEvent[]>;
  /** The text without values of secrets. */
  readonly redact: (text: string) => string;
  /** Closes stores so that another program can open them; they open again on need. */
  readonly release: () => Promise<void>;
  /** Waits for what runs, then lets go of everything. */
  readonly close: () => Promise<void>;
}

const never = () => new AbortController().signal;

/** Opens the project that a folder belongs to. Throws `config/invalid` where there is none; nothing is loaded yet. */
export function createSession(options: SessionOptions): Session {
  const environment = options.environment ?? process.env;
  const project = openProject({ ...options, environment, version });
  const { root } = project;
  const clock = options.clock ?? systemClock;
  const history = openHistory(path.join(root, ".sluice"), { now: clock.now });
  const turns = takeTurns();
  let stores: Stores | undefined;
  let redact = <Value>(value: Value): Value => value;
  let last: ProjectState | undefined;
  const retiring = new Set<Promise<void>>();

  async function refresh(): Promise<ProjectState> {
    const state = await project.refresh();
    last = state;
    const config = state.loaded?.config;
    if (config && config !== stores?.config) {
      const former = stores?.retire().catch(() => {}); // stores of a config that is gone: nothing left to tell
      if (former) retiring.add(former.finally(() => retiring.delete(former)));
      stores = openStores(root, config);
      redact = redactor(config, environment);
    }
    return state;
  }
  const current = async (): Promise<ProjectState> => last ?? (await refresh());

  /** Throws what the work throws, without secrets. */
  async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      throw cleaned(thrown, redact);
    }
  }

  function loadedOf(state: ProjectState): { readonly loaded: LoadedProject; readonly open: Stores } {
    if (state.loaded && stores) return { loaded: state.loaded, open: stores };
    throw fromErrorInfo(state.configError ?? { code: "config/invalid", message: "The project is not loaded." });
  }

  async function planned(request: MaterializeRequest, signal: AbortSignal) {
    const state = await refresh();
    if (state.configError) throw fromErrorInfo(state.configError);
    const { loaded, open } = loadedOf(state);
    const target = open.target(request.target ?? loaded.config.defaultTarget);
    const plan = await planRun({
      project: loaded,
      target,
      selection: request.selection,
      upstream: request.upstream ?? false,
      partitions: request.partitions,
      missing: request.missing ?? false,
      now: clock.now(),
      params: request.params ?? {},
      history,
      environment,
      signal,
    }).catch((error: unknown) => {
      throw withLoadErrors(error, state);
    });
    refuseBroken(plan, state.broken);
    return { loaded, open, target, plan };
  }

  async function stored(targetName: string | undefined, key: string, { partition, signal = never() }: LookOptions) {
    const { loaded, open } = loadedOf(await current());
    const asset = loaded.assets.get(key);
    if (!asset) throw unknownAsset(key, loaded.assets.keys());
    const target = open.target(targetName ?? loaded.config.defaultTarget);
    const { manager, name } = target.managerOf(asset);
    const { preview } = manager;
    if (!preview) throw new SluiceError("io/unavailable", `${name}, which stores ${key}, shows no pages of what it stored.`, { asset: key });
    const graph = buildGraph(loaded);
    const address = async () => {
      if (partition === undefined) return { partitions: [] };
      if (asset.partitions === undefined) throw new SluiceError("partition/unknown", `${key} has no partitions.`, { asset: key });
      const partitioning = partitioningOf(graph, await readMoment(graph, target, clock.now(), signal));
      return partitioning.address(key, selectPartitions(partitioning.spaceOf(key)!, [partition], key));
    };
    const show = (of: PartitionAddress, request: PageRequest) => preview({ key, table: asset.table, ...of, signal }, request);
    const page = async (request: PageRequest) => {
      const of = await address();
      try {
        return await show(of, request);
      } catch (thrown) {
        // A store that keeps partitions apart has no whole value to show, only all of them together.
        if (partition !== undefined || !asset.partitions || !isSluiceError(thrown) || thrown.code !== "io/not-found") throw thrown;
        const whole = { key, table: asset.table, partitions: [], signal };
        const names = manager.inspectPartitions ? [...(await manager.inspectPartitions(whole)).keys()] : ((await manager.list?.(whole)) ?? []);
        const partitioning = partitioningOf(graph, await readMoment(graph, target, clock.now(), signal));
        const space = partitioning.spaceOf(key)!;
        const there = names.filter((name) => space.canonical(name) === name);
        if (there.length === 0) throw thrown;
        return show(partitioning.address(key, selectPartitions(space, there, key)), request);
      }
    };
    return { open, page };
  }

  const cleanHistory: History = { ...history, append: (events) => history.append(redact(events)) };

  return {
    root,
    historyProblem: history.problem,
    manifest: () =>
      guarded(async () => {
        const state = await refresh();
        const choice = options.packages?.choice("sluice") ?? findPackage(root, "sluice");
        return redact(toManifest(root, state, stores, { version: choice.version ?? version, installed: choice.installed }));
      }),
    status: (targetName, keys) =>
      guarded(async () => {
        const { loaded, open } = loadedOf(await current());
        const target = open.target(targetName ?? loaded.config.defaultTarget);
        return redact(await open.use(() => assetStatus({ project: loaded, target, keys, history, now: clock.now() })));
      }),
    partitions: (targetName, key) =>
      guarded(async () => {
        const { loaded, open } = loadedOf(await current());
        const asset = loaded.assets.get(key);
        if (!asset) throw unknownAsset(key, loaded.assets.keys());
        if (!asset.partitions) throw new SluiceError("partition/unknown", `${key} has no partitions.`, { asset: key });
        const target = open.target(targetName ?? loaded.config.defaultTarget);
        const states = await open.use(() => readStates({ project: loaded, target, keys: [key], history, now: clock.now() }));
        return redact(states.partitionsOf(key));
      }),
    addPartitions: (targetName, name, keys, confirmed, signal = never()) =>
      guarded(async () => {
        const { loaded, open } = loadedOf(await current());
        const target = open.target(targetName ?? loaded.config.defaultTarget);
        refuseUnknownDynamic(loaded, name);
        if (target.protected && !confirmed) {
          throw new SluiceError("io/permission", `Target "${target.name}" is protected: every write to it has to be confirmed.`, {
            hint: "Pass --yes.",
          });
        }
        return open.use(() => addDynamicKeys(target, name, keys, { now: clock.now(), runId: randomUUID(), signal }));
      }),
    batches: (request, size, signal = never()) =>
      guarded(async () => {
        const { loaded, plan } = await planned(request, signal);
        return batchesOf(buildGraph(loaded), plan, size);
      }),
    plan: (request, signal = never()) => guarded(async () => (await planned(request, signal)).plan),
    materialize: (request, emit, signal = never()) =>
      guarded(async () => {
        for (;;) {
          const { loaded, open, target, plan } = await planned(request, signal);
          const places = plan.steps.flatMap(({ assets, skip }) => (skip ? [] : assets.map((key) => `${target.name}\n${key}`)));
          // what another run of this process makes now may be what this one needs: planned again after it
          const turn = turns.take(places);
          if (!turn.free) {
            await turn.wait(signal);
            continue;
          }
          try {
            return await open.use(() =>
              executeRun({
                project: loaded,
                target,
                plan,
                clock,
                signal,
                history: cleanHistory,
                emit: (event) => emit(redact(event)),
                confirmed: request.confirmed ?? false,
                failFast: request.failFast ?? false,
                ...(request.runId === undefined ? {} : { runId: request.runId }),
                ...(request.concurrency === undefined ? {} : { concurrency: request.concurrency }),
              }),
            );
          } finally {
            turn.end();
            history.flush();
          }
        }
      }),
    check: ({ target: targetName, selection, partitions }, emit, signal = never()) =>
      guarded(async () => {
        const state = await refresh();
        if (state.configError) throw fromErrorInfo(state.configError);
        const { loaded, open } = loadedOf(state);
        const target = open.target(targetName ?? loaded.config.defaultTarget);
        const cleanEmit = (event: RunEvent) => emit(redact(event));
        const options = { project: loaded, target, selection, partitions, history, environment, clock, signal, emit: cleanEmit };
        const found = await open
          .use(() => runChecks(options))
          .catch((error: unknown) => {
            throw withLoadErrors(error, state);
          });
        return redact(found);
      }),
    preview: (target, key, request, options = {}) =>
      guarded(async () => {
        const { open, page } = await stored(target, key, options);
        return toTextPage(await open.use(() => page(request)), request.offset);
      }),
    cell: (target, key, { column, row, sort = [], filter = [] }, options = {}) =>
      guarded(async () => {
        const { open, page } = await stored(target, key, options);
        return toCellText(await open.use(() => page({ offset: row, limit: 1, columns: [column], sort, filter })));
      }),
    runs: async (limit) => history.runs(limit),
    runEvents: async (runId) => history.events(runId),
    redact: (text) => redact(text),
    release: async () => {
      await stores?.release();
    },
    close: async () => {
      await stores?.retire();
      await Promise.all(retiring);
      history.close();
      project.close();
    },
  };
}

function refuseUnknownDynamic({ assets }: LoadedProject, name: string): void {
  const names = new Set([...assets.values()].flatMap(({ partitions }) => (partitions ? dynamicNames(partitions) : [])));
  if (names.has(name)) return;
  const near = nearestName(name, names);
  throw new SluiceError("partition/unknown", `No asset has dynamic partitions of the name "${name}".`, {
    hint:
      near !== undefined
        ? `Did you mean "${near}"?`
        : names.size === 0
          ? "The project has no dynamic partitions."
          : `There are ${[...names].join(", ")}.`,
  });
}

function unknownAsset(key: string, keys: Iterable<string>): SluiceError {
  const near = nearestName(key, keys);
  return new SluiceError("selection/invalid", `There is no asset "${key}".`, {
    asset: key,
    hint: near === undefined ? "`sluice list` shows the assets there are." : `Did you mean "${near}"?`,
  });
}

function refuseBroken(plan: RunPlan, broken: ReadonlyMap<string, ErrorInfo>): void {
  for (const { assets, skip } of plan.steps) {
    const key = skip ? undefined : assets.find((each) => broken.has(each));
    if (key !== undefined) throw fromErrorInfo({ ...broken.get(key)!, asset: key });
  }
}

/** A selection that finds nothing may do so because files do not load. */
function withLoadErrors(error: unknown, { errors }: ProjectState): unknown {
  const first = errors.find(({ code }) => code === "load/failed" || code === "graph/cycle");
  if (!first || !isSluiceError(error) || !["selection/invalid", "graph/unknown-upstream"].includes(error.code)) return error;
  const where = first.place ? ` (${first.place.file}:${first.place.line})` : "";
  const hint = [error.hint, `Not everything loads: ${first.message}${where}`].filter((each) => each !== undefined).join("\n");
  return new SluiceError(error.code, error.message, { hint, asset: error.asset, place: error.place, cause: error });
}

function cleaned(thrown: unknown, redact: <Value>(value: Value) => Value): unknown {
  if (!(thrown instanceof Error) && !isSluiceError(thrown)) return thrown;
  const info = toErrorInfo(thrown, "run/failed");
  const clean = redact(info);
  if (clean === info) return thrown;
  return Object.assign(fromErrorInfo(clean), { cause: thrown.cause instanceof AggregateError ? redactAll(thrown.cause, redact) : undefined });
}

const redactAll = (cause: AggregateError, redact: <Value>(value: Value) => Value): AggregateError =>
  new AggregateError(
    cause.errors.map((error) => fromErrorInfo(redact(toErrorInfo(error, "run/failed")))),
    redact(cause.message),
  );
