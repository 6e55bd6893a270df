import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "apache-arrow";
import type { ResourceDefinition } from "../../assets/definition.ts";
import type { Connection } from "../../duckdb/connection.ts";
import type { Database } from "../../duckdb/database.ts";
import { query, run } from "../../duckdb/query.ts";
import { renderQuery, statementOf } from "../../duckdb/render.ts";
import { arrow } from "../../handlers/arrow.ts";
import { rows } from "../../handlers/rows.ts";
import { SluiceError } from "../../model/errors.ts";
import { type AnyHandler, kind, readSetting, type Setting, type SqlQuery, type SqlValue } from "../manager.ts";
import { openAnswering } from "./questions.ts";

/** A connection to a DuckDB file, on the one instance that the file has in this process. Calls are executed one after the other. */
export interface DuckdbConnection {
  /** Runs a statement (several, when there are no values) and answers how many rows it changed. Parameters are `$1`, `$2`, ... */
  readonly run: (sql: string, values?: readonly SqlValue[]) => Promise<number>;
  /**
   * The rows of a query as objects, mapped as the `rows` handler maps them. A query made with `sql` reads what its inputs stand for: tables of this
   * file, Parquet files, tables in memory; it brings its own values. Throws `sql/foreign-store` for an input that this database cannot read in place.
   */
  readonly rows: <Row extends object = Record<string, unknown>>(sql: string | SqlQuery, values?: readonly SqlValue[]) => Promise<readonly Row[]>;
  /** The rows of a query as an Arrow table. */
  readonly arrow: (sql: string | SqlQuery, values?: readonly SqlValue[]) => Promise<Table>;
  /** The connection of `@duckdb/node-api` itself, for everything else. Use it before the resource is closed, and do not close it. */
  readonly connection: DuckDBConnection;
}
export interface DuckdbResourceOptions {
  /** File, relative to the project; it is made when missing. ":memory:" for one in memory. */
  readonly database: Setting<string>;
}

/** A resource that ends with `close`. */
export interface OpenDuckdb extends DuckdbConnection {
  readonly close: () => Promise<void>;
}

async function connect(database: Database, signal: AbortSignal): Promise<OpenDuckdb> {
  const { DuckDBConnection } = await import("@duckdb/node-api");
  return new Promise<OpenDuckdb>((resolve, reject) => {
    const lease = database.lease(
      (connection) =>
        new Promise<void>((ended) => {
          const calls = oneByOne(connection);
          resolve({
            run: (sql, values) => calls((at) => run(at, sql, values)),
            rows: async <Row extends object>(sql: string | SqlQuery, values?: readonly SqlValue[]) =>
              (await calls((at) => answer(at, database.store, sql, values, rows()))) as readonly Row[],
            arrow: async (sql, values) => (await calls((at) => answer(at, database.store, sql, values, arrow))) as Table,
            connection: new DuckDBConnection(connection.raw),
            close: async () => {
              await calls.end();
              ended();
              await lease;
              await database.release();
            },
          });
        }),
      { signal },
    );
    lease.catch(reject);
  });
}

/** What a query answers, in the handler's shape. */
async function answer(at: Connection, store: string, sql: string | SqlQuery, values: readonly SqlValue[] | undefined, shape: AnyHandler) {
  const hints = { key: "duckdbResource" };
  if (typeof sql === "string") return shape.fromTable?.(await query(at, sql, values), hints);
  const rendered = await renderQuery(at, sql, { store });
  try {
    return await shape.fromTable?.(await query(at, statementOf(sql, rendered.text), rendered.values), hints);
  } finally {
    await rendered.end();
  }
}

/** Calls on a connection in the order they were made: a second statement would end an answer that is still read. */
function oneByOne(connection: Connection) {
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  const call = <Value>(work: (connection: Connection) => Promise<Value>): Promise<Value> => {
    if (closed)
      return Promise.reject(
        new SluiceError("io/unavailable", "The DuckDB resource was closed: its run has ended.", { hint: "Await every call in run." }),
      );
    const turn = last.then(() => work(connection));
    last = turn.catch(() => undefined); // Whoever called gets the error; the next call goes on.
    return turn;
  };
  return Object.assign(call, {
    end: async () => {
      closed = true;
      await last;
    },
  });
}

/**
 * A connection to a DuckDB file as a resource, for assets that read and write by themselves. It shares the file with `duckdb()` bound to
 * the same one.
 * @example targets: { local: { warehouse: duckdbResource({ database: "data/sales.duckdb" }) } }
 */
export function duckdbResource({ database }: DuckdbResourceOptions) {
  const definition = {
    [kind]: "resource" as const,
    name: "duckdb",
    settings: { database },
    open: async ({ signal }: { readonly signal: AbortSignal }): Promise<DuckdbConnection> => connect(openAnswering(readSetting(database)), signal),
    close: (value: DuckdbConnection): Promise<void> => (value as OpenDuckdb).close(),
  };
  return definition satisfies ResourceDefinition;
}
