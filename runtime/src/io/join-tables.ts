import { rowsOf } from "../duckdb/query.ts";
import { renderQuery } from "../duckdb/render.ts";
import { scratch } from "../duckdb/scratch.ts";
import { quoteName } from "../duckdb/sql-text.ts";
import { SluiceError } from "../model/errors.ts";
import type { ColumnSchema, SchemaChange, Write } from "../model/values.ts";
import { evolution } from "./duckdb/evolve.ts";
import { requireKeys } from "./duckdb/merge.ts";
import type { SqlNode, SqlQuery } from "./manager.ts";
import { kind } from "./manager.ts";

export interface JoinedTable {
  /** A SELECT that DuckDB can execute on this machine. */
  readonly query: SqlQuery;
  /** In DuckDB's words. */
  readonly columns: readonly ColumnSchema[];
}
export interface JoinOptions {
  /** Asset key, for messages. */
  readonly key: string;
  readonly mode: Exclude<Write, "replace">;
  readonly schemaChange: SchemaChange;
  readonly signal: AbortSignal;
}

const folded = (name: string): string => name.toLowerCase();

/** What one side gives for the columns of both. */
const selected = (columns: readonly ColumnSchema[], own: readonly ColumnSchema[]): string =>
  columns
    .map(({ name, type }) => {
      const found = own.find((one) => folded(one.name) === folded(name));
      if (!found) return `CAST(NULL AS ${type}) AS ${quoteName(name)}`;
      return `${found.type === type ? quoteName(found.name) : `CAST(${quoteName(found.name)} AS ${type})`} AS ${quoteName(name)}`;
    })
    .join(", ");

/**
 * The query of what is stored and what is added to it, as one table: all rows of both, or, merged by keys, the stored ones whose key is not
 * added and all that are added. Columns meet as `schemaChange` says. Throws `io/duplicate-key`, `io/schema-mismatch`.
 * @param stored Left out where nothing is stored.
 */
export async function joinQuery(stored: JoinedTable | undefined, added: JoinedTable, options: JoinOptions): Promise<SqlQuery> {
  const { key, mode, schemaChange, signal } = options;
  const columns = await scratch().lease(
    async (connection) => {
      const sides = await Promise.all([added, ...(stored ? [stored] : [])].map(({ query }) => renderQuery(connection, query, { asset: key })));
      try {
        const [stage, target] = sides.map(({ text }) => `(${text})`) as [string, string?];
        await requireKeys(connection, stage, added.columns, { key, mode });
        if (!stored || target === undefined) return undefined;
        const joining = { key, schemaChange, target, stage, stored: stored.columns, staged: added.columns, staying: "true", partitionColumns: [] };
        const evolved = await evolution(connection, joining);
        if (schemaChange !== "recreate" || evolved.differences.length === 0) return evolved.columns;
        const [counted] = await rowsOf(connection, `SELECT count(*) AS n FROM ${target}`);
        const rows = Number(counted?.["n"] ?? 0);
        if (rows === 0) return undefined;
        throw new SluiceError(
          "io/schema-mismatch",
          `What is stored of asset "${key}" cannot be recreated with other columns: it keeps ${rows} rows that are not being written (${evolved.differences.join("; ")}).`,
          { asset: key, hint: 'Use schemaChange: "evolve", or store it once with write: "replace".' },
        );
      } finally {
        for (const { end } of sides) await end();
      }
    },
    { signal },
  );
  if (!stored || !columns) return added.query;

  const text = (sql: string): SqlNode => ({ type: "text", text: sql });
  const read = ({ query, columns: own }: JoinedTable): readonly SqlNode[] => [
    text(`SELECT ${selected(columns, own)} FROM `),
    { type: "query", nodes: query.nodes },
  ];
  if (mode === "append") return { [kind]: "sql", nodes: [...read(stored), text(" UNION ALL "), ...read(added)] };
  const same = mode.upsert.map((name) => `s.${quoteName(name)} = t.${quoteName(name)}`).join(" AND ");
  return {
    [kind]: "sql",
    nodes: [
      text("SELECT * FROM ("),
      ...read(stored),
      text(") AS t WHERE NOT EXISTS (SELECT 1 FROM ("),
      ...read(added),
      text(`) AS s WHERE ${same}) UNION ALL `),
      ...read(added),
    ],
  };
}
