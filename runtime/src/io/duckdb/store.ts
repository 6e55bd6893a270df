import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../../duckdb/connection.ts";
import { type Database, openDatabase } from "../../duckdb/database.ts";
import { pageOf } from "../../duckdb/page.ts";
import { type System, thisSystem } from "../../duckdb/processes.ts";
import { query, rowsOf, run } from "../../duckdb/query.ts";
import { renderQuery } from "../../duckdb/render.ts";
import { slicesText } from "../../duckdb/slices.ts";
import { quoteName, quoteNames } from "../../duckdb/sql-text.ts";
import { writeTable } from "../../duckdb/write.ts";
import { isSluiceError, SluiceError } from "../../model/errors.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import type { ColumnSchema, StoredRecord } from "../../model/values.ts";
import { readSetting, type Setting } from "../manager.ts";
import type { TableContent, TableName, TableStore, TableWrite } from "../tables.ts";
import { type FoundTable, findTable, folded, stagingTables } from "./catalog.ts";
import { missingColumn, refuseOutside, slicesIn } from "./conditions.ts";
import { forgetEntries, ledgerName, partitionRecords, prepareLedger } from "./ledger.ts";
import { merge, requireKeys } from "./merge.ts";
import { isAbandoned, stagingName } from "./staging.ts";

export interface DuckdbStoreOptions {
  readonly database: Setting<string>;
  readonly schema?: Setting<string> | undefined;
  readonly idleRelease?: number | undefined;
  readonly system?: System;
}

const attempts = 6;
/** Characters of the condition in a query for people; that of thousands of partitions is left out. */
const longestQuery = 20_000;
let stagings = 0;
let memories = 0;

/** Tables of one DuckDB file. Opened on first need; its lock is let go after idling. */
export function duckdbStore({ database: file, schema, idleRelease, system = thisSystem() }: DuckdbStoreOptions): TableStore {
  const memory = `:memory:${++memories}`;
  let opened: Database | undefined;
  const database = (): Database => {
    opened ??= openDatabase(readSetting(file), { idleRelease });
    return opened;
  };
  const inMemory = (): boolean => readSetting(file) === ":memory:";
  const identity = (): string => (inMemory() ? `duckdb:${memory}` : database().store);
  const shown = ({ schema, table }: TableName): string => {
    const path = inMemory() ? memory : opened ? opened.path : resolve(readSetting(file));
    return `duckdb:${path}/${schema}.${table}`;
  };
  const full = (connection: Connection, { schema, table }: TableName): readonly string[] => [connection.catalog, schema, table];

  /** Again when another transaction was faster: of two writes of one table, one whole value wins. */
  const contested = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await database().alone(work);
      } catch (thrown) {
        if (!isSluiceError(thrown) || thrown.code !== "io/conflict" || attempt === attempts) throw thrown;
        await wait(10 * attempt);
      }
    }
  };

  const fill = async (connection: Connection, stage: readonly string[], content: TableContent, { key, columns }: TableWrite): Promise<number> => {
    if ("table" in content) return writeTable(connection, stage, content.table, { columns });
    const { text, values, end } = await renderQuery(connection, content.query, { store: identity(), asset: key });
    const [only, more] = content.query.nodes;
    const whole = only?.type === "relation" && more === undefined ? "SELECT * FROM " : "";
    try {
      return await run(connection, `CREATE TABLE ${quoteNames(stage)} AS ${whole}${text}`, values);
    } catch (thrown) {
      throw ofAsset(thrown, key);
    } finally {
      end();
    }
  };

  /** In one transaction: whoever reads sees the former rows or the new ones. */
  const atomically = async <Value>(connection: Connection, work: () => Promise<Value>): Promise<Value> =>
    contested(async () => {
      await run(connection, "BEGIN TRANSACTION");
      try {
        const value = await work();
        await run(connection, "COMMIT");
        return value;
      } catch (thrown) {
        await run({ ...connection, signal: undefined }, "ROLLBACK").catch(() => undefined); // A failed COMMIT has rolled back already.
        throw thrown;
      }
    });

  /** The condition of the slices, "" for the whole table; `undefined` when the table lacks a column that they need. */
  const condition = async (connection: Connection, name: TableName, columns: readonly ColumnSchema[], slices: readonly PartitionSlice[]) => {
    if (slices.length === 0) return "";
    const where = await slicesIn(connection, quoteNames(full(connection, name)), columns, slices);
    return where && slicesText(where);
  };

  const prepare = async (connection: Connection, { schema }: TableName, { slices, mode }: TableWrite): Promise<void> => {
    await contested(async () => {
      await run(connection, `CREATE SCHEMA IF NOT EXISTS ${quoteNames([connection.catalog, schema])}`);
      if (slices.length > 0 || mode === "append") await prepareLedger(connection);
    });
    for (const { schema: at, table } of await stagingTables(connection)) {
      if (!isAbandoned(table, system, database().staging)) continue;
      await contested(() => run(connection, `DROP TABLE IF EXISTS ${quoteNames([connection.catalog, at, table])}`)); // by several writes at once
    }
  };

  const hasRows = async (connection: Connection, name: TableName, columns: readonly ColumnSchema[], slice: PartitionSlice): Promise<boolean> => {
    if (!isPlaced(slice)) return false;
    const where = await condition(connection, name, columns, [slice]);
    if (where === undefined) return false;
    return (await rowsOf(connection, `SELECT 1 AS one FROM ${quoteNames(full(connection, name))} WHERE ${where} LIMIT 1`)).length > 0;
  };

  const storedPartitions = async (connection: Connection, name: TableName, { columns, owner }: FoundTable, slices: readonly PartitionSlice[]) => {
    const keys = slices.map(({ key }) => key);
    const records = slices.length === 0 ? new Map<string, StoredRecord>() : await partitionRecords(connection, owner, keys);
    const stored = new Map<string, StoredRecord | undefined>();
    for (const slice of slices) {
      if (records.has(slice.key)) stored.set(slice.key, records.get(slice.key));
      // Rows that something else wrote are a value without a record.
      else if (await hasRows(connection, name, columns, slice)) stored.set(slice.key, undefined);
    }
    return stored;
  };

  return {
    name: "duckdb",
    reach: "machine",
    settings: { database: file, ...(schema === undefined ? {} : { schema }) },
    schema: () => (schema === undefined ? undefined : readSetting(schema)),
    place: (name) => folded(shown(name)),
    shown,

    write: (name, content, write) =>
      database().lease(
        async (connection) => {
          const { key, slices } = write;
          const found = await findTable(connection, name);
          if (found?.view) throw isView(connection, name, key);
          if (folded(name.schema) === ledgerName.schema && folded(name.table) === ledgerName.table) throw isLedger(key);
          await prepare(connection, name, write);
          const staged = { schema: name.schema, table: stagingName(write.runId, ++stagings, system) };
          const stage = full(connection, staged);
          const { staging } = database();
          staging.add(staged.table);
          try {
            const rows = await fill(connection, stage, content, write);
            const columns = (await findTable(connection, staged))?.columns ?? [];
            const from = quoteNames(stage);
            const where = await slicesIn(connection, from, columns, slices);
            if (!where) throw missingColumn(key, "the value that is being stored", columns, slices);
            if (slices.length > 0) await refuseOutside(connection, from, where, write);
            await requireKeys(connection, from, columns, write);
            await write.verify?.(staged);
            const target = full(connection, name);
            const merged = await atomically(connection, () => merge({ connection, name, target, stage, columns, rows, write }));
            const after = { ...connection, signal: undefined };
            const stored = await findTable(after, name);
            const text = await condition(after, name, stored?.columns ?? [], slices);
            return {
              place: shown(name),
              rows: merged.rows,
              ...(write.mode === "replace" ? {} : { written: merged.changed ? rows : 0 }),
              ...(stored ? { columns: stored.columns } : {}),
              ...((text ?? "").length > longestQuery
                ? {}
                : { query: `SELECT * FROM ${quoteNames([name.schema, name.table])}${text ? ` WHERE ${text}` : ""}` }),
            };
          } catch (thrown) {
            throw ofAsset(thrown, key);
          } finally {
            await run({ ...connection, signal: undefined }, `DROP TABLE IF EXISTS ${quoteNames(stage)}`);
            staging.delete(staged.table);
          }
        },
        { signal: write.signal },
      ),

    facts: (name, { slices, signal }) =>
      database().lease(
        async (connection) => {
          const found = await findTable(connection, name);
          if (!found) return undefined;
          const { columns, record } = found;
          const partitions = await storedPartitions(connection, name, found, slices);
          return { columns, record, partitions };
        },
        { signal, purpose: "look" },
      ),
    records: (name, signal) =>
      database().lease(async (connection) => partitionRecords(connection, (await findTable(connection, name))?.owner), { signal, purpose: "look" }),
    read: (name, { key, columns, slices, signal }) =>
      database().stream(
        async (connection) => {
          const select = columns ? columns.map(quoteName).join(", ") : "*";
          const where = slices.length === 0 ? "" : await condition(connection, name, (await findTable(connection, name))?.columns ?? [], slices);
          if (where === undefined) throw gone(name, key);
          return query(connection, `SELECT ${select} FROM ${quoteNames(full(connection, name))}${where === "" ? "" : ` WHERE ${where}`}`);
        },
        { signal, purpose: "read" },
      ),
    relation: (name, { key, columns, slices, signal }) =>
      database().lease(
        async (connection) => {
          const table = full(connection, name);
          const relation = { store: identity(), table, key, ...(columns ? { columns } : {}) };
          if (slices.length === 0) return relation;
          const where = await slicesIn(connection, quoteNames(table), (await findTable(connection, name))?.columns ?? [], slices);
          if (!where) throw gone(name, key);
          return { ...relation, where };
        },
        { signal, purpose: "look" },
      ),
    page: (name, request, { signal, key, slices }) =>
      database().lease(
        async (connection) => {
          const found = await findTable(connection, name);
          if (!found) return undefined;
          const from = quoteNames(full(connection, name));
          if ((await storedPartitions(connection, name, found, slices)).size < slices.length) return undefined;
          const where = await condition(connection, name, found.columns, slices);
          if (where === undefined) return undefined;
          const version = `${from} ${found.id} ${where}`;
          const part = where === "" ? {} : { where };
          if (!found.view) return pageOf(connection, database(), { from, version, rowId: "rowid", byRange: true, ...part }, request);
          if (!connection.sealed && !inMemory()) throw busyView(name, key);
          return pageOf(connection, database(), { from, version, ...part }, request);
        },
        { signal, purpose: "preview" },
      ),
    drop: (name, { slices, signal }) =>
      database().lease(
        (connection) =>
          atomically(connection, async () => {
            const found = await findTable(connection, name);
            if (!found) return;
            const from = quoteNames(full(connection, name));
            if (slices.length === 0) {
              await forgetEntries(connection, found.owner);
              await run(connection, `DROP TABLE ${from}`);
              return;
            }
            const where = await condition(connection, name, found.columns, slices);
            if (where !== undefined) await run(connection, `DELETE FROM ${from} WHERE ${where}`);
            await forgetEntries(
              connection,
              found.owner,
              slices.map(({ key }) => key),
            );
          }),
        { signal },
      ),
    release: async () => opened?.release(),
  };
}

const isPlaced = ({ dimensions }: PartitionSlice): boolean =>
  dimensions.every(({ column, partitionExpr }) => column !== undefined || partitionExpr !== undefined);

/** An error that names the asset. */
const ofAsset = (thrown: unknown, key: string): unknown =>
  isSluiceError(thrown) && thrown.asset === undefined
    ? new SluiceError(thrown.code, thrown.message, { hint: thrown.hint, place: thrown.place, asset: key, cause: thrown })
    : thrown;

const gone = ({ schema, table }: TableName, key: string): SluiceError =>
  new SluiceError("io/not-found", `${schema}.${table} of asset "${key}" was replaced while it was loaded, and has its partitions no longer.`, {
    asset: key,
    hint: "Run it again.",
  });

const isLedger = (key: string): SluiceError =>
  new SluiceError(
    "io/conflict",
    `Asset "${key}" would be stored as ${ledgerName.schema}.${ledgerName.table}, where records of partitions are kept.`,
    {
      asset: key,
      hint: "Give the asset another table: table: { name: ... }.",
    },
  );

const isView = (connection: Connection, { schema, table }: TableName, key: string): SluiceError =>
  new SluiceError(
    "io/conflict",
    `Asset "${key}" would be stored as ${schema}.${table}, where "${connection.path ?? "the database"}" has a view of that name.`,
    {
      asset: key,
      hint: "Drop the view, or give the asset another table: table: { name: ... }.",
    },
  );

const busyView = ({ schema, table }: TableName, key: string): SluiceError =>
  new SluiceError("io/unavailable", `${schema}.${table} of asset "${key}" is a view, and views are shown only while nothing else uses the file.`, {
    asset: key,
    hint: "A view can read other files, which a preview may not. Try again when the run has ended.",
  });
