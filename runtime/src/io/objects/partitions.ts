import { inParallel } from "./parallel.ts";
import { keyOf, type ObjectPaths, objectPaths, type PartitionPlace, partitionFolder, partitionPaths, placesAt } from "./paths.ts";
import { isShownBy, recordName, type SlotRecord, type Slots } from "./slot.ts";
import type { ObjectStore } from "./store.ts";

/** A partition that is stored. */
export interface StoredPartition {
  readonly key: string;
  readonly paths: ObjectPaths;
  /** Its key along each dimension. */
  readonly places: readonly PartitionPlace[];
  /** Left out for a file that something else put there. */
  readonly record?: SlotRecord;
}

/** Stored partitions of an asset, by key. */
export async function storedPartitions(store: ObjectStore, slots: Slots, key: string, prefix: string): Promise<readonly StoredPartition[]> {
  const { slot } = objectPaths(key, prefix);
  const shown = partitionFolder(key, prefix);
  const found = new Map<string, StoredPartition>();
  const files = new Map<string, string>();
  const add = (places: readonly PartitionPlace[], record?: SlotRecord): void => {
    const paths = partitionPaths(key, places, prefix);
    found.set(paths.slot, { key: record?.record?.partition ?? keyOf(places), places, paths, ...(record ? { record } : {}) });
  };
  for (const path of await store.below(shown, isSegment)) {
    const inside = path.slice(shown.length + 1);
    const places = inside.split("/").every(isSegment) ? placesAt(inside.replace(/\.[a-z0-9]+$/, "")) : undefined;
    if (!places) continue;
    add(places);
    files.set(partitionPaths(key, places, prefix).slot, path);
  }
  for (const { folder, record } of await recordsBelow(store, slots, slot)) {
    const places = record.dimensions ?? placesAt(folder.slice(slot.length + 1));
    if (record.data !== undefined && places) add(places, record);
    // a value that was deleted may be seen for a moment yet
    const file = record.data === undefined ? files.get(folder) : undefined;
    if (file !== undefined && (await isShownBy(store, record, file))) found.delete(folder);
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Folders and files of partitions are the only names with this character. */
const isSegment = (name: string): boolean => name.includes("=");

interface FoundRecord {
  readonly folder: string;
  readonly record: SlotRecord;
}

/** The records of all partitions below the asset's slot. */
async function recordsBelow({ local, below }: ObjectStore, slots: Slots, slot: string): Promise<readonly FoundRecord[]> {
  const suffix = `/${recordName}`;
  const found: FoundRecord[] = [];
  const inside = async (parents: readonly string[]): Promise<readonly string[]> => {
    const names = await inParallel(parents, async (parent) => (await local!.folders(parent)).filter(isSegment).map((name) => `${parent}/${name}`));
    return names.flat();
  };
  // in folders the partitions' own ones are not listed: a folder without a record is one of the dimensions before the last
  for (let folders = local ? await inside([slot]) : await recorded(); folders.length > 0; ) {
    const records = await slots.readAll(folders);
    for (const [i, folder] of folders.entries()) if (records[i]) found.push({ folder, record: records[i] });
    folders = local ? await inside(folders.filter((_, i) => !records[i])) : [];
  }
  return found;

  async function recorded(): Promise<readonly string[]> {
    const folders = (await below(slot)).filter((path) => path.endsWith(suffix)).map((path) => path.slice(0, -suffix.length));
    return folders.filter(
      (folder) =>
        folder.length > slot.length &&
        folder
          .slice(slot.length + 1)
          .split("/")
          .every(isSegment),
    );
  }
}
