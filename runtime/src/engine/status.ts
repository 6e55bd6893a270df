import type { AssetDefinition, LoadedProject } from "../assets/definition.ts";
import type { AssetStatus } from "../model/graph.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import { type AssetGraph, buildGraph, type GraphAsset, withUpstream } from "./graph.ts";
import { type History, noHistory, type PastFailure, type PastMaterialization } from "./history.ts";
import { attempt } from "./problems.ts";
import { readRecords, type StoreAnswer } from "./records.ts";
import { placeOf, type Target } from "./target.ts";
import { storedByItself, versionOf } from "./versions.ts";

export interface StatusRequest {
  readonly project: Pick<LoadedProject, "assets" | "codeVersions">;
  readonly target: Target;
  /** Keys asked for; all when left out. Their upstream is looked at too. */
  readonly keys?: readonly string[] | undefined;
  readonly history?: History | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What one asset's value is, before failures are laid over it. */
interface Known {
  readonly state: "missing" | "fresh" | "stale" | "unknown";
  readonly reason?: string;
  readonly because?: string;
  readonly record?: Partial<StoredRecord> | undefined;
  readonly metadata?: StoredMetadata | undefined;
}

/**
 * States of assets on a target, in the order of the keys: from the records in the stores, and from this machine's history for failures and for
 * what assets stored themselves. A store that cannot be asked makes its own assets "unknown", with the reason.
 */
export async function assetStatus(request: StatusRequest): Promise<readonly AssetStatus[]> {
  const { project, target, history = noHistory() } = request;
  const graph = buildGraph(project);
  const keys = request.keys?.filter((key) => graph.assets.has(key)) ?? [...graph.assets.keys()];
  const wanted = withUpstream(graph, keys);
  const answers = await readRecords(
    graph,
    target,
    [...wanted].map((key) => ({ key })),
    request.signal ?? new AbortController().signal,
  );
  const past = history.materializations(target.name);
  const failures = history.failures(target.name);

  const known = new Map<string, Known>();
  for (const asset of graph.assets.values()) {
    if (wanted.has(asset.key))
      known.set(asset.key, judge(asset, answers.get(asset.key), past.get(asset.key), project.codeVersions.get(asset.key), known));
  }
  return keys.map((key) => statusOf(graph, target, key, known.get(key)!, failures.get(key)));
}

/** Upstream assets must have been judged before. */
function judge(
  { definition, upstream, step }: GraphAsset,
  answer: StoreAnswer | undefined,
  past: PastMaterialization | undefined,
  codeVersion: string | undefined,
  known: ReadonlyMap<string, Known>,
): Known {
  const metadata = past?.metadata;
  if (definition.partitions !== undefined) return { state: "unknown", reason: "has partitions, whose states this version does not show" };
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
  if (record.codeVersion !== undefined && codeVersion !== undefined && record.codeVersion !== codeVersion)
    return { state: "stale", reason: "code changed", ...about };
  const cause = staleBecause(record, upstream, known);
  return cause ? { state: "stale", ...cause, ...about } : { state: "fresh", ...about };
}

/** The first upstream asset that makes a value stale: one that changed, before one that only will. */
function staleBecause(
  record: Partial<StoredRecord>,
  upstream: readonly string[],
  known: ReadonlyMap<string, Known>,
): { reason: string; because: string } | undefined {
  let waiting: { reason: string; because: string } | undefined;
  for (const key of upstream) {
    const above = known.get(key);
    if (!above) continue;
    const then = record.inputs?.[key];
    const now = above.record && versionOf(above.record);
    if (now !== undefined && then === undefined && record.inputs !== undefined) return { reason: `now depends on ${key}`, because: key };
    if (now !== undefined && then !== undefined && now !== then) return { reason: `${key} changed`, because: key };
    if (above.state === "stale") waiting ??= { reason: `${key} is stale`, because: key };
    if (above.state === "missing") waiting ??= { reason: `${key} is missing`, because: key };
  }
  return waiting;
}

function statusOf(graph: AssetGraph, target: Target, key: string, known: Known, failure: PastFailure | undefined): AssetStatus {
  const { record, metadata } = known;
  const storedAt = record?.storedAt === undefined ? undefined : Date.parse(record.storedAt);
  const failed = failure && !(storedAt !== undefined && storedAt > failure.at);
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
    ...(failed ? { error: failure.error, failedAt: failure.at } : {}),
    ...(place === undefined ? {} : { place }),
  };
}

function fallbackPlace(target: Target, definition: AssetDefinition): string | undefined {
  const bound = attempt(() => target.managerOf(definition), []);
  return bound && placeOf(bound.manager, definition);
}
