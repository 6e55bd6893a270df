import type { AnyFormat } from "../../formats/format.ts";
import { describeParquet, showQuery, writeParquet } from "../../formats/parquet.ts";
import { describeValue } from "../../formats/plain.ts";
import { cloneMistake } from "../../formats/structured-clone.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import type { ColumnSchema, StoredMetadata, StoredRecord } from "../../model/values.ts";
import type { AnyHandler, OutputContext, Relation, SqlQuery } from "../manager.ts";
import { completeRecord, inseparable, inseparableRows, noTable, requireSameColumns, storeHints, unsupported, watched } from "../shapes.ts";
import { areSeparable, separate } from "../slice-tables.ts";
import { inParallel } from "./parallel.ts";
import { type ObjectPaths, objectPaths, partitionFolder } from "./paths.ts";
import { type Shelf, table } from "./shelf.ts";
import { extensionOf, type SlotRecord } from "./slot.ts";
import { rowsWhere, verifyTable } from "./verify.ts";

export const placed = (slice: PartitionSlice | undefined) => (slice ? { dimensions: slice.dimensions.map(({ name, key }) => ({ name, key })) } : {});

export const replacing = (context: OutputContext, extension: string) => ({
  run: context.record.runId,
  extension,
  signal: context.signal,
  warn: (message: string) => context.log("warn", message),
});

/** Where people find the data. */
export const placeOf = ({ store }: Shelf, paths: ObjectPaths, data: string): string =>
  store.uri(store.local ? `${paths.shown}.${extensionOf(data)}` : `${paths.slot}/${data}`);

/** Partitions may have columns of their own, unless `schemaChange` says otherwise. */
export async function refuseOtherColumns(shelf: Shelf, context: OutputContext, columns: readonly ColumnSchema[]): Promise<void> {
  if (context.schemaChange === "evolve") return;
  const others = await shelf.partitions(context.key);
  requireSameColumns(
    context,
    columns,
    others.flatMap(({ key, record }) => (record?.columns ? [{ key, columns: record.columns }] : [])),
  );
}

/** Columns of a file without a record, or of the partition stored last. */
async function storedColumns(shelf: Shelf, context: OutputContext): Promise<readonly ColumnSchema[] | undefined> {
  if (context.partitions.length > 0) {
    const tables = (await shelf.partitions(context.key)).filter(({ record }) => record?.columns);
    return tables.sort((a, b) => ((a.record?.record?.storedAt ?? "") < (b.record?.record?.storedAt ?? "") ? 1 : -1))[0]?.record?.columns;
  }
  const found = await shelf.findLone(objectPaths(context.key, shelf.prefix));
  if (found?.extension !== table) return undefined;
  const copy = await shelf.copies.read(found.path, context.signal);
  if (!copy) return undefined;
  try {
    return (await describeParquet(copy.file, context.signal)).columns;
  } finally {
    await copy.done();
  }
}

/** Writes a value that is a table as a file of this machine. */
export async function writeTable(
  shelf: Shelf,
  context: OutputContext,
  handler: AnyHandler,
  value: unknown,
  file: string,
  record: StoredRecord,
  former: SlotRecord | undefined,
) {
  const { signal, key } = context;
  if (!handler.toTable) return writeParquet(file, { query: value as SqlQuery }, { key, record, signal });
  const hints = storeHints(context, async () => former?.columns ?? (await storedColumns(shelf, context)));
  const source = watched(await handler.toTable(value, hints), signal);
  try {
    return await writeParquet(file, { table: source.stream }, { key, record, signal, declared: context.columns });
  } catch (error) {
    throw source.thrown()?.error ?? error;
  }
}

/** Stores one value as one object, held to what the partition says about its rows. */
export async function storeOne(shelf: Shelf, context: OutputContext, value: unknown, slice: PartitionSlice | undefined): Promise<StoredMetadata> {
  const { store, slots, copies, handlers, formats } = shelf;
  const { key, signal } = context;
  const paths = shelf.pathsOf(key, slice);
  const former = await slots.read(paths);
  // an empty array has no columns of its own: where items that are no rows were stored before, it is the empty list of those
  const emptyList = Array.isArray(value) && value.length === 0 && former?.record !== undefined && !former.columns;
  const handler = emptyList ? undefined : handlers.find((known) => known.accepts(value));
  const format = handler ? undefined : formats.find((known) => known.accepts(value));
  if (!handler && !format) throw unsupported(key, store.name, value, handlers, cloneMistake(value));
  const stored = await slots.replace(paths, replacing(context, format?.extension ?? table), async (path) => {
    if (handler) {
      const { rows, columns, casts } = await copies.write(path, signal, async (file) => {
        const facts = await writeTable(shelf, context, handler, value, file, completeRecord(context, handler.name, slice?.key), former);
        if (slice) await refuseOtherColumns(shelf, context, facts.columns);
        const relation: Relation = { store: table, parquet: [file], casts: facts.casts, key };
        if (slice) await separate(relation, facts.columns, [slice], signal);
        await verifyTable(context, { handler, relation, columns: facts.columns });
        return facts;
      });
      return { record: completeRecord(context, handler.name, slice?.key, rows), columns, casts, ...placed(slice) };
    }
    await (format as AnyFormat).write(value, {
      signal,
      write: async (content) => {
        if (content instanceof Uint8Array) await store.put(path, content, { signal });
        else await store.putStream(path, content, { signal });
      },
    });
    const record = completeRecord(context, (format as AnyFormat).name, slice?.key);
    await context.verify?.(async ({ handler: asked }) => {
      if (asked) throw noTable(key, store.uri(path), record.handler, asked.name);
      const extension = (format as AnyFormat).extension;
      return shelf.readValue(
        { key, signal, partitions: context.partitions },
        { path, extension, record: { layout: 1, record, replaced: [] }, release: async () => {} },
      );
    });
    return { record, ...placed(slice) };
  });
  const at = placeOf(shelf, paths, stored.data);
  return {
    place: at,
    bytes: stored.bytes,
    ...(stored.record.rows === undefined ? {} : { rows: stored.record.rows }),
    ...(stored.columns ? { columns: stored.columns, query: showQuery([at]) } : {}),
  };
}

/** Stores one table as several partitions, each replaced in a step of its own once all rows have their place. */
export async function storeSeveral(shelf: Shelf, context: OutputContext, value: unknown, slices: readonly PartitionSlice[]): Promise<StoredMetadata> {
  const { store, slots, copies, handlers, prefix } = shelf;
  const { key, signal } = context;
  const handler = handlers.find((known) => known.accepts(value));
  if (!handler) throw inseparable(context, `${describeValue(value)}, which is no table`, "Return a Map with a value for each of context.partitions.");
  if (!areSeparable(slices)) throw inseparableRows(context);
  return copies.between(async (file) => {
    const record = completeRecord(context, handler.name, undefined);
    const { rows, columns, casts } = await writeTable(shelf, context, handler, value, file, record, undefined);
    const relation: Relation = { store: table, parquet: [file], casts, key };
    await refuseOtherColumns(shelf, context, columns);
    const found = await separate(relation, columns, slices, signal);
    const conditions = new Map(slices.map((slice, i) => [slice.key, found[i] as string]));
    await verifyTable(context, { handler, relation, columns, conditions });
    const places = await inParallel(slices, async (slice) => {
      const paths = shelf.pathsOf(key, slice);
      const query = rowsWhere(relation, conditions.get(slice.key));
      const stored = await slots.replace(paths, replacing(context, table), async (path) => {
        const own = completeRecord(context, handler.name, slice.key);
        const facts = await copies.write(path, signal, (to) => writeParquet(to, { query }, { key, record: own, signal }));
        return { record: { ...own, rows: facts.rows }, columns: facts.columns, casts: facts.casts, ...placed(slice) };
      });
      return { at: placeOf(shelf, paths, stored.data), bytes: stored.bytes };
    });
    const bytes = places.reduce((sum, each) => sum + each.bytes, 0);
    return { place: store.uri(partitionFolder(key, prefix)), rows, bytes, columns, query: showQuery(places.map(({ at }) => at)) };
  });
}
