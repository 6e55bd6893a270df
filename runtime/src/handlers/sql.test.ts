import { Table } from "apache-arrow";
import { describe, expect, it } from "vitest";
import type { Relation, SqlQuery } from "../io/manager.ts";
import { inDialect, isKind } from "../io/manager.ts";
import { relationQuery, sql } from "./sql.ts";

const relation: Relation = { store: "duckdb:/a.duckdb", table: ["public", "sales"], key: "sales" };

it("keeps texts, values, names, slices and queries apart", () => {
  const sales = relationQuery(relation);
  const big = sql`select * from ${sales} where amount > ${10n}`;
  const query = sql`select ${sql.id("o", 'we"ird')} from ${big} join ${sales} on a = ${"x'; drop table t"}`;
  expect(query.nodes).toEqual([
    { type: "text", text: "select " },
    { type: "name", name: ["o", 'we"ird'] },
    { type: "text", text: " from " },
    {
      type: "query",
      nodes: [
        { type: "text", text: "select * from " },
        { type: "relation", relation },
        { type: "text", text: " where amount > " },
        { type: "value", value: 10n },
      ],
    },
    { type: "text", text: " join " },
    { type: "relation", relation },
    { type: "text", text: " on a = " },
    { type: "value", value: "x'; drop table t" },
  ]);
});

it("takes every kind of parameter", () => {
  const values = ["", 1.5, 2n, true, null, new Date(0), new Uint8Array([1])] as const;
  for (const value of values) expect(sql`${value}`.nodes).toEqual([{ type: "value", value }]);
});

it("is a handler, and knows its own values", () => {
  expect(isKind(sql, "handler")).toBe(true);
  expect(sql.name).toBe("sql");
  expect(sql.accepts(sql`select 1`)).toBe(true);
  expect(isKind(sql`select 1`, "sql")).toBe(true);
  for (const other of [undefined, null, "select 1", { nodes: [] }, sql]) expect(sql.accepts(other)).toBe(false);
  expect([sql.toTable, sql.fromTable]).toEqual([undefined, undefined]);
});

const asset = { [Symbol.for("sluice.kind")]: "asset", key: "sales" };
it.each<[what: string, part: unknown, says: RegExp]>([
  ["the definition of an asset", asset, /Value 1 of the query is the definition of asset "sales".*\.as\(sql\)/],
  ["an input's definition", { [Symbol.for("sluice.kind")]: "input" }, /definition of asset/],
  ["undefined", undefined, /is undefined.*null for NULL/],
  ["rows", [{ a: 1 }], /is an array.*\.as\(sql\)/],
  ["an Arrow table", new Table(), /Arrow table.*\.as\(sql\)/],
  ["a stream", (async function* () {})(), /stream/],
  ["an object", { a: 1 }, /is an object/],
  ["a function", () => 1, /is a function/],
  ["a symbol", Symbol("x"), /is a symbol/],
])("refuses %s, saying what to do", (_, part, says) => {
  let thrown: (Error & { code?: string; hint?: string }) | undefined;
  try {
    sql`select ${part as never}`;
  } catch (error) {
    thrown = error as Error;
  }
  expect(thrown?.code).toBe("io/unsupported-value");
  expect(`${thrown?.message} ${thrown?.hint}`).toMatch(says);
});

it("refuses a name that is none", () => {
  expect(() => sql.id()).toThrow(/parts of a name/);
  expect(() => sql.id("a", "")).toThrow(/parts of a name/);
});

describe("a query in several dialects", () => {
  const sales = relationQuery(relation);
  const query = sql.dialect({
    duckdb: sql`select epoch_ms(at) from ${sales} where n > ${1}`,
    snowflake: sql`select date_part(epoch_millisecond, at) from ${sales}`,
  });

  it("is the store's variant, wherever it nests", () => {
    expect(inDialect(query, "duckdb").nodes).toEqual(sql`select epoch_ms(at) from ${sales} where n > ${1}`.nodes);
    expect(inDialect(query, "snowflake").nodes).toEqual(sql`select date_part(epoch_millisecond, at) from ${sales}`.nodes);
    const outer = sql.dialect({ duckdb: sql`select * from ${query} limit ${2}`, other: sql`select 1` });
    expect(inDialect(sql`with q as ${outer} select * from q`, "duckdb").nodes).toEqual(
      sql`with q as ${sql`select * from ${sql`select epoch_ms(at) from ${sales} where n > ${1}`} limit ${2}`} select * from q`.nodes,
    );
  });

  it("has the type of its variants' rows", () => {
    interface Row {
      readonly a: number;
    }
    const typed: SqlQuery<Row> = sql.dialect({ duckdb: sql<Row>`select 1 as a`, bigquery: sql<Row>`select 1 as a` });
    expect(isKind(typed, "sql")).toBe(true);
  });

  it("says which variants there are when the store's is missing", () => {
    expect(() => inDialect(sql`select * from ${query}`, "bigquery", "by_day")).toThrow(
      expect.objectContaining({
        code: "sql/failed",
        asset: "by_day",
        message: 'The query of asset "by_day" runs in bigquery, and sql.dialect() has no variant for it: it has duckdb and snowflake.',
        hint: "Add one: sql.dialect({ duckdb: sql`...`, snowflake: sql`...`, bigquery: sql`...` }).",
      }),
    );
    for (const name of ["constructor", "__proto__", "toString"]) expect(() => inDialect(query, name)).toThrow(`runs in ${name}`);
  });

  it("refuses what is no query", () => {
    expect(() => sql.dialect({})).toThrow("sql.dialect() has no variant.");
    expect(() => sql.dialect({ duckdb: "select 1" as never })).toThrow('The variant "duckdb" of sql.dialect() is no query.');
  });
});
