import { Table } from "apache-arrow";
import { expect, it } from "vitest";
import type { Relation } from "../io/manager.ts";
import { isKind } from "../io/manager.ts";
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
