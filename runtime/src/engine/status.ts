import type { AssetDefinition, LoadedProject } from "../assets/definition.ts";
import { isSluiceError } from "../model/errors.ts";
import type { AssetState, AssetStatus, PartitionStatus } from "../model/graph.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import type { Moment } from "../partitions/space.ts";
import { readMoment } from "./dynamic-partitions.ts";
import { type AssetGraph, buildGraph, type GraphAsset, type GraphStep, withUpstream } from "./graph.ts";
import { type History, noHistory, type PastFailure, type PastMaterialization } from "./history.ts";
import { type Partitioning, partitioningOf } from "./partitioning.ts";
import { attempt } from "./problems.ts";
import { readRecords, type StoreAnswer } from "./records.ts";
import { shortMetadata } from "./short-metadata.ts";
import { shownPlace, type Target } from "./target.ts";
import { storedByItself, versionOf, versionOfAll } from "./versions.ts";

export interface StatusRequest {
  readonly project: Pick<LoadedProject, "assets" | "codeVersions">;
  readonly target: Target;
  /** Keys asked for; all when left out. Their upstream is looked at too. */
  readonly keys?: readonly string[] | undefined;
  readonly history?: History | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Decides which windows of time have ended. */
  readonly now?: number | undefined;
  /** Of the same moment as what the states are for. */
  readonly partitioning?: Partitioning | undefined;
}

/** What one value is, before failures are laid over it. */
interface Known {
  readonly state: "missing" | "fresh" | "stale" | "unknown";
  readonly reason?: string;
  readonly because?: string;
  readonly record?: Partial<StoredRecord> | undefined;
  readonly metadata?: StoredMetadata | undefined;
}
/** The same of each partition that is stored, by key; or why that is not known. */
interface KnownPartitions {
  readonly partitions: ReadonlyMap<string, Known>;
  readonly unknown?: Known;
}
type Judged = Known | KnownPartitions;
const isDivided = (known: Judged): known is KnownPartitions => "partitions" in known;

/**
 * States of assets on a target, in the order of the keys: from the records in the stores, and from this machine's history for failures and for
 * what assets stored themselves. A store that cannot be asked makes its own assets "unknown", with the reason.
 */
export async function assetStatus(request: StatusRequest): Promise<readonly AssetStatus[]> {
  return (await readStates(request)).statuses;
}

export interface States {
  readonly statuses: readonly AssetStatus[];
  /** State of one partition of an asset that was looked at. */
  readonly partitionState: (asset: string, partition: string) => AssetState;
  /** Of each partition that there is, and of one under way that is stored, in order; none for an asset without partitions. */
  readonly partitionsOf: (asset: string) => readonly PartitionStatus[];
}

/** The states of assets, and of each partition. */
export async function readStates(request: StatusRequest): Promise<States> {
  const { project, target, history = noHistory(), signal = new AbortController().signal } = request;
  const graph = buildGraph(project);
  const keys = request.keys?.filter((key) => graph.assets.has(key)) ?? [...graph.assets.keys()];
  const wanted = withUpstream(graph, keys);
  const partitioning = request.partitioning
    ? partitioningOf(graph, request.partitioning.moment)
    : partitioningOf(graph, await momentOrNow(graph, target, request.now ?? Date.now(), signal));
  const requests = [...wanted].map((key) => ({ key }));
  const answers = await readRecords(graph, target, requests, signal, partitioning);
  const past = history.materializations(target.name);
  const failures = history.failures(target.name);
  const partitionFailures = history.partitionFailures(target.name);

  const known = new Map<string, Judged>();
  const broken = new Set(graph.errors.flatMap(({ assets }) => assets));
  for (const asset of graph.assets.values()) {
    if (!wanted.has(asset.key)) continue;
    const codeVersion = project.codeVersions.get(asset.key);
    const versions = { codeVersion, partitioning, known };
    if (asset.definition.partitions && broken.has(asset.key)) {
      known.set(asset.key, { partitions: new Map(), unknown: { state: "unknown", reason: "its partitions do not fit" } });
    } else if (asset.definition.partitions) {
      const own = past.get(asset.key)?.record.handler === storedByItself ? history.partitionMaterializations(target.name, asset.key) : undefined;
      known.set(asset.key, judgePartitions(asset, answers.get(asset.key), own, versions));
    } else known.set(asset.key, judge(asset, answers.get(asset.key), past.get(asset.key), undefined, versions));
  }
  const failuresOf = (key: string) => partitionFailures.get(key) ?? new Map<string, PastFailure>();
  return {
    statuses: keys.map((key) => {
      const judged = known.get(key)!;
      if (!isDivided(judged)) return statusOf(graph, target, key, judged, failures.get(key));
      return partitionedStatus(graph, target, key, judged, partitioning, failuresOf(key), past.get(key));
    }),
    partitionState: (asset, partition) => {
      const judged = known.get(asset);
      if (!judged || !isDivided(judged)) return "unknown";
      if (judged.unknown) return judged.unknown.state;
      const own = judged.partitions.get(partition);
      return failedLast(own, failuresOf(asset).get(partition)) ? "failed" : (own?.state ?? "missing");
    },
    partitionsOf: (asset) => {
      const judged = known.get(asset);
      const space = partitioning.spaceOf(asset);
      if (!judged || !isDivided(judged) || !space) return [];
      const all = space.keys();
      const counted = new Set(all);
      const more = [...judged.partitions.keys()].filter((key) => !counted.has(key));
      return [...all, ...more].map((key) => partitionStatus(key, judged.unknown ?? judged.partitions.get(key), failuresOf(asset).get(key)));
    },
  };
}

/** A store that cannot be asked for dynamic keys must not hide the states of everything else. */
async function momentOrNow(graph: AssetGraph, target: Target, now: number, signal: AbortSignal): Promise<Moment> {
  try {
    return await readMoment(graph, target, now, signal);
  } catch (thrown) {
    if (!isSluiceError(thrown)) throw thrown;
    return { now, dynamic: {} };
  }
}

/** What a value is compared with. Upstream assets must have been judged before. */
interface Versions {
  readonly codeVersion: string | undefined;
  readonly partitioning: Partitioning;
  readonly known: ReadonlyMap<string, Judged>;
}

function judgePartitions(
  asset: GraphAsset,
  answer: StoreAnswer | undefined,
  own: ReadonlyMap<string, PastMaterialization> | undefined,
  versions: Versions,
): KnownPartitions {
  if (answer?.state === "unknown" && !own) {
    return { partitions: new Map(), unknown: { state: "unknown", reason: answer.error?.message ?? "its I/O manager cannot say what is stored" } };
  }
  const stored = new Map<string, Partial<StoredRecord>>(answer?.state === "partitions" ? answer.partitions : []);
  for (const [partition, { record }] of own ?? []) if (!stored.has(partition) && record.handler === storedByItself) stored.set(partition, record);
  const space = versions.partitioning.spaceOf(asset.key)!;
  const judged = new Map<string, Known>();
  for (const [partition, record] of stored) {
    if (space.canonical(partition) !== partition) continue;
    judged.set(partition, judge(asset, { state: "stored", record }, undefined, partition, versions));
  }
  return { partitions: judged };
}

function judge(
  { definition, step }: GraphAsset,
  answer: StoreAnswer | undefined,
  past: PastMaterialization | undefined,
  partition: string | undefined,
  versions: Versions,
): Known {
  const metadata = past?.metadata;
  const own = past?.record.handler === storedByItself ? past.record : undefined;
  const stored = answer?.state === "stored" ? answer.record : undefined;
  if (!stored?.runId && !own) {
    if (answer?.state === "missing") return { state: "missing" };
    if (answer?.state === "unknown" && answer.error) return { state: "unknown", reason: answer.error.message, record: past?.record, metadata };
    if (answer?.state === "unknown" && !past) return { state: "unknown", reason: "its I/O manager cannot say what is stored" };
    if (stored && step) return { state: "unknown", reason: "what is stored has no record of how it was made", record: stored };
    if (stored) return { state: "fresh", record: stored };
  }
  const record = stored?.runId !== undefined ? stored : (own ?? past?.record ?? {});
  const about = { record, metadata: past && past.record.runId === record.runId ? metadata : undefined };
  if (!step) return { state: "fresh", ...about };
  const { codeVersion } = versions;
  if (record.codeVersion !== undefined && codeVersion !== undefined && record.codeVersion !== codeVersion)
    return { state: "stale", reason: "code changed", ...about };
  const cause = staleBecause(definition.key, record, step, partition, versions);
  return cause ? { state: "stale", ...cause, ...about } : { state: "fresh", ...about };
}

/** The first upstream asset that makes a value stale: one that changed, before one that only will. */
function staleBecause(
  own: string,
  record: Partial<StoredRecord>,
  step: GraphStep,
  partition: string | undefined,
  { partitioning, known }: Versions,
): { reason: string; because: string } | undefined {
  let waiting: { reason: string; because: string } | undefined;
  for (const { asset: key, partitions } of partitioning.needs(step, partition)) {
    const above = known.get(key);
    if (!above || key === own) continue;
    const { state, version: now, count } = upstreamNow(above, partitions);
    const then = record.inputs?.[key];
    if (now !== undefined && then === undefined && record.inputs !== undefined && state !== "missing")
      return { reason: `now depends on ${key}`, because: key };
    if (now !== undefined && then !== undefined && now !== then) return { reason: `${key} changed`, because: key };
    const which = count > 1 ? `a partition of ${key}` : key;
    if (state === "stale") waiting ??= { reason: `${which} is stale`, because: key };
    if (state === "missing") waiting ??= { reason: `${which} is missing`, because: key };
  }
  return waiting;
}

/** What upstream values are now, all together. */
function upstreamNow(above: Judged, partitions: readonly string[] | undefined) {
  if (!isDivided(above)) return { state: above.state, version: above.record && versionOf(above.record), count: 1 };
  if (above.unknown) return { state: above.unknown.state, version: undefined, count: 1 };
  const wanted = partitions ?? [];
  const states = wanted.map((key) => above.partitions.get(key)?.state ?? "missing");
  const state = states.includes("missing") ? "missing" : states.includes("stale") ? "stale" : "fresh";
  const version = versionOfAll(wanted, (key) => {
    const record = above.partitions.get(key)?.record;
    return record && versionOf(record);
  });
  return { state, version, count: wanted.length };
}

const storedAtOf = (record: Partial<StoredRecord> | undefined): number | undefined =>
  record?.storedAt === undefined ? undefined : Date.parse(record.storedAt);

function failedLast(known: Known | undefined, failure: PastFailure | undefined): boolean {
  const storedAt = storedAtOf(known?.record);
  return failure !== undefined && !(storedAt !== undefined && storedAt > failure.at);
}

function statusOf(graph: AssetGraph, target: Target, key: string, known: Known, failure: PastFailure | undefined): AssetStatus {
  const { record, metadata } = known;
  const storedAt = storedAtOf(record);
  const failed = failedLast(known, failure);
  const { definition } = graph.assets.get(key)!;
  const rows = record?.rows ?? metadata?.rows;
  const place = metadata?.place ?? fallbackPlace(target, definition);
  return {
    key,
    state: failed ? "failed" : known.state,
    ...(known.reason === undefined ? {} : { reason: known.reason }),
    ...(known.because === undefined ? {} : { because: known.because }),
    ...(storedAt === undefined || Number.isNaN(storedAt) ? {} : { storedAt }),
    ...(rows === undefined ? {} : { rows }),
    ...(record?.runId === undefined ? {} : { runId: record.runId }),
    ...(failed && failure ? { error: failure.error, failedAt: failure.at } : {}),
    ...(place === undefined ? {} : { place }),
    ...shortMetadata(metadata),
  };
}

function partitionStatus(key: string, known: Known | undefined, failure: PastFailure | undefined): PartitionStatus {
  const { reason, record } = known ?? {};
  const storedAt = storedAtOf(record);
  const failed = failedLast(known, failure);
  return {
    key,
    state: failed ? "failed" : (known?.state ?? "missing"),
    ...(failed && failure ? { reason: failure.error.message, error: failure.error } : reason === undefined ? {} : { reason }),
    ...(storedAt === undefined || Number.isNaN(storedAt) ? {} : { storedAt }),
    ...(record?.rows === undefined ? {} : { rows: record.rows }),
    ...(record?.runId === undefined ? {} : { runId: record.runId }),
  };
}

/** One state for all partitions: the one that asks most for something to be done. */
function partitionedStatus(
  graph: AssetGraph,
  target: Target,
  key: string,
  { partitions, unknown }: KnownPartitions,
  partitioning: Partitioning,
  failures: ReadonlyMap<string, PastFailure>,
  past: PastMaterialization | undefined,
): AssetStatus {
  const { definition } = graph.assets.get(key)!;
  const place = past?.metadata?.place ?? fallbackPlace(target, definition);
  const about = { ...(place === undefined ? {} : { place }), ...shortMetadata(past?.metadata) };
  if (unknown) return { key, state: "unknown", ...(unknown.reason === undefined ? {} : { reason: unknown.reason }), ...about };
  const space = partitioning.spaceOf(key)!;
  const all = space.keys();
  const failed = [...failures].filter(
    ([partition, failure]) => space.canonical(partition) === partition && failedLast(partitions.get(partition), failure),
  );
  const broken = new Set(failed.map(([partition]) => partition));
  const stored = all.filter((partition) => partitions.has(partition)).length;
  const missing = all.filter((partition) => !partitions.has(partition) && !broken.has(partition)).length;
  const outdated = all.filter((partition) => partitions.get(partition)?.state === "stale" && !broken.has(partition)).length;
  const counts = { total: all.length, stored, failed: broken.size, missing, stale: outdated };
  const newest = [...partitions.values()].reduce<Known | undefined>(
    (best, each) => ((storedAtOf(each.record) ?? 0) >= (storedAtOf(best?.record) ?? 0) ? each : best),
    undefined,
  );
  const storedAt = storedAtOf(newest?.record);
  const rows = [...partitions.values()].reduce<number | undefined>(
    (sum, { record }) => (sum === undefined || record?.rows === undefined ? undefined : sum + record.rows),
    0,
  );
  const [last] = failed.sort(([, a], [, b]) => b.at - a.at);
  const stale = [...partitions].find(([, each]) => each.state === "stale");
  const state = last
    ? "failed"
    : partitions.size === 0
      ? "missing"
      : stale || missing > 0
        ? "stale"
        : ([...partitions.values()].find((each) => each.state === "unknown")?.state ?? "fresh");
  const reason = last
    ? `${broken.size} of ${all.length} partitions failed`
    : missing > 0
      ? `${missing} of ${all.length} partitions ${missing === 1 ? "is" : "are"} missing`
      : stale && `${stale[1].reason} (partition ${stale[0]})`;
  return {
    key,
    state,
    ...(reason ? { reason } : {}),
    ...(stale?.[1].because === undefined || last || missing > 0 ? {} : { because: stale[1].because }),
    ...(storedAt === undefined || Number.isNaN(storedAt) ? {} : { storedAt }),
    ...(rows === undefined || partitions.size === 0 ? {} : { rows }),
    ...(newest?.record?.runId === undefined ? {} : { runId: newest.record.runId }),
    ...(last ? { error: last[1].error, failedAt: last[1].at } : {}),
    ...about,
    partitions: counts,
  };
}

function fallbackPlace(target: Target, definition: AssetDefinition): string | undefined {
  const bound = attempt(() => target.managerOf(definition), []);
  return bound && shownPlace(bound.manager, definition);
}
