import type { Connection } from "../../duckdb/connection.ts";
import { rowsOf, run } from "../../duckdb/query.ts";
import { quoteNames } from "../../duckdb/sql-text.ts";
import type { StoredRecord } from "../../model/values.ts";
import type { TableName } from "../tables.ts";

/*
 * What is kept beside a table: a record per partition, and which appends it has had. Entries name their table by an id that the table's
 * comment carries: those of a table that was dropped or replaced mean nothing. docs/decisions/0005-partition-records-in-duckdb.md
 */

/** No asset's key makes this name, since keys have no colon. */
export const ledgerName: TableName = { schema: "sluice", table: "sluice:ledger" };

const place = (connection: Connection): string => quoteNames([connection.catalog, ledgerName.schema, ledgerName.table]);

/** Makes the ledger where there is none. */
export const prepareLedger = (connection: Connection): Promise<number> =>
  run(
    connection,
    `CREATE SCHEMA IF NOT EXISTS ${quoteNames([connection.catalog, ledgerName.schema])};
     CREATE TABLE IF NOT EXISTS ${place(connection)} (owner VARCHAR, kind VARCHAR, name VARCHAR, record VARCHAR)`,
  );

const exists = async (connection: Connection): Promise<boolean> => {
  const { schema, table } = ledgerName;
  const sql = "SELECT 1 AS one FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2 AND table_name = $3";
  return (await rowsOf(connection, sql, [connection.catalog, schema, table])).length > 0;
};

/** Records of the partitions of a table, by key; only these `keys` where they are given. */
export async function partitionRecords(
  connection: Connection,
  owner: string | undefined,
  keys?: readonly string[],
): Promise<ReadonlyMap<string, StoredRecord>> {
  if (owner === undefined || !(await exists(connection))) return new Map();
  const few = keys !== undefined && keys.length <= 20;
  const filter = few ? ` AND name IN (${keys.map((_, i) => `$${i + 2}`).join(", ")})` : "";
  const sql = `SELECT name, record FROM ${place(connection)} WHERE owner = $1 AND kind = 'partition'${filter} ORDER BY name`;
  const rows = await rowsOf(connection, sql, [owner, ...(few ? keys : [])]);
  return new Map(rows.map((row) => [String(row["name"]), JSON.parse(String(row["record"])) as StoredRecord]));
}

/** Forgets partitions; all entries of the table when no `keys` are given. */
export async function forgetEntries(connection: Connection, owner: string | undefined, keys?: readonly string[]): Promise<void> {
  if (owner === undefined || !(await exists(connection))) return;
  if (!keys) await run(connection, `DELETE FROM ${place(connection)} WHERE owner = $1`, [owner]);
  for (const part of chunks(keys ?? [])) {
    const names = part.map((_, i) => `$${i + 2}`).join(", ");
    await run(connection, `DELETE FROM ${place(connection)} WHERE owner = $1 AND kind = 'partition' AND name IN (${names})`, [owner, ...part]);
  }
}

/** Puts records in place of the partitions' former ones. The ledger must be there. */
export async function rememberPartitions(connection: Connection, owner: string, records: ReadonlyMap<string, StoredRecord>): Promise<void> {
  await forgetEntries(connection, owner, [...records.keys()]);
  for (const part of chunks([...records])) {
    const rows = part.map((_, i) => `($1, 'partition', $${2 * i + 2}, $${2 * i + 3})`).join(", ");
    await run(connection, `INSERT INTO ${place(connection)} VALUES ${rows}`, [
      owner,
      ...part.flatMap(([key, record]) => [key, JSON.stringify(record)]),
    ]);
  }
}

/** Whether the table has had this append. */
export async function hadAppend(connection: Connection, owner: string | undefined, materialization: string): Promise<boolean> {
  if (owner === undefined || !(await exists(connection))) return false;
  const sql = `SELECT 1 AS one FROM ${place(connection)} WHERE owner = $1 AND kind = 'append' AND name = $2`;
  return (await rowsOf(connection, sql, [owner, materialization])).length > 0;
}

export const rememberAppend = (connection: Connection, owner: string, materialization: string): Promise<number> =>
  run(connection, `INSERT INTO ${place(connection)} VALUES ($1, 'append', $2, NULL)`, [owner, materialization]);

function* chunks<Item>(items: readonly Item[], size = 200): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
