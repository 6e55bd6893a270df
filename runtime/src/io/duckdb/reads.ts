import type { Connection } from "../../duckdb/connection.ts";
import type { Database } from "../../duckdb/database.ts";
import { pageOf } from "../../duckdb/page.ts";
import { type QueryStream, query, rowsOf, run } from "../../duckdb/query.ts";
import { slicesText } from "../../duckdb/slices.ts";
import { quoteName, quoteNames } from "../../duckdb/sql-text.ts";
import { SluiceError } from "../../model/errors.ts";
import type { Page, PageRequest } from "../../model/page.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import type { ColumnSchema, StoredRecord } from "../../model/values.ts";
import type { Relation } from "../manager.ts";
import type { TableFacts, TableName, TableRead } from "../tables.ts";
import { type FoundTable, findTable } from "./catalog.ts";
import { slicesIn } from "./conditions.ts";
import { partitionRecords } from "./ledger.ts";

/** What of a table is read; plain data. */
export type Wanted = Omit<TableRead, "signal">;

/** A table's name in a connection, unquoted. */
export const full = ({ catalog }: Connection, { schema, table }: TableName): readonly string[] => [catalog, schema, table];

/** The condition of the slices, "" for the whole table; `undefined` when the table lacks a column that they need. */
export async function condition(connection: Connection, name: TableName, columns: readonly ColumnSchema[], slices: readonly PartitionSlice[]) {
  if (slices.length === 0) return "";
  const where = await slicesIn(connection, quoteNames(full(connection, name)), columns, slices);
  return where && slicesText(where);
}

async function hasRows(connection: Connection, name: TableName, columns: readonly ColumnSchema[], slice: PartitionSlice): Promise<boolean> {
  if (!isPlaced(slice)) return false;
  const where = await condition(connection, name, columns, [slice]);
  if (where === undefined) return false;
  return (await rowsOf(connection, `SELECT 1 AS one FROM ${quoteNames(full(connection, name))} WHERE ${where} LIMIT 1`)).length > 0;
}

const isPlaced = ({ dimensions }: PartitionSlice): boolean =>
  dimensions.every(({ column, partitionExpr }) => column !== undefined || partitionExpr !== undefined);

/** In a transaction that cannot write; it ends with the connection. */
export function readOnly<Args extends readonly unknown[], Value>(work: (connection: Connection, ...args: Args) => Promise<Value>) {
  return async (connection: Connection, ...args: Args): Promise<Value> => {
    await run(connection, "BEGIN TRANSACTION READ ONLY");
    return work(connection, ...args);
  };
}

async function storedPartitions(connection: Connection, name: TableName, { columns, owner }: FoundTable, slices: readonly PartitionSlice[]) {
  const keys = slices.map(({ key }) => key);
  const records = slices.length === 0 ? new Map<string, StoredRecord>() : await partitionRecords(connection, owner, keys);
  const stored = new Map<string, StoredRecord | undefined>();
  for (const slice of slices) {
    if (records.has(slice.key)) stored.set(slice.key, records.get(slice.key));
    // Rows that something else wrote are a value without a record.
    else if (await hasRows(connection, name, columns, slice)) stored.set(slice.key, undefined);
  }
  return stored;
}

export async function readFacts(connection: Connection, name: TableName, slices: readonly PartitionSlice[]): Promise<TableFacts | undefined> {
  const found = await findTable(connection, name);
  if (!found) return undefined;
  const { columns, record } = found;
  return { columns, record, partitions: await storedPartitions(connection, name, found, slices) };
}

export const readRecords = async (connection: Connection, name: TableName): Promise<ReadonlyMap<string, StoredRecord>> =>
  partitionRecords(connection, (await findTable(connection, name))?.owner);

/** In one transaction, so that what is read is what was stored at one moment, with its partitions. Throws `io/not-found`. */
export const readRows = readOnly(async (connection: Connection, name: TableName, { key, columns, slices }: Wanted): Promise<QueryStream> => {
  const found = await findTable(connection, name);
  if (!found || (await storedPartitions(connection, name, found, slices)).size < slices.length) throw gone(name, key);
  const where = await condition(connection, name, found.columns, slices);
  if (where === undefined) throw gone(name, key);
  const select = columns ? columns.map(quoteName).join(", ") : "*";
  return query(connection, `SELECT ${select} FROM ${quoteNames(full(connection, name))}${where === "" ? "" : ` WHERE ${where}`}`);
});

/** @param store Identity of the engine. */
export async function readRelation(connection: Connection, name: TableName, { key, columns, slices }: Wanted, store: string): Promise<Relation> {
  const table = full(connection, name);
  const relation = { store, table, key, ...(columns ? { columns } : {}) };
  if (slices.length === 0) return relation;
  const where = await slicesIn(connection, quoteNames(table), (await findTable(connection, name))?.columns ?? [], slices);
  if (!where) throw gone(name, key);
  return { ...relation, where };
}

export async function readPage(
  connection: Connection,
  name: TableName,
  { key, slices }: Wanted,
  request: PageRequest,
  database: Database,
): Promise<Page | undefined> {
  const found = await findTable(connection, name);
  if (!found) return undefined;
  const from = quoteNames(full(connection, name));
  if ((await storedPartitions(connection, name, found, slices)).size < slices.length) return undefined;
  const where = await condition(connection, name, found.columns, slices);
  if (where === undefined) return undefined;
  const version = `${from} ${found.id} ${where}`;
  const part = where === "" ? {} : { where };
  if (!found.view) return pageOf(connection, database, { from, version, rowId: "rowid", byRange: true, ...part }, request);
  if (!connection.sealed && connection.path !== undefined) throw busyView(name, key);
  return pageOf(connection, database, { from, version, ...part }, request);
}

const gone = ({ schema, table }: TableName, key: string): SluiceError =>
  new SluiceError(
    "io/not-found",
    `${schema}.${table} of asset "${key}" was replaced or deleted while it was loaded, and what was asked for is stored no longer.`,
    {
      asset: key,
      hint: "Run it again.",
    },
  );

const busyView = ({ schema, table }: TableName, key: string): SluiceError =>
  new SluiceError("io/unavailable", `${schema}.${table} of asset "${key}" is a view, and views are shown only while nothing else uses the file.`, {
    asset: key,
    hint: "A view can read other files, which a preview may not. Try again when the run has ended.",
  });
