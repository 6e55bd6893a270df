import { existsSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { duckdb } from "../io/duckdb.ts";

const fileIn = (folder: string): string => join(folder, "store.duckdb");
export const create = (folder: string) => duckdb({ database: fileIn(folder) });

/** Every table of the file, staged ones too, and every entry of the ledger. */
export async function contents(folder: string): Promise<readonly string[]> {
  if (!existsSync(fileIn(folder))) return [];
  const instance = await DuckDBInstance.create(fileIn(folder));
  const connection = await instance.connect();
  const names = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJS().map(([name]) => String(name));
  try {
    const tables = await names("select schema_name || '.' || table_name from duckdb_tables() order by all");
    if (!tables.includes("sluice.sluice:ledger")) return tables;
    return [...tables, ...(await names(`select kind || ' ' || name from sluice."sluice:ledger" order by all`))];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
