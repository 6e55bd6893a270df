import type { PartitionSlice } from "../../model/partition.ts";
import type { StoredRecord } from "../../model/values.ts";
import type { InputContext, Relation, SqlQuery } from "../manager.ts";
import { severalValues } from "../shapes.ts";
import { type TablePart, unionQuery } from "../union-tables.ts";
import { inParallel } from "./parallel.ts";
import type { StoredPartition } from "./partitions.ts";
import { objectPaths } from "./paths.ts";
import { type Found, type Shelf, table } from "./shelf.ts";
import { extensionOf, type SlotRecord } from "./slot.ts";

/** Several partitions, kept from being removed while they are read. */
export interface HeldPartitions {
  readonly partitions: readonly (StoredPartition & { readonly found: Found })[];
  /** Idempotent. */
  readonly done: () => Promise<void>;
}
/** Several partitions, open for reading as one table. */
export interface OpenSeveral {
  readonly query: SqlQuery;
  readonly files: readonly string[];
  /** The handler that wrote all of them; left out where they differ. */
  readonly records: readonly (Partial<StoredRecord> | undefined)[];
  readonly done: () => Promise<void>;
}

const foundAt = (slot: string, record: SlotRecord, data: string): Found => ({
  path: `${slot}/${data}`,
  extension: extensionOf(data),
  record,
  release: async () => {},
});

/** Partitions of an asset, in their order; all that are stored without `slices`. Throws `io/not-found`. */
export async function holdPartitions(shelf: Shelf, context: InputContext, slices: readonly PartitionSlice[] | undefined): Promise<HeldPartitions> {
  const { key } = context;
  const done = shelf.once(await shelf.slots.holdAll(objectPaths(key, shelf.prefix)));
  try {
    // read after the lease: what they name now stays
    const stored = slices ? await ofSlices(shelf, key, slices) : await shelf.partitions(key);
    const partitions = await inParallel(stored, async (partition) => {
      const { record, paths } = partition;
      const found = record?.data === undefined ? await shelf.findLone(paths) : foundAt(paths.slot, record, record.data);
      if (!found) throw await shelf.absent(context, paths, partition.key);
      return { ...partition, found };
    });
    return { partitions, done };
  } catch (error) {
    await done();
    throw error;
  }
}

async function ofSlices({ pathsOf, slots }: Shelf, key: string, slices: readonly PartitionSlice[]): Promise<readonly StoredPartition[]> {
  const at = slices.map((slice) => ({
    key: slice.key,
    paths: pathsOf(key, slice),
    places: slice.dimensions.map(({ name, key: own }) => ({ name, key: own })),
  }));
  const records = await slots.readAll(at.map(({ paths }) => paths.slot));
  return at.map((each, i) => ({ ...each, ...(records[i] ? { record: records[i] } : {}) }));
}

/**
 * Partitions as one table, with a column for each dimension that has none in it when `shown` says so.
 * Throws `io/unsupported-value` for one that is no table, `io/schema-mismatch`.
 */
export async function openSeveral(shelf: Shelf, context: InputContext, held: HeldPartitions, { shown = false } = {}): Promise<OpenSeveral> {
  const { key, columns, signal } = context;
  const closing: (() => Promise<void>)[] = [held.done];
  const done = async (): Promise<void> => {
    for (const close of closing) await close();
  };
  try {
    const opened = await inParallel(held.partitions, async ({ key: partition, found, places }): Promise<TablePart> => {
      if (found.extension !== table) throw severalValues(key, partition, shelf.formatOf(key, found).name);
      const { file, casts, columns: own, done: close } = await shelf.openTable({ ...context, partitions: [partition] }, found);
      closing.push(close);
      const relation: Relation = { store: table, parquet: [file], casts, key };
      return { partition, relation, columns: own, ...(shown ? { places } : {}) };
    });
    const query = await unionQuery(opened, { key, columns, signal });
    const records = held.partitions.map(({ found }) => found.record?.record);
    const files = opened.flatMap(({ relation }) => relation.parquet ?? []);
    return { query, files, records, done };
  } catch (error) {
    await done();
    throw error;
  }
}

/**
 * Whether the asset as a whole is its partitions: they were stored last. Else it is its whole value, or nothing is stored.
 */
export async function isPartitioned({ slots, partitions, findLone, prefix }: Shelf, key: string): Promise<boolean> {
  const stored = await partitions(key);
  if (stored.length === 0) return false;
  const paths = objectPaths(key, prefix);
  const whole = await slots.read(paths);
  if (whole?.data === undefined) return (await findLone(paths)) === undefined;
  const at = (record: SlotRecord | undefined): string => record?.record?.storedAt ?? "";
  return stored.some(({ record }) => at(record) > at(whole));
}
