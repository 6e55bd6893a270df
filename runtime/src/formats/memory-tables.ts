import type { RecordBatch } from "apache-arrow";
import type { ArrowBatch, ArrowField } from "../duckdb/arrow-shape.ts";
import { query, run } from "../duckdb/query.ts";
import { renderQuery, statementOf } from "../duckdb/render.ts";
import { scratch } from "../duckdb/scratch.ts";
import type { SqlQuery, TableStream } from "../io/manager.ts";
import type { Page, PageRequest } from "../model/page.ts";

/** A query's answer, held in memory, with the columns DuckDB gave it. Throws `sql/failed`, `sql/foreign-store`, `run/cancelled`. */
export function collectQuery(
  value: SqlQuery,
  { key, signal }: { readonly key: string; readonly signal: AbortSignal },
): Promise<TableStream & { readonly batches: readonly RecordBatch[] }> {
  return scratch().lease(
    async (connection) => {
      const rendered = await renderQuery(connection, value, { asset: key });
      try {
        // DuckDB knows the types of a query with parameters only once it runs
        await run(connection, `CREATE TEMP TABLE collected AS ${statementOf(value, rendered.text)}`, rendered.values);
      } finally {
        await rendered.end();
      }
      const answer = await query(connection, "SELECT * FROM temp.collected");
      const batches: RecordBatch[] = [];
      for await (const batch of answer.batches) batches.push(batch);
      return { schema: answer.schema, batches };
    },
    { signal },
  );
}

let pages = 0;
/** A page of a table in memory. */
export function pageOfStream(table: TableStream, request: PageRequest, signal: AbortSignal): Promise<Page> {
  const database = scratch();
  return database.lease(
    async (connection) => {
      const source = connection.sources.add(table.schema.fields as unknown as readonly ArrowField[]);
      try {
        const held: RecordBatch[] = [];
        for await (const batch of table.batches) held.push(batch);
        source.batches = held as unknown as readonly ArrowBatch[];
        const { pageOf } = await import("../duckdb/page.ts");
        pages += 1;
        return await pageOf(connection, database, { from: source.sql, version: `memory ${pages}` }, request);
      } finally {
        source.end();
      }
    },
    { signal, purpose: "preview" },
  );
}
