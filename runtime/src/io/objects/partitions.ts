import { keyOf, type ObjectPaths, objectPaths, type PartitionPlace, partitionFolder, partitionPaths, placesAt } from "./paths.ts";
import { recordName, type SlotRecord, type Slots } from "./slot.ts";
import type { ObjectStore } from "./store.ts";

/** Records read, or partitions written, at a time. */
const atOnce = 16;

/** Every item's answer, in order; a few at a time. After one has failed no other is begun, and those that were have ended. */
export async function inParallel<Item, Value>(items: readonly Item[], work: (item: Item) => Promise<Value>): Promise<readonly Value[]> {
  const values: Value[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const at = next;
      next += 1;
      try {
        values[at] = await work(items[at] as Item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failure) throw failure.error;
  return values;
}

/** A partition that is stored. */
export interface StoredPartition {
  readonly key: string;
  readonly paths: ObjectPaths;
  /** Left out for a file that something else put there. */
  readonly record?: SlotRecord;
}

/** Stored partitions of an asset, by key. */
export async function storedPartitions(store: ObjectStore, slots: Slots, key: string, prefix: string): Promise<readonly StoredPartition[]> {
  const below = async (folder: string): Promise<readonly string[]> =>
    (await store.below(folder)).map((path) => path.slice(folder.length + 1)).filter((path) => isPartition(path));
  const { slot } = objectPaths(key, prefix);
  const shown = partitionFolder(key, prefix);
  const found = new Map<string, StoredPartition>();
  const add = (places: readonly PartitionPlace[], record?: SlotRecord): void => {
    const named = record?.record?.partition ?? keyOf(places);
    found.set(named, { key: named, paths: partitionPaths(key, places, prefix), ...(record ? { record } : {}) });
  };
  for (const path of await below(shown)) {
    const places = placesAt(path.replace(/\.[a-z0-9]+$/, ""));
    if (places) add(places);
  }
  const suffix = `/${recordName}`;
  const recorded = (await below(slot)).filter((path) => path.endsWith(suffix)).map((path) => path.slice(0, -suffix.length));
  const records = await inParallel(recorded, (path) => slots.read({ shown: `${shown}/${path}`, slot: `${slot}/${path}` }));
  for (const [i, record] of records.entries()) {
    const places = record?.dimensions ?? placesAt(recorded[i] as string);
    if (record?.data !== undefined && places) add(places, record);
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Whether every folder of a path, and a file that is no record, is of a partition. */
const isPartition = (path: string): boolean => {
  const parts = path.split("/");
  const folders = parts.at(-1) === recordName ? parts.slice(0, -1) : parts;
  return folders.length > 0 && folders.every((part) => part.includes("="));
};
