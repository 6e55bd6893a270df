import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../../duckdb/connection.ts";
import type { Database } from "../../duckdb/database.ts";
import { type System, thisSystem } from "../../duckdb/processes.ts";
import { run } from "../../duckdb/query.ts";
import { renderQuery, statementOf } from "../../duckdb/render.ts";
import { quoteNames } from "../../duckdb/sql-text.ts";
import { writeTable } from "../../duckdb/write.ts";
import { isSluiceError, SluiceError } from "../../model/errors.ts";
import { readSetting, type Setting } from "../manager.ts";
import type { TableContent, TableName, TableRead, TableStore, TableWrite } from "../tables.ts";
import { findTable, folded, stagingTables } from "./catalog.ts";
import { missingColumn, refuseOutside, slicesIn } from "./conditions.ts";
import { forgetEntries, ledgerName, prepareLedger } from "./ledger.ts";
import { merge, requireKeys } from "./merge.ts";
import { askFacts, askPage, askRecords, askRelation, askRows, openAnswering } from "./questions.ts";
import { condition, full, readFacts, readPage, readRecords, readRelation, readRows, type Wanted } from "./reads.ts";
import { isAbandoned, stagingName } from "./staging.ts";

export interface DuckdbStoreOptions {
  readonly database: Setting<string>;
  readonly schema?: Setting<string> | undefined;
  readonly idleRelease?: number | undefined;
  readonly lockWait?: number | undefined;
  readonly system?: System;
}

const attempts = 6;
/** Characters of the condition in a query for people; that of thousands of partitions is left out. */
const longestQuery = 20_000;
let stagings = 0;
let memories = 0;

/** Tables of one DuckDB file. Opened on first need; its lock is let go after idling. */
export function duckdbStore({ database: file, schema, idleRelease, lockWait, system = thisSystem() }: DuckdbStoreOptions): TableStore {
  const memory = `:memory:${++memories}`;
  let opened: Database | undefined;
  const database = (): Database => {
    opened ??= openAnswering(readSetting(file), { idleRelease, lockWait });
    return opened;
  };
  const inMemory = (): boolean => readSetting(file) === ":memory:";
  const identity = (): string => (inMemory() ? `duckdb:${memory}` : database().store);
  const shown = ({ schema, table }: TableName): string => {
    const path = inMemory() ? memory : opened ? opened.path : resolve(readSetting(file));
    return `duckdb:${path}/${schema}.${table}`;
  };
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
    try {
      return await run(connection, `CREATE TABLE ${quoteNames(stage)} AS ${statementOf(content.query, text)}`, values);
    } catch (thrown) {
      throw ofAsset(thrown, key);
    } finally {
      await end();
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
        { signal: write.signal, onWait: (message) => write.log?.("info", message) },
      ),

    facts: (name, read) =>
      database().lease((connection) => readFacts(connection, name, read.slices), { ...looking(read), elsewhere: askFacts(name, wanted(read)) }),
    records: (name, signal) =>
      database().lease((connection) => readRecords(connection, name), {
        signal,
        purpose: "look",
        elsewhere: askRecords(name, { key: "", slices: [] }),
      }),
    read: (name, read) =>
      database().stream((connection) => readRows(connection, name, read), {
        signal: read.signal,
        purpose: "read",
        elsewhere: askRows(name, wanted(read)),
      }),
    relation: (name, read) =>
      database().lease((connection) => readRelation(connection, name, read, identity()), {
        ...looking(read),
        elsewhere: askRelation(name, wanted(read)),
      }),
    page: (name, request, read) =>
      database().lease((connection) => readPage(connection, name, read, request, database()), {
        signal: read.signal,
        purpose: "preview",
        elsewhere: askPage(name, wanted(read), request),
      }),
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

const wanted = ({ key, slices, columns }: TableRead): Wanted => ({ key, slices, ...(columns ? { columns } : {}) });
const looking = ({ signal }: TableRead) => ({ signal, purpose: "look" as const });

/** An error that names the asset. */
const ofAsset = (thrown: unknown, key: string): unknown =>
  isSluiceError(thrown) && thrown.asset === undefined
    ? new SluiceError(thrown.code, thrown.message, { hint: thrown.hint, place: thrown.place, asset: key, cause: thrown })
    : thrown;

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
