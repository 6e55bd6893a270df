import { inDialect, type Relation, type SqlNode, type SqlQuery, type SqlValue, type TableStream } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { ArrowBatch, ArrowField } from "./arrow-shape.ts";
import type { Connection } from "./connection.ts";
import { run } from "./query.ts";
import { slicesText } from "./slices.ts";
import { checkColumns } from "./sources.ts";
import { quoteName, quoteNames, quoteText } from "./sql-text.ts";
import { writeTable } from "./write.ts";

/** A query as text for one connection. */
export interface RenderedQuery {
  /** With `$1`, `$2`, ... for the values. */
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Every stored slice it reads. */
  readonly relations: readonly Relation[];
  /** Lets go of the tables in memory and of the copies that it reads; call it after the query has ended. */
  readonly end: () => Promise<void>;
}
export interface RenderOptions {
  /** Identity of the store whose tables the connection has by name; tables of others are refused. */
  readonly store?: string | undefined;
  /** Asset that the query is for, for messages. */
  readonly asset?: string | undefined;
}

const dialect = "duckdb";
let copies = 0;

/** The text of a query as a statement: one that is nothing but an input has only that input's name. */
export const statementOf = (query: SqlQuery, text: string): string => {
  const { nodes } = inDialect(query, dialect);
  return nodes.length === 1 && nodes[0]?.type === "relation" ? `SELECT * FROM ${text}` : text;
};

/**
 * A query as DuckDB's text and parameters: tables of the same store by quoted name, Parquet files and tables in memory by what reads them,
 * tables that another DuckDB file has by a copy that this connection takes: a file cannot be attached twice in one process.
 * Throws `sql/foreign-store` naming the asset that DuckDB can read in no way, `sql/failed` for a query without a variant for DuckDB.
 */
export async function renderQuery(connection: Connection, query: SqlQuery, options: RenderOptions = {}): Promise<RenderedQuery> {
  const values: SqlValue[] = [];
  const relations: Relation[] = [];
  const ends: (() => unknown)[] = [];

  async function node(part: SqlNode): Promise<string> {
    switch (part.type) {
      case "text":
        return part.text;
      case "value":
        values.push(part.value);
        return `$${values.length}`;
      case "name":
        return quoteNames(part.name);
      case "query":
        return `(${await all(part.nodes)})`;
      case "relation":
        relations.push(part.relation);
        return reference(part.relation);
      case "dialect":
        return all(inDialect({ ...query, nodes: [part] }, dialect, options.asset).nodes);
    }
  }
  async function all(nodes: readonly SqlNode[]): Promise<string> {
    const texts: string[] = [];
    for (const part of nodes) texts.push(await node(part));
    return texts.join("");
  }
  async function reference(relation: Relation): Promise<string> {
    const { columns, stream } = relation;
    if (stream && relation.store !== options.store && !relation.parquet && !relation.memory) return copied(await stream(connection.signal));
    const from = await place(relation);
    if (columns) checkColumns(columns);
    if (relation.parquet && relation.casts) return `(SELECT ${parquetColumns(relation)} FROM ${from})`;
    if (!columns && !relation.where) return from;
    const where = relation.where ? ` WHERE ${slicesText(relation.where)}` : "";
    return `(SELECT ${columns ? columns.map(quoteName).join(", ") : "*"} FROM ${from}${where})`;
  }
  async function copied(stream: TableStream): Promise<string> {
    const name = ["temp", "main", `sluice_input_${++copies}`];
    await writeTable(connection, name, stream);
    // Its connection takes it along when that has ended already.
    ends.push(() => run({ ...connection, signal: undefined }, `DROP TABLE IF EXISTS ${quoteNames(name)}`).catch(() => undefined));
    return quoteNames(name);
  }
  async function place(relation: Relation): Promise<string> {
    if (relation.table && relation.store === options.store) return quoteNames(relation.table);
    if (relation.parquet) return `read_parquet([${relation.parquet.map(quoteText).join(", ")}], hive_partitioning = false)`;
    if (relation.memory) {
      const batches: ArrowBatch[] = [];
      for await (const batch of relation.memory.batches) batches.push(batch as unknown as ArrowBatch);
      const source = connection.sources.add(relation.memory.schema.fields as readonly ArrowField[]);
      source.batches = batches;
      ends.push(source.end);
      return source.sql;
    }
    throw foreign(relation, options.asset);
  }

  const end = async () => {
    for (const close of ends) await close();
  };
  try {
    return { text: await all(query.nodes), values, relations, end };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

/** Columns of Parquet files, those cast whose type Parquet has no name for. */
function parquetColumns({ columns, casts = {} }: Relation): string {
  const cast = (name: string, type: string) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`;
  if (columns) return columns.map((name) => (casts[name] === undefined ? quoteName(name) : cast(name, casts[name]))).join(", ");
  const replaced = Object.entries(casts).map(([name, type]) => cast(name, type));
  return replaced.length === 0 ? "*" : `* REPLACE (${replaced.join(", ")})`;
}

function foreign(relation: Relation, asset: string | undefined): SluiceError {
  const where = asset === undefined ? "The query" : `The query of asset "${asset}"`;
  return new SluiceError(
    "sql/foreign-store",
    `${where} reads asset "${relation.key}", which lies in another store that its database cannot read in place.`,
    {
      asset,
      hint: `Bind both assets to one store, or load "${relation.key}" with .as(arrow) or .as(rows()) and compute in TypeScript.`,
    },
  );
}
