import { createHash } from "node:crypto";
import { showQuery, writeParquet } from "../../formats/parquet.ts";
import { isSluiceError } from "../../model/errors.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import type { StoredMetadata } from "../../model/values.ts";
import { type JoinedTable, joinQuery } from "../join-tables.ts";
import type { AnyHandler, OutputContext, Relation } from "../manager.ts";
import { completeRecord, inseparableRows, materializationOf, notAddable, notAddedTo, requireUpsertKeys, wholeOfPartitions } from "../shapes.ts";
import { areSeparable, separate } from "../slice-tables.ts";
import { inParallel } from "./parallel.ts";
import { partitionFolder } from "./paths.ts";
import { type Shelf, table } from "./shelf.ts";
import { inTurn } from "./slot.ts";
import { rowsWhere, verifyTable } from "./verify.ts";
import { placed, placeOf, refuseOtherColumns, replacing, writeTable } from "./write.ts";

/** Most appends that a record remembers. */
const remembered = 10_000;

const idOf = (context: OutputContext): string => createHash("sha256").update(materializationOf(context)).digest("base64url").slice(0, 22);

/** A stored table after rows were added to it. */
interface Added {
  readonly at: string;
  /** Of all that is stored there now. */
  readonly rows: number;
  readonly bytes: number;
  readonly columns: JoinedTable["columns"];
  /** False when the table had this append already. */
  readonly changed: boolean;
}

/**
 * Adds a table to what is stored, or merges it by keys. Rows are written once to a file of their own; then what is stored and they become the
 * new value, which is put only while nothing else has become the value: else they are joined again, to that.
 */
export async function storeAdded(shelf: Shelf, context: OutputContext, value: unknown, slices: readonly PartitionSlice[]): Promise<StoredMetadata> {
  const { copies, handlers, store, prefix } = shelf;
  const { key, signal, schemaChange } = context;
  requireUpsertKeys(context);
  const handler = handlers.find((known) => known.accepts(value));
  if (!handler) throw notAddable(context, value);
  if (slices.length > 1 && !areSeparable(slices)) throw inseparableRows(context);
  const [first] = slices;
  return copies.between(async (file) => {
    const former = slices.length > 1 ? undefined : await shelf.slots.read(shelf.pathsOf(key, first));
    const staged = await writeTable(shelf, context, handler, value, file, completeRecord(context, handler.name, undefined), former);
    const { columns, casts } = staged;
    const relation: Relation = { store: table, parquet: [file], casts, key };
    if (first) await refuseOtherColumns(shelf, context, columns);
    const found = await separate(relation, columns, slices, signal);
    const conditions = new Map(slices.map((slice, i) => [slice.key, found[i] as string]));
    await verifyTable(context, { handler, relation, columns, conditions });
    const mode = context.write === "replace" ? "append" : context.write;
    const join = (stored: JoinedTable | undefined, slice: PartitionSlice | undefined) =>
      joinQuery(stored, { query: rowsWhere(relation, (slice && conditions.get(slice.key)) ?? "true"), columns }, { key, mode, schemaChange, signal });
    const places = await inParallel(first ? slices : [undefined], (slice) =>
      inTurn(`add to ${store.uri(shelf.pathsOf(key, slice).slot)}`, () => addOne(shelf, context, handler, slice, (stored) => join(stored, slice))),
    );
    const sum = (of: (each: Added) => number): number => places.reduce((total, each) => total + of(each), 0);
    return {
      place: slices.length > 1 ? store.uri(partitionFolder(key, prefix)) : (places[0] as Added).at,
      rows: sum(({ rows }) => rows),
      written: places.some(({ changed }) => changed) ? staged.rows : 0,
      bytes: sum(({ bytes }) => bytes),
      columns: (places[0] as Added).columns,
      query: showQuery(places.map(({ at }) => at)),
    };
  });
}

async function addOne(
  shelf: Shelf,
  context: OutputContext,
  handler: AnyHandler,
  slice: PartitionSlice | undefined,
  join: (stored: JoinedTable | undefined) => ReturnType<typeof joinQuery>,
): Promise<Added> {
  const { slots, copies } = shelf;
  const { key, signal, write, partitions, log } = context;
  const paths = shelf.pathsOf(key, slice);
  const id = write === "append" ? idOf(context) : undefined;
  for (;;) {
    signal.throwIfAborted();
    const found = await shelf.find(paths);
    try {
      const { data = null, bytes = 0, record, columns, appends = [] } = found?.record ?? {};
      if (found && found.extension !== table) throw notAddedTo(context, shelf.store.uri(found.path), shelf.formatOf(key, found).name);
      if (data !== null && id !== undefined && appends.includes(id)) {
        log("info", "These rows were added before, by an attempt of the same step: they are not added twice.");
        return { at: placeOf(shelf, paths, data), rows: record?.rows ?? 0, bytes, columns: columns ?? [], changed: false };
      }
      const beside = slice || found ? 0 : (await shelf.partitions(key)).length;
      if (beside > 0) throw wholeOfPartitions(context, beside);
      const opened = found && (await shelf.openTable({ key, partitions, signal }, found));
      const stored = opened && {
        query: rowsWhere({ store: table, parquet: [opened.file], casts: opened.casts, key }, "true"),
        columns: opened.columns,
      };
      const query = await join(stored);
      const complete = completeRecord(context, handler.name, slice?.key);
      const now = await stillFrom(() =>
        slots.replace(paths, { ...replacing(context, table), from: data }, async (path) => {
          const facts = await copies.write(path, signal, (file) => writeParquet(file, { query }, { key, record: complete, signal }));
          // nothing reads the former value any more: it may go as soon as it is replaced
          await found?.release();
          return {
            record: { ...complete, rows: facts.rows },
            columns: facts.columns,
            casts: facts.casts,
            appends: [...appends, ...(id === undefined ? [] : [id])].slice(-remembered),
            ...placed(slice),
          };
        }),
      );
      if (now)
        return { at: placeOf(shelf, paths, now.data), rows: now.record.rows ?? 0, bytes: now.bytes, columns: now.columns ?? [], changed: true };
    } finally {
      await found?.release();
    }
  }
}

/** `undefined` when something else has become the value meanwhile. */
async function stillFrom<Value>(put: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await put();
  } catch (error) {
    if (isSluiceError(error) && error.code === "io/conflict") return undefined;
    throw error;
  }
}
