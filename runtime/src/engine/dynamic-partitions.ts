import type { AssetDefinition } from "../assets/definition.ts";
import type { OutputContext } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { StoredRecord } from "../model/values.ts";
import { dynamicNames, type Moment, onlyDimension } from "../partitions/space.ts";
import type { AssetGraph } from "./graph.ts";
import { type BoundManager, defaultKey, type Target } from "./target.ts";

/*
 * Each key of a dynamic definition is a partition of a small asset of its own, kept by the default I/O manager: adding one is then as atomic, and
 * as safe beside others who add, as storing any partition.
 */

/** Key of the asset that holds the keys of a definition; the name may hold anything. */
export const dynamicAsset = (name: string): string =>
  `sluice_partitions/${name.replace(/[^A-Za-z0-9_]/gu, (character) => `-${character.codePointAt(0)!.toString(16)}-`)}`;

const column = "key";
const slice = (key: string) => ({ key, dimensions: [{ name: onlyDimension, key, column }] });

function managerFor(target: Target, name: string): BoundManager {
  const bound = target.managerOf({ key: dynamicAsset(name), ioManager: defaultKey });
  if (bound.manager.inspectPartitions || bound.manager.list) return bound;
  throw new SluiceError(
    "config/invalid",
    `${bound.name} of target "${target.name}" cannot list partitions, so the keys of "${name}" cannot lie there.`,
    {
      hint: "The default I/O manager of a target with dynamic partitions needs list or inspectPartitions.",
    },
  );
}

/** The keys in the order they were added. Throws what the store throws. */
export async function readDynamicKeys(target: Target, name: string, signal: AbortSignal): Promise<readonly string[]> {
  const { manager } = managerFor(target, name);
  const whole = { key: dynamicAsset(name), partitions: [], signal };
  if (!manager.inspectPartitions) return manager.list!(whole);
  const records = [...(await manager.inspectPartitions(whole))];
  const when = (record: Partial<StoredRecord>) => record.storedAt ?? "";
  return records
    .sort(([a, one], [b, other]) => compare(when(one), when(other)) || compare(one.dataVersion ?? a, other.dataVersion ?? b))
    .map(([key]) => key);
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface AddOptions {
  readonly now: number;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly log?: OutputContext["log"];
}

/** Adds keys, each once; answers with those that are new. Throws `partition/unknown` for an empty key, and what the store throws. */
export async function addDynamicKeys(target: Target, name: string, keys: readonly string[], options: AddOptions): Promise<readonly string[]> {
  if (keys.some((key) => typeof key !== "string" || key === ""))
    throw new SluiceError("partition/unknown", `A key of "${name}" is a text that is not empty.`);
  const { manager } = managerFor(target, name);
  const known = new Set(await readDynamicKeys(target, name, options.signal));
  const added = [...new Set(keys)].filter((key) => !known.has(key));
  let number = known.size;
  for (const key of added) {
    const address: Pick<AssetDefinition, "key" | "table"> = { key: dynamicAsset(name) };
    const context: OutputContext = {
      ...address,
      partitions: [key],
      slices: [slice(key)],
      write: "replace",
      schemaChange: "evolve",
      columns: { [column]: "VARCHAR" },
      record: {
        version: 1,
        key: address.key,
        partition: key,
        runId: options.runId,
        step: address.key,
        attempt: 1,
        // Orders those that are added within one millisecond.
        dataVersion: String(number++).padStart(12, "0"),
        storedAt: new Date(options.now).toISOString(),
      },
      signal: options.signal,
      log: options.log ?? (() => {}),
    };
    await manager.handleOutput(context, [{ [column]: key }] as never);
  }
  return added;
}

/** One look at the clock, and at the keys of every dynamic definition that the assets use. */
export async function readMoment(graph: AssetGraph, target: Target, now: number, signal: AbortSignal): Promise<Moment> {
  const names = new Set<string>();
  for (const { definition } of graph.assets.values()) {
    if (definition.partitions) for (const name of dynamicNames(definition.partitions)) names.add(name);
  }
  const read = await Promise.all(Array.from(names, async (name) => [name, await readDynamicKeys(target, name, signal)] as const));
  return { now, dynamic: Object.fromEntries(read) };
}
