import { type ErrorCode, type ErrorInfo, toErrorInfo } from "../model/errors.ts";
import type { StoredRecord } from "../model/values.ts";
import type { AssetGraph } from "./graph.ts";
import { attempt } from "./problems.ts";
import type { BoundManager, Target } from "./target.ts";

/** What a store says about an asset's value. */
export type StoreAnswer =
  | { readonly state: "stored"; readonly record: Partial<StoredRecord> }
  | { readonly state: "missing" }
  /** It could not be asked, or its I/O manager has no `inspect`. */
  | { readonly state: "unknown"; readonly error?: ErrorInfo };

/** One value to ask for: an asset, and the I/O manager key where an input overrides it. */
export interface RecordRequest {
  readonly key: string;
  readonly ioManager?: string | undefined;
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
): Promise<ReadonlyMap<string, StoreAnswer>> {
  const answers = new Map<string, StoreAnswer>();
  const byManager = new Map<BoundManager["manager"], { readonly request: RecordRequest; readonly bound: BoundManager }[]>();
  for (const request of requests) {
    const asset = graph.assets.get(request.key);
    if (!asset) continue;
    const problems: ErrorInfo[] = [];
    const bound = attempt(() => target.managerOf(asset.definition, request.ioManager), problems);
    if (!bound) answers.set(requestId(request), { state: "unknown", error: problems[0]! });
    else if (!bound.manager.inspect || asset.definition.partitions !== undefined) answers.set(requestId(request), { state: "unknown" });
    else {
      const list = byManager.get(bound.manager);
      if (list) list.push({ request, bound });
      else byManager.set(bound.manager, [{ request, bound }]);
    }
  }

  async function ask({ request, bound }: { readonly request: RecordRequest; readonly bound: BoundManager }): Promise<StoreAnswer> {
    const { definition } = graph.assets.get(request.key)!;
    try {
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
