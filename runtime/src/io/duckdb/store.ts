import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../../duckdb/connection.ts";
import { type Database, openDatabase } from "../../duckdb/database.ts";
import { pageOf } from "../../duckdb/page.ts";
import { query, run } from "../../duckdb/query.ts";
import { renderQuery } from "../../duckdb/render.ts";
import { quoteName, quoteNames, quoteText } from "../../duckdb/sql-text.ts";
import { writeTable } from "../../duckdb/write.ts";
import { isSluiceError, SluiceError } from "../../model/errors.ts";
import { readSetting, type Setting } from "../manager.ts";
import type { TableContent, TableName, TableStore, TableWrite } from "../tables.ts";
import { findTable, recordComment, stagingTables } from "./catalog.ts";
import { isAbandoned, type System, stagingName, thisSystem } from "./staging.ts";

export interface DuckdbStoreOptions {
  readonly database: Setting<string>;
  readonly schema?: Setting<string> | undefined;
  readonly idleRelease?: number | undefined;
  readonly system?: System;
}

const attempts = 6;
let staged = 0;
let memories = 0;

/** DuckDB compares names by these letters only. */
const folded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

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
  const contested = async (work: () => Promise<void>): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await database().alone(work);
        return;
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
      return await run(connection, `CREATE TABLE ${quoteNames(stage)} AS ${text}`, values);
    } catch (thrown) {
      throw isSluiceError(thrown) && thrown.asset === undefined
        ? new SluiceError(thrown.code, thrown.message, { hint: thrown.hint, asset: key, cause: thrown })
        : thrown;
    } finally {
      end();
    }
  };

  /** Swaps the staged table in. In one transaction: whoever reads sees the former table or this one. */
  const swap = async (connection: Connection, stage: readonly string[], name: TableName, comment: string): Promise<void> => {
    const target = full(connection, name);
    await contested(async () => {
      await run(connection, "BEGIN TRANSACTION");
      try {
        await run(connection, `DROP TABLE IF EXISTS ${quoteNames(target)}`);
        await run(connection, `ALTER TABLE ${quoteNames(stage)} RENAME TO ${quoteName(name.table)}`);
        await run(connection, `COMMENT ON TABLE ${quoteNames(target)} IS ${quoteText(comment)}`);
        await run(connection, "COMMIT");
      } catch (thrown) {
        await run({ ...connection, signal: undefined }, "ROLLBACK").catch(() => undefined); // A failed COMMIT has rolled back already.
        throw thrown;
      }
    });
  };

  const prepare = async (connection: Connection, { schema }: TableName): Promise<void> => {
    await contested(async () => {
      await run(connection, `CREATE SCHEMA IF NOT EXISTS ${quoteNames([connection.catalog, schema])}`);
    });
    for (const { schema: at, table } of await stagingTables(connection)) {
      if (isAbandoned(table, system, database().staging))
        await run(connection, `DROP TABLE IF EXISTS ${quoteNames([connection.catalog, at, table])}`);
    }
  };

  return {
    name: "duckdb",
    reach: "machine",
    settings: { database: file, ...(schema === undefined ? {} : { schema }) },
    schema: () => (schema === undefined ? undefined : readSetting(schema)),
    place: (name) => folded(shown(name)),
    shown,

    replace: (name, content, write) =>
      database().lease(
        async (connection) => {
          const found = await findTable(connection, name);
          if (found?.view) throw isView(connection, name, write.key);
          await prepare(connection, name);
          const stageName = stagingName(write.runId, ++staged, system);
          const stage = full(connection, { schema: name.schema, table: stageName });
          const { staging } = database();
          staging.add(stageName);
          try {
            const rows = await fill(connection, stage, content, write);
            await swap(connection, stage, name, recordComment(write.recordOf(rows)));
            const stored = await findTable({ ...connection, signal: undefined }, name);
            return {
              place: shown(name),
              rows,
              ...(stored ? { columns: stored.columns } : {}),
              query: `SELECT * FROM ${quoteNames([name.schema, name.table])}`,
            };
          } finally {
            await run({ ...connection, signal: undefined }, `DROP TABLE IF EXISTS ${quoteNames(stage)}`);
            staging.delete(stageName);
          }
        },
        { signal: write.signal },
      ),

    facts: (name, signal) => database().lease((connection) => findTable(connection, name), { signal, purpose: "look" }),
    read: (name, { columns, signal }) =>
      database().stream(
        (connection) => {
          const select = columns ? columns.map(quoteName).join(", ") : "*";
          return query(connection, `SELECT ${select} FROM ${quoteNames(full(connection, name))}`);
        },
        { signal, purpose: "read" },
      ),
    relation: (name, { key, columns, signal }) =>
      database().lease(async (connection) => ({ store: identity(), table: full(connection, name), key, ...(columns ? { columns } : {}) }), {
        signal,
        purpose: "look",
      }),
    page: (name, request, { signal, key }) =>
      database().lease(
        async (connection) => {
          const found = await findTable(connection, name);
          if (!found) return undefined;
          const from = quoteNames(full(connection, name));
          if (!found.view) return pageOf(connection, database(), { from, version: `${from} ${found.id}`, rowId: "rowid", byRange: true }, request);
          if (!connection.sealed && !inMemory()) throw busyView(name, key);
          return pageOf(connection, database(), { from, version: `${from} ${found.id}` }, request);
        },
        { signal, purpose: "preview" },
      ),
    drop: (name, signal) =>
      database().lease(
        (connection) =>
          contested(async () => {
            await run(connection, `DROP TABLE IF EXISTS ${quoteNames(full(connection, name))}`);
          }),
        { signal },
      ),
    release: async () => opened?.release(),
  };
}

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
