import type { Connection } from "../../duckdb/connection.ts";
import { rowsOf } from "../../duckdb/query.ts";
import type { ColumnSchema, StoredRecord } from "../../model/values.ts";
import type { TableName } from "../tables.ts";

/** A table or view as the database's catalog has it. */
export interface FoundTable extends TableComment {
  readonly columns: readonly ColumnSchema[];
  readonly view: boolean;
  /** Changes when the table is replaced. */
  readonly id: string;
}

/** What a table's comment says. */
export interface TableComment {
  /** The record of a value that is stored as a whole. */
  readonly record?: StoredRecord | undefined;
  /** Names the table in the ledger. */
  readonly owner?: string | undefined;
  /** Whether the ledger has a record for each partition. */
  readonly partitioned?: boolean | undefined;
  /** What somebody else had written there. */
  readonly text?: string | undefined;
}

export const commentText = ({ record, owner, partitioned, text }: TableComment): string =>
  JSON.stringify({ sluice: record ?? null, owner, partitioned, text });

/** What is in a comment; only `text` for anybody else's. */
export function readComment(comment: unknown): TableComment {
  if (typeof comment !== "string") return {};
  if (!comment.startsWith('{"sluice":')) return { text: comment };
  try {
    const { sluice, owner, partitioned, text } = JSON.parse(comment) as { readonly sluice?: StoredRecord } & TableComment;
    const record = sluice?.version === 1 && typeof sluice.handler === "string" ? sluice : undefined;
    if (!record && typeof owner !== "string") return { text: comment };
    return { record, owner, partitioned, text };
  } catch {
    return { text: comment }; // Somebody's own comment that only begins like ours.
  }
}

/** DuckDB compares names by these letters only. */
export const folded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const same = (one: unknown, other: string): boolean => typeof one === "string" && folded(one) === folded(other);

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
  return { view: found["v"] === true, id: String(found["id"]), columns, ...readComment(found["c"]) };
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
