import type { TableValue } from "../assets/values.ts";
import { builtInHandlers } from "../handlers/built-in.ts";
import { duckdbStore } from "./duckdb/store.ts";
import type { AnyHandler, IOManager, Setting } from "./manager.ts";
import { tableIOManager } from "./tables.ts";

export interface DuckdbOptions {
  /** File, relative to the project; it and its folder are made when missing. ":memory:" for one that ends with the process. */
  readonly database: Setting<string>;
  /** Schema of tables whose asset says none; the key's second-last part, or "public", when left out. */
  readonly schema?: Setting<string>;
  /** Shapes of tables it takes beside rows, arrow, batches, polars, polarsLazy and sql. */
  readonly handlers?: readonly AnyHandler[];
  /** Milliseconds without work after which other programs may open the file; 5000 when left out. */
  readonly idleRelease?: number;
  /** Milliseconds that a write waits for another Sluice process which uses the file; 60000 when left out. */
  readonly lockWait?: number;
}

/**
 * Stores each asset as a table of a DuckDB file. A write is atomic; a query (`sql`) runs inside the database. The file is held only while
 * it is used: other programs can open it when nothing has happened for `idleRelease`.
 * @example duckdb({ database: "data/sales.duckdb", schema: "public" })
 */
export function duckdb({ database, schema, handlers = [], idleRelease, lockWait }: DuckdbOptions): IOManager<TableValue> {
  return tableIOManager<TableValue>(duckdbStore({ database, schema, idleRelease, lockWait }), [...handlers, ...builtInHandlers]);
}
