import { type Database, openDatabase } from "./database.ts";

const key = Symbol.for("sluice.duckdb.scratch.1");

/** The one database in memory of this process, for reading and writing Parquet, CSV and JSON files. */
export function scratch(): Database {
  const holder = globalThis as { [key]?: Database };
  holder[key] ??= openDatabase(":memory:");
  return holder[key];
}
