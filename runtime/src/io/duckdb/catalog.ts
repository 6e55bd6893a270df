import type { Connection } from "../../duckdb/connection.ts";
import { rowsOf } from "../../duckdb/query.ts";
import type { ColumnSchema, StoredRecord } from "../../model/values.ts";
import type { TableFacts, TableName } from "../tables.ts";

/** A table or view as the database's catalog has it. */
export interface FoundTable extends TableFacts {
  readonly view: boolean;
  /** Changes when the table is replaced. */
  readonly id: string;
}

/** The comment that carries a record. */
export const recordComment = (record: StoredRecord): string => JSON.stringify({ sluice: record });

/** The record in a comment; `undefined` for anybody else's comment. */
export function commentRecord(comment: unknown): StoredRecord | undefined {
  if (typeof comment !== "string" || !comment.startsWith('{"sluice":')) return undefined;
  try {
    const { sluice } = JSON.parse(comment) as { readonly sluice?: StoredRecord };
    return sluice?.version === 1 && typeof sluice.handler === "string" ? sluice : undefined;
  } catch {
    return undefined; // Somebody's own comment that only begins like ours.
  }
}

const letters = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const same = (one: unknown, other: string): boolean => typeof one === "string" && letters(one) === letters(other);

/** A table or view by name, as DuckDB compares names; `undefined` when there is none. */
export async function findTable(connection: Connection, { schema, table }: TableName): Promise<FoundTable | undefined> {
  const candidates = await rowsOf(
    connection,
    `SELECT schema_name AS s, table_name AS t, comment AS c, table_oid AS id, false AS v FROM duckdb_tables()
       WHERE database_name = $1 AND lower(schema_name) = lower($2) AND lower(table_name) = lower($3)
     UNION ALL
     SELECT schema_name, view_name, comment, view_oid, true FROM duckdb_views()
       WHERE database_name = $1 AND lower(schema_name) = lower($2) AND lower(view_name) = lower($3)`,
    [connection.catalog, schema, table],
  );
  const found = candidates.find((row) => same(row["s"], schema) && same(row["t"], table));
  if (!found) return undefined;
  const described = await rowsOf(
    connection,
    "SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM duckdb_columns() WHERE database_name = $1 AND table_oid = $2 ORDER BY column_index",
    [connection.catalog, found["id"] as bigint],
  );
  const columns: readonly ColumnSchema[] = described.map(({ name, type, nullable }) => ({
    name: String(name),
    type: String(type),
    nullable: nullable === true,
  }));
  return { view: found["v"] === true, id: String(found["id"]), columns, record: commentRecord(found["c"]) };
}

/** Every staging table of the database, whoever's. */
export async function stagingTables(connection: Connection): Promise<readonly TableName[]> {
  const rows = await rowsOf(
    connection,
    "SELECT schema_name AS s, table_name AS t FROM duckdb_tables() WHERE database_name = $1 AND starts_with(table_name, 'sluice:stage:')",
    [connection.catalog],
  );
  return rows.map((row) => ({ schema: String(row["s"]), table: String(row["t"]) }));
}
