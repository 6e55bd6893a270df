import type { AssetDefinition } from "../assets/definition.ts";
import type { AnyIOManager } from "../io/manager.ts";
import { type ErrorCode, type ErrorInfo, toErrorInfo } from "../model/errors.ts";
import type { StoredRecord } from "../model/values.ts";
import type { AssetGraph } from "./graph.ts";
import type { Partitioning } from "./partitioning.ts";
import { attempt } from "./problems.ts";
import type { BoundManager, Target } from "./target.ts";

/** What a store says about an asset's value. */
export type StoreAnswer =
  | { readonly state: "stored"; readonly record: Partial<StoredRecord>; readonly partitions?: never }
  /** Of an asset with partitions: the records of those that are stored, by key. */
  | { readonly state: "partitions"; readonly partitions: ReadonlyMap<string, Partial<StoredRecord>> }
  | { readonly state: "missing" }
  /** It could not be asked, or its I/O manager has no `inspect`. */
  | { readonly state: "unknown"; readonly error?: ErrorInfo };

/** One value to ask for: an asset, and the I/O manager key where an input overrides it. */
export interface RecordRequest {
  readonly key: string;
  readonly ioManager?: string | undefined;
  /** Partitions to ask for; all that are stored when left out. */
  readonly partitions?: ReadonlySet<string> | undefined;
}
/** Identity of a request, for the map of answers. */
export const requestId = ({ key, ioManager }: RecordRequest): string => (ioManager === undefined ? key : `${key} ${ioManager}`);

/** Questions to one store at a time. */
const atOnce = 16;
/** Errors that concern the store, not the one asset: nobody else of that store needs to wait for the same answer. */
const ofTheStore = new Set<ErrorCode>(["io/locked", "io/unavailable", "io/permission", "io/sdk-missing", "config/missing-env", "config/invalid"]);

/**
 * Asks the stores of a target for the records of these values, each store concurrently with the others.
 * A store that cannot be asked answers "unknown" for its own assets and hides none of the others.
 */
export async function readRecords(
  graph: AssetGraph,
  target: Target,
  requests: readonly RecordRequest[],
  signal: AbortSignal,
  partitioning: Partitioning,
): Promise<ReadonlyMap<string, StoreAnswer>> {
  const answers = new Map<string, StoreAnswer>();
  const byManager = new Map<BoundManager["manager"], { readonly request: RecordRequest; readonly bound: BoundManager }[]>();
  for (const request of requests) {
    const asset = graph.assets.get(request.key);
    if (!asset) continue;
    const problems: ErrorInfo[] = [];
    const bound = attempt(() => target.managerOf(asset.definition, request.ioManager), problems);
    if (!bound) answers.set(requestId(request), { state: "unknown", error: problems[0]! });
    else if (!bound.manager.inspect) answers.set(requestId(request), { state: "unknown" });
    else {
      const list = byManager.get(bound.manager);
      if (list) list.push({ request, bound });
      else byManager.set(bound.manager, [{ request, bound }]);
    }
  }

  async function ask({ request, bound }: { readonly request: RecordRequest; readonly bound: BoundManager }): Promise<StoreAnswer> {
    const { definition } = graph.assets.get(request.key)!;
    try {
      if (definition.partitions)
        return { state: "partitions", partitions: await readPartitions(bound.manager, definition, request, signal, partitioning) };
      const record = await bound.manager.inspect!({ key: request.key, table: definition.table, partitions: [], signal });
      // What another asset stored in the same place is not this one's value. A source is there to read what others wrote.
      const others = definition.step !== undefined && record?.key !== undefined && record.key !== request.key;
      return record === undefined || others ? { state: "missing" } : { state: "stored", record };
    } catch (thrown) {
      return { state: "unknown", error: toErrorInfo(thrown, "io/unavailable", { asset: request.key }) };
    }
  }

  await Promise.all(
    Array.from(byManager.values(), async (list) => {
      // The first question goes alone: where the store is locked or away, the others need not run into it too.
      const first = await ask(list[0]!);
      answers.set(requestId(list[0]!.request), first);
      let failed = first.state === "unknown" && first.error && ofTheStore.has(first.error.code) ? first : undefined;
      let next = 1;
      const worker = async () => {
        while (next < list.length) {
          const each = list[next++]!;
          const answer: StoreAnswer = failed?.error ? { state: "unknown", error: { ...failed.error, asset: each.request.key } } : await ask(each);
          answers.set(requestId(each.request), answer);
          if (!failed && answer.state === "unknown" && answer.error && ofTheStore.has(answer.error.code)) failed = answer;
        }
      };
      await Promise.all(Array.from({ length: Math.min(atOnce, list.length - 1) }, worker));
    }),
  );
  return answers;
}

/** So few are asked for one by one, rather than reading what a store knows of all. */
const few = 8;

async function readPartitions(
  manager: AnyIOManager,
  { key, table, step }: AssetDefinition,
  { partitions: wanted }: RecordRequest,
  signal: AbortSignal,
  partitioning: Partitioning,
): Promise<ReadonlyMap<string, Partial<StoredRecord>>> {
  const whole = { key, table, partitions: [], signal };
  const others = (record: Partial<StoredRecord>) => step !== undefined && record.key !== undefined && record.key !== key;
  const listed = wanted !== undefined && wanted.size <= few;
  if (!listed && manager.inspectPartitions) {
    const all = await manager.inspectPartitions(whole);
    return new Map([...all].filter(([, record]) => !others(record)));
  }
  const space = partitioning.spaceOf(key)!;
  const stored = listed || !manager.list ? undefined : await manager.list(whole);
  const named = stored ? (wanted ? stored.filter((each) => wanted.has(each)) : stored) : [...(wanted ?? space.keys())];
  const found = new Map<string, Partial<StoredRecord>>();
  let next = 0;
  const worker = async () => {
    while (next < named.length) {
      const partition = named[next++]!;
      // A store may keep partitions that the definition has no more.
      if (space.canonical(partition) !== partition) continue;
      const record = await manager.inspect!({ ...whole, ...partitioning.address(key, [partition]) });
      if (record && !others(record)) found.set(partition, record);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, named.length) }, worker));
  return found;
}
