import { type RecordBatch, Table, tableToIPC } from "apache-arrow";
import type { SqlValue } from "../io/manager.ts";
import type { Page, PageRequest } from "../model/page.ts";
import type { ColumnSchema } from "../model/values.ts";
import type { Connection } from "./connection.ts";
import type { Database } from "./database.ts";
import { type Clauses, clausesOf, columnNamed, filterMistake } from "./filters.ts";
import { type OrderQuery, type Orders, openOrders } from "./orders.ts";
import { query, rowsOf } from "./query.ts";
import { quoteName } from "./sql-text.ts";

/** What pages are taken from. */
export interface PageSource {
  /** As it stands after FROM: a quoted name, `read_parquet([...])`. */
  readonly from: string;
  /** Tells this relation from others of the database, and its contents from what they were before. */
  readonly version: string;
  /** Expression that numbers the rows from 0 as they are stored and does not change while `version` stays. */
  readonly rowId?: string;
  /** True when rows are found by a range of `rowId` without reading those before: a table's `rowid`. */
  readonly byRange?: boolean;
  /** Condition of the rows that there are, where not all of `from` are meant. */
  readonly where?: string;
}

/** Most rows of one page. */
const mostRows = 50_000;
/** Rows of a sort that are found first, in a fraction of the time that all of them take; and how many rows a table has for that to be worth it. */
const firstRows = 10_000;
const manyRows = 200_000;
/** Most rows that are sorted before somebody asks for a page further on. */
const mostAhead = 40_000_000;

interface Facts {
  readonly columns: readonly ColumnSchema[];
  readonly rows: number;
  /** True when `rowId` counts without gaps. */
  readonly dense: boolean;
}

/**
 * One page of a relation as Arrow IPC. Rows in stored order are found by their number; a sort or a filter is done once, into a table of
 * row numbers in memory, which serves every page of it. Of many rows the first ones of a sort are found alone, and the others sorted while
 * they are looked at. Throws `io/schema-mismatch` for an unknown column, `io/unsupported-value` for a
 * filter value that is none of the column's type.
 */
export async function pageOf(connection: Connection, database: Database, source: PageSource, request: PageRequest): Promise<Page> {
  const orders = openOrders(connection, database);
  const facts = await orders.facts(`${database.version()} ${source.version}`, () => factsOf(connection, source));
  const columns = request.columns?.length ? request.columns.map((name) => columnNamed(facts.columns, name)) : facts.columns;
  const clauses = within(source, clausesOf(request, facts.columns));
  const offset = Math.max(0, Math.trunc(request.offset) || 0);
  const limit = Math.min(mostRows, Math.max(0, Math.trunc(request.limit) || 0));
  const select = columns.map((column) => `t.${quoteName(column.name)}`).join(", ");
  try {
    const filtered = (request.filter ?? []).length > 0;
    const place = { select, offset, limit, filtered };
    const { sql, values, rows } = await statement(connection, database, orders, source, facts, clauses, place);
    const stream = await query(connection, sql, values);
    const batches: RecordBatch[] = [];
    for await (const batch of stream.batches) batches.push(batch);
    return { ipc: tableToIPC(new Table(stream.schema, batches), "stream"), rows, columns };
  } catch (thrown) {
    throw await filterMistake(connection, request.filter ?? [], facts.columns, thrown);
  }
}

const within = ({ where }: PageSource, clauses: Clauses): Clauses =>
  where === undefined ? clauses : { ...clauses, where: clauses.where === "" ? ` WHERE (${where})` : `${clauses.where} AND (${where})` };

interface PagePlace {
  /** Columns, quoted. */
  readonly select: string;
  readonly offset: number;
  readonly limit: number;
  /** Whether the request leaves rows of the source out. */
  readonly filtered: boolean;
}
interface PageStatement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Rows that pass the filter. */
  readonly rows: number;
}

async function statement(
  connection: Connection,
  database: Database,
  orders: Orders,
  source: PageSource,
  facts: Facts,
  { where, values, order }: Clauses,
  { select, offset, limit, filtered }: PagePlace,
): Promise<PageStatement> {
  const { from, byRange } = source;
  // A column of that name hides the row numbers.
  const rowId = facts.columns.some(({ name }) => name.toLowerCase() === source.rowId) ? undefined : source.rowId;
  if (where === "" && order === "") {
    const { rows } = facts;
    if (rowId === undefined || !byRange || !facts.dense) {
      return { sql: `SELECT ${select} FROM ${from} AS t LIMIT ${limit} OFFSET ${offset}`, values: [], rows };
    }
    const last = offset + limit - 1;
    return { sql: `SELECT ${select} FROM ${from} AS t WHERE t.${rowId} BETWEEN ${offset} AND ${last} ORDER BY t.${rowId}`, values: [], rows };
  }
  if (rowId === undefined) {
    const [counted] = await rowsOf(connection, `SELECT count(*) AS n FROM ${from} AS t${where}`, values);
    const rows = Number(counted?.["n"] ?? 0);
    return { sql: `SELECT ${select} FROM ${from} AS t${where}${order} LIMIT ${limit} OFFSET ${offset}`, values, rows };
  }
  // Rows that a sort cannot tell apart stay as they are stored, so that every way of finding a page finds the same rows.
  const sorted = order === "" ? "" : `${order}, t.${rowId}`;
  const whole: OrderQuery = {
    version: `${database.version()} ${source.version}`,
    select: `SELECT t.${rowId} AS r FROM ${from} AS t${where}${sorted}`,
    values,
  };
  const beginning = !filtered && offset + limit <= firstRows && facts.rows > manyRows && !orders.has(whole);
  const made = await orders.table(connection, beginning ? { ...whole, select: `${whole.select} LIMIT ${firstRows}` } : whole);
  if (beginning && facts.rows <= mostAhead) orders.ahead(whole);
  const rows = beginning ? facts.rows : made.rows;
  const range = `SELECT rowid AS p, r FROM ${made.name} WHERE rowid BETWEEN ${offset} AND ${offset + limit - 1}`;
  return { sql: `SELECT ${select} FROM (${range}) AS o JOIN ${from} AS t ON t.${rowId} = o.r ORDER BY o.p`, values: [], rows };
}

async function factsOf(connection: Connection, { from, rowId, byRange, where }: PageSource): Promise<Facts> {
  const shape = await query(connection, `SELECT * FROM ${from} AS t LIMIT 0`);
  await shape.close();
  const columns = shape.schema.fields.map((field, i) => ({ name: field.name, type: shape.types[i] as string }));
  const last = byRange ? `max(t.${rowId})` : "NULL";
  const [counted] = await rowsOf(
    connection,
    `SELECT count(*) AS n, ${last} AS last FROM ${from} AS t${where === undefined ? "" : ` WHERE ${where}`}`,
  );
  const rows = Number(counted?.["n"] ?? 0);
  return { columns, rows, dense: byRange === true && (rows === 0 || Number(counted?.["last"]) === rows - 1) };
}
