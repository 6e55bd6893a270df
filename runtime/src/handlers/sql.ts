import type { Relation, SqlNode, SqlQuery, SqlValue, TypeHandler, UpstreamRow } from "../io/manager.ts";
import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";

/** A quoted identifier, made by `sql.id`. */
export interface SqlName {
  readonly [kind]: "sql-name";
  readonly name: readonly string[];
}
/** What `${}` in a query takes. */
export type SqlPart = SqlQuery | SqlName | SqlValue;
/** Names of dialects: those of Sluice's own stores, and whatever another store says its is. */
export type SqlDialect = "duckdb" | "snowflake" | "bigquery" | (string & {});
export interface SqlTag {
  <Row = unknown>(text: TemplateStringsArray, ...parts: readonly SqlPart[]): SqlQuery<Row>;
  /** A quoted identifier; several parts are joined by dots: `sql.id("public", "order")`. */
  id(...name: readonly string[]): SqlName;
  /**
   * One query written for several dialects; the store that executes it takes its own. It nests like any other query.
   * @example sql.dialect({ duckdb: sql`select epoch_ms(at) from ${sales}`, snowflake: sql`select date_part(epoch_millisecond, at) from ${sales}` })
   */
  dialect<Row = unknown>(variants: { readonly [Name in SqlDialect]?: SqlQuery<Row> }): SqlQuery<Row>;
}

/** A query that reads one stored slice: what an input loaded as `sql` is. */
export const relationQuery = (relation: Relation): SqlQuery => ({ [kind]: "sql", nodes: [{ type: "relation", relation }] });

const refuse = (message: string, hint: string, asset?: string) => new SluiceError("io/unsupported-value", message, { hint, asset });

function partNode(part: unknown, position: number): SqlNode {
  const where = `Value ${position} of the query`;
  if (isKind(part, "sql")) {
    const nodes = (part as unknown as SqlQuery).nodes;
    const [only] = nodes;
    return only?.type === "relation" && nodes.length === 1 ? only : { type: "query", nodes };
  }
  if (isKind(part, "sql-name")) return { type: "name", name: (part as unknown as SqlName).name };
  if (isValue(part)) return { type: "value", value: part };
  if (isKind(part, "asset") || isKind(part, "input")) {
    const key = (part as { readonly key?: unknown }).key;
    throw refuse(
      `${where} is the definition of asset "${typeof key === "string" ? key : "?"}", not what was loaded of it.`,
      "Name the asset in inputs with .as(sql), and put what run receives into the query.",
    );
  }
  if (part === undefined) throw refuse(`${where} is undefined.`, "Pass null for NULL.");
  if (Array.isArray(part)) throw refuse(`${where} is an array.`, "Load the input with .as(sql); for a list of values, put each into the query.");
  if (typeof part === "object" && part !== null && Symbol.asyncIterator in part)
    throw refuse(`${where} is a stream.`, "Load the input with .as(sql).");
  if (typeof part === "object" && part !== null && "schema" in part && "batches" in part) {
    throw refuse(`${where} is an Arrow table.`, "Load the input with .as(sql).");
  }
  throw refuse(
    `${where} is ${typeof part === "object" ? "an object" : `a ${typeof part}`}, which no database takes as a parameter.`,
    "Pass a text, a number, a bigint, a boolean, null, a Date, a Uint8Array, another query or sql.id(...).",
  );
}

const isValue = (part: unknown): part is SqlValue =>
  part === null ||
  ["string", "number", "bigint", "boolean"].includes(typeof part) ||
  Object.prototype.toString.call(part) === "[object Date]" ||
  (ArrayBuffer.isView(part) && Object.prototype.toString.call(part) === "[object Uint8Array]");

function tag(text: TemplateStringsArray, ...parts: readonly SqlPart[]): SqlQuery<never> {
  const nodes: SqlNode[] = [];
  text.forEach((piece: string | undefined, index) => {
    if (piece === undefined) throw refuse("The query holds an escape sequence that JavaScript does not know.", "Write a backslash as two.");
    if (piece !== "") nodes.push({ type: "text", text: piece });
    if (index < parts.length) nodes.push(partNode(parts[index], index + 1));
  });
  return { [kind]: "sql", nodes };
}

function id(...name: readonly string[]): SqlName {
  if (name.length === 0 || !name.every((part) => typeof part === "string" && part !== "")) {
    throw refuse("sql.id() takes the parts of a name, each a text that is not empty.", 'Write sql.id("public", "orders").');
  }
  return { [kind]: "sql-name", name: [...name] };
}

function dialect(variants: Readonly<Record<string, SqlQuery | undefined>>): SqlQuery<never> {
  const found = Object.entries(variants).filter(([, query]) => query !== undefined);
  const wrong = found.find(([, query]) => !isKind(query, "sql"));
  if (wrong) throw refuse(`The variant "${wrong[0]}" of sql.dialect() is no query.`, "Write it with the tag: sql.dialect({ duckdb: sql`...` }).");
  if (found.length === 0) throw refuse("sql.dialect() has no variant.", "Write one for each store: sql.dialect({ duckdb: sql`...` }).");
  return {
    [kind]: "sql",
    nodes: [{ type: "dialect", variants: Object.fromEntries(found.map(([name, query]) => [name, (query as SqlQuery).nodes])) }],
  };
}

const handler: TypeHandler<SqlQuery<UpstreamRow>> = { [kind]: "handler", name: "sql", accepts: (value) => isKind(value, "sql") };

/**
 * Both the type handler and the tag of queries: `${input}` and `${query}` nest, every other `${}` is a bound parameter.
 * Throws `io/unsupported-value` for what is none of these, such as the definition of an asset.
 * @example sql`select owner, sum(amount) as amount from ${sales} group by owner`
 */
export const sql: TypeHandler<SqlQuery<UpstreamRow>> & SqlTag = Object.defineProperties(Object.assign(tag, { id, dialect }), {
  ...Object.getOwnPropertyDescriptors(handler),
}) as unknown as TypeHandler<SqlQuery<UpstreamRow>> & SqlTag;
