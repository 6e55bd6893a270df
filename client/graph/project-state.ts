import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { RunEvent, RunSummary } from "../../runtime/src/model/events.ts";
import type { AssetStatus, IndexedAsset, Manifest, ManifestAsset, PartitionCounts, PartitionStatus } from "../../runtime/src/model/graph.ts";
import { sameShape } from "./index-state.ts";
import { buildGraph, type ProjectGraph } from "./project-graph.ts";
import { applyRunEvent, isLive, newRun, type RunView, runOfSummary, type StepView, stepOfAsset, stepOfPartition } from "./run-state.ts";

export type RunnerState = "off" | "starting" | "ready" | "gone";
/** "positions": the graph is the same, but declarations have moved. */
export type ProjectChange = "graph" | "positions" | "status" | "run" | "runner" | "errors";

/** Everything the views show of one project; each view is a fold over it. */
export interface ProjectState {
  readonly graph: () => ProjectGraph;
  /** The last one that loaded. */
  readonly manifest: () => Manifest | undefined;
  /** What did not load, or is wrong with the graph. */
  readonly errors: () => readonly ErrorInfo[];
  readonly status: (key: string) => AssetStatus | undefined;
  readonly statuses: () => ReadonlyMap<string, AssetStatus>;
  /** The asset's step in a run that goes on now; several of them together. */
  readonly step: (key: string) => StepView | undefined;
  readonly partitionStep: (key: string, partition: string) => StepView | undefined;
  /** In order; undefined until they were asked for. */
  readonly partitions: (key: string) => readonly PartitionStatus[] | undefined;
  /** Assets whose partitions were asked for. */
  readonly partitionsKnown: () => readonly string[];
  /** Newest first. */
  readonly runs: () => readonly RunView[];
  readonly runner: () => RunnerState;

  readonly setIndexed: (assets: readonly IndexedAsset[]) => void;
  readonly setManifest: (manifest: Manifest) => void;
  /** The project could not be loaded at all: the last good graph stays. */
  readonly setLoadError: (error: ErrorInfo) => void;
  /** The states could not be asked for: what was known stays. */
  readonly setStatusError: (error: ErrorInfo) => void;
  readonly setStatuses: (statuses: readonly AssetStatus[]) => void;
  readonly setPartitions: (key: string, partitions: readonly PartitionStatus[]) => void;
  /** Of another target nothing is known. */
  readonly forgetStatuses: () => void;
  readonly setHistory: (runs: readonly RunSummary[]) => void;
  /** Returns the run that the event belongs to. */
  readonly applyEvent: (event: RunEvent) => RunView;
  /** The same for an event of the past, which changes no asset's state. */
  readonly replayEvent: (event: RunEvent) => void;
  /** Closes a run whose runner ended before it did; does nothing to one that has ended. */
  readonly endRun: (runId: string, now: number) => void;
  readonly setRunner: (state: RunnerState) => void;
  /** The runner ended by itself: shown until another one starts. */
  readonly setCrash: (error: ErrorInfo) => void;
}

export interface ProjectStateOptions {
  readonly uriOf: (file: string) => string;
  readonly onChange: (change: ProjectChange) => void;
}

const historyLength = 100;

type Materialized = Extract<RunEvent, { readonly type: "materialized" }>;

/** What the store and the asset recorded, without what the status says itself. */
function metadataOf({ metadata }: Materialized): Pick<AssetStatus, "metadata"> {
  if (!metadata) return {};
  const { place: _place, rows: _rows, handler: _handler, ...more } = metadata;
  return Object.keys(more).length === 0 ? {} : { metadata: more };
}

function statusAfter(event: Materialized, before: AssetStatus | undefined): AssetStatus {
  const rows = event.record.rows ?? event.metadata?.rows;
  const place = event.metadata?.place ?? before?.place;
  const about = { storedAt: event.at, runId: event.runId, ...(place === undefined ? {} : { place }), ...metadataOf(event) };
  // What one partition makes of the others, the runner says after the run.
  if (event.partition !== undefined) return { key: event.asset, state: "unknown", ...before, ...about };
  return { key: event.asset, state: "fresh", ...about, ...(rows === undefined ? {} : { rows }) };
}

function partitionAfter(event: Materialized, key: string): PartitionStatus {
  const rows = event.record.rows ?? event.metadata?.rows;
  return { key, state: "fresh", storedAt: event.at, runId: event.runId, ...(rows === undefined ? {} : { rows }) };
}

function countedAgain(counts: PartitionCounts, before: PartitionStatus, after: PartitionStatus): PartitionCounts {
  const one = (yes: boolean) => Number(yes);
  const isStored = ({ storedAt }: PartitionStatus) => storedAt !== undefined;
  const change = (is: (status: PartitionStatus) => boolean) => one(is(after)) - one(is(before));
  return {
    total: counts.total,
    stored: counts.stored + change(isStored),
    failed: counts.failed + change(({ state }) => state === "failed"),
    missing: counts.missing + change(({ state }) => state === "missing"),
    stale: (counts.stale ?? 0) + change(({ state }) => state === "stale"),
  };
}

export function createProjectState({ uriOf, onChange }: ProjectStateOptions): ProjectState {
  let indexed: readonly IndexedAsset[] = [];
  let manifest: Manifest | undefined;
  let loaded: readonly ManifestAsset[] | undefined;
  let unconfirmed: ReadonlySet<string> = new Set();
  let errors: readonly ErrorInfo[] = [];
  let statusError: ErrorInfo | undefined;
  let statuses = new Map<string, AssetStatus>();
  const partitions = new Map<string, readonly PartitionStatus[]>();
  let runs: readonly RunView[] = [];
  let runner: RunnerState = "off";
  let crash: ErrorInfo | undefined;
  let graph: ProjectGraph | undefined;

  function graphChanged(): void {
    graph = undefined;
    onChange("graph");
  }

  function runOf(event: RunEvent): RunView {
    const known = runs.find((run) => run.runId === event.runId);
    if (known) return known;
    const run = newRun(event.runId, { target: "", selection: "", startedAt: event.at });
    runs = [run, ...runs].slice(0, historyLength);
    return run;
  }

  /** States as the run tells them; the runner's own answer after the run corrects what follows from them. */
  function statusesFrom(event: RunEvent): void {
    if (event.type === "materialized") {
      const { partition } = event;
      statuses.set(event.asset, statusAfter(event, statuses.get(event.asset)));
      if (partition !== undefined) changePartition(event.asset, partition, () => partitionAfter(event, partition));
    } else if (event.type === "step-failed") {
      const step = runOf(event).steps.get(event.step);
      for (const key of step?.assets ?? []) {
        statuses.set(key, { ...statuses.get(key), key, state: "failed", error: event.error, failedAt: event.at });
        for (const each of step?.partitions ?? []) changePartition(key, each, (before) => ({ ...before, state: "failed", error: event.error }));
      }
    }
  }

  /** In place: a run may make thousands. The counts of the asset follow. */
  function changePartition(key: string, partition: string, change: (before: PartitionStatus) => PartitionStatus): void {
    const list = partitions.get(key) as PartitionStatus[] | undefined;
    const at = list?.findIndex((each) => each.key === partition) ?? -1;
    const before = list?.[at];
    if (!list || !before) return;
    list[at] = change(before);
    const status = statuses.get(key);
    if (status?.partitions) statuses.set(key, { ...status, partitions: countedAgain(status.partitions, before, list[at]) });
  }

  return {
    graph: () => {
      graph ??= buildGraph({ indexed, uriOf, unconfirmed, ...(loaded === undefined ? {} : { loaded }) });
      return graph;
    },
    manifest: () => manifest,
    // What keeps the project from loading keeps the states from being read: said once.
    errors: () =>
      [crash, ...errors, statusError].filter(
        (error, at, all) => error !== undefined && all.findIndex((one) => one?.code === error.code && one.message === error.message) === at,
      ) as ErrorInfo[],
    status: (key) => statuses.get(key),
    statuses: () => statuses,
    step(key) {
      const run = runs.find((each) => isLive(each) && each.stepsOf.has(key));
      return run && stepOfAsset(run, key);
    },
    partitionStep(key, partition) {
      for (const run of runs) {
        const step = isLive(run) ? stepOfPartition(run, key, partition) : undefined;
        if (step) return step;
      }
      return undefined;
    },
    partitions: (key) => partitions.get(key),
    partitionsKnown: () => [...partitions.keys()],
    runs: () => runs,
    runner: () => runner,

    setIndexed(assets) {
      const change = sameShape(indexed, assets) ? "positions" : "graph";
      indexed = assets;
      graph = undefined;
      onChange(change);
    },
    setManifest(next) {
      const now = new Set(next.assets.map((asset) => asset.key));
      const halfLoaded = next.errors.some((error) => error.code === "load/failed" || error.code.startsWith("config/"));
      const kept = halfLoaded ? (loaded ?? []).filter((asset) => !now.has(asset.key)) : [];
      manifest = next;
      loaded = [...next.assets, ...kept];
      unconfirmed = new Set(kept.map((asset) => asset.key));
      errors = next.errors;
      graphChanged();
      onChange("errors");
    },
    setLoadError(error) {
      errors = [error];
      unconfirmed = new Set((loaded ?? []).map((asset) => asset.key));
      graphChanged();
      onChange("errors");
    },
    setStatusError(error) {
      statusError = error;
      onChange("errors");
    },
    setStatuses(next) {
      if (statusError) {
        statusError = undefined;
        onChange("errors");
      }
      statuses = new Map(next.map((status) => [status.key, status]));
      onChange("status");
    },
    setPartitions(key, list) {
      partitions.set(key, [...list]);
      onChange("status");
    },
    forgetStatuses() {
      statuses = new Map();
      partitions.clear();
      onChange("status");
    },
    setHistory(history) {
      const live = runs.filter((run) => isLive(run) || run.hasSteps);
      const known = new Set(live.map((run) => run.runId));
      runs = [...live, ...history.filter((run) => !known.has(run.runId)).map(runOfSummary)]
        .sort((a, b) => b.startedAt - a.startedAt)
        .slice(0, historyLength);
      onChange("run");
    },
    applyEvent(event) {
      const run = runOf(event);
      applyRunEvent(run, event);
      statusesFrom(event);
      onChange("run");
      return run;
    },
    replayEvent(event) {
      applyRunEvent(runOf(event), event);
      onChange("run");
    },
    endRun(runId, now) {
      const run = runs.find((one) => one.runId === runId);
      if (!run || !isLive(run)) return;
      applyRunEvent(run, { type: "run-failed", runId, at: now, ms: now - run.startedAt });
      onChange("run");
    },
    setRunner(state) {
      runner = state;
      if (state !== "gone") crash = undefined;
      onChange("runner");
    },
    setCrash(error) {
      crash = error;
      onChange("errors");
    },
  };
}
