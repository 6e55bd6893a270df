import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../duckdb/connection.ts";
import { type Database, openDatabase } from "../duckdb/database.ts";
import { edges } from "../duckdb/edges.fixture.ts";
import { query, rowsOf, run } from "../duckdb/query.ts";
import { quoteName } from "../duckdb/sql-text.ts";
import { writeTable } from "../duckdb/write.ts";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { polars } from "../handlers/polars/polars.ts";
import { sql } from "../handlers/sql.ts";
import { inputContext, outputContext } from "../testing/contexts.ts";
import { exactRows } from "../testing/samples.ts";
import { duckdb } from "./duckdb.ts";
import { filesystem } from "./filesystem.ts";
import { inMemory } from "./in-memory.ts";
import type { AnyHandler, AnyIOManager, SqlQuery, TableStream } from "./manager.ts";

/*
 * Every DuckDB type at the edges of its range, through every handler that stores it, every store, and every handler that loads it: one
 * table a store and storing handler. Compared by the texts that DuckDB gives, which tell -0 from 0 and show every digit.
 */

/** How a type that a handler has no equal of passes through it. */
interface Passage {
  /** The type that it has afterwards; its own when left out. */
  readonly becomes?: string;
  /** Values that the handler refuses, and how: left out of the table, tested one by one. */
  readonly refuses?: Readonly<Record<string, RegExp>>;
  /** What its text is made of before comparing, where the new type writes the value in another way. */
  readonly text?: (name: string) => string;
}
const entries: Passage["text"] = (name) => `map_entries(${name})`;
const wide = /has more than the 38 digits that Polars' decimals hold/;
/** A member's value is all that one column can hold of a UNION. */
const unions = ["UNION(a INTEGER, b VARCHAR)", "UNION(tag INTERVAL, l INTEGER[])[]"];
const passages: Readonly<Record<string, Readonly<Record<string, Passage>>>> = {
  arrow: {},
  batches: {},
  sql: {},
  rows: {
    "MAP(VARCHAR, INTEGER)": { becomes: "STRUCT(key VARCHAR, value INTEGER)[]", text: entries },
    "INTEGER[3]": { becomes: "INTEGER[]" },
    "INTEGER[2][2]": { becomes: "INTEGER[][]" },
  },
  polars: {
    HUGEINT: {
      becomes: "DECIMAL(38,0)",
      refuses: { "'-170141183460469231731687303715884105728'::HUGEINT": wide, "'170141183460469231731687303715884105727'::HUGEINT": wide },
    },
    UHUGEINT: { becomes: "DECIMAL(38,0)", refuses: { "'340282366920938463463374607431768211455'::UHUGEINT": wide } },
    TIME: { refuses: { "TIME '24:00:00'": /24:00:00 is no time of day to Polars/ } },
    TIMESTAMP_S: { becomes: "TIMESTAMP_MS" },
    UUID: { becomes: "VARCHAR" },
    "ENUM('b', 'a', 'ü ''q''')": { becomes: "VARCHAR" },
    "STRUCT(l STRUCT(u UUID)[])": { becomes: "STRUCT(l STRUCT(u VARCHAR)[])" },
    "MAP(VARCHAR, INTEGER)": { becomes: "STRUCT(key VARCHAR, value INTEGER)[]", text: entries },
    INTERVAL: { becomes: "VARCHAR" },
    "TIME WITH TIME ZONE": { becomes: "VARCHAR" },
    BIT: { becomes: "VARCHAR" },
    BIGNUM: { becomes: "VARCHAR" },
    GEOMETRY: { becomes: "VARCHAR" },
    JSON: { becomes: "VARCHAR" },
    "INTERVAL[]": { becomes: "VARCHAR[]" },
    "STRUCT(i INTERVAL, t TIMETZ)": { becomes: "STRUCT(i VARCHAR, t VARCHAR)" },
  },
};
/** Types that a handler or a store cannot hold at all, and how each is refused. */
const without: Readonly<Record<string, readonly string[]>> = { rows: unions, polars: unions };
const stores: Readonly<Record<string, { readonly refuses: readonly string[]; readonly open: (folder: string) => AnyIOManager }>> = {
  "duckdb()": { refuses: [], open: (folder) => duckdb({ database: join(folder, "every.duckdb"), idleRelease: 60_000 }) },
  "filesystem()": { refuses: [...unions, "GEOMETRY"], open: (folder) => filesystem({ baseDir: join(folder, "files") }) },
  "inMemory()": { refuses: [], open: () => inMemory() },
};
const handlers: Readonly<Record<string, AnyHandler>> = { rows: exactRows, arrow, batches, polars, sql };

let folder: string;
let database: Database;
const managers = new Map<string, AnyIOManager>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-every-type-"));
  database = openDatabase(":memory:");
  for (const [name, { open }] of Object.entries(stores)) managers.set(name, open(folder));
});
afterAll(async () => {
  for (const manager of managers.values()) await manager.close?.();
  await database.release();
  rmSync(folder, { recursive: true, force: true });
});

interface Column {
  readonly name: string;
  readonly type: string;
  readonly values: readonly string[];
}
/** Columns that some handlers keep, without the values that one of them refuses. */
function columnsFor(store: string, through: readonly string[]): readonly Column[] {
  const left = new Set([...(stores[store]?.refuses ?? []), ...through.flatMap((name) => without[name] ?? [])]);
  return Object.entries(edges).flatMap(([type, all], i) => {
    const refused = new Set(through.flatMap((name) => Object.keys(passages[name]?.[type]?.refuses ?? {})));
    const tooWide = store === "filesystem()" && type.endsWith("HUGEINT");
    const values = all.filter((value) => !refused.has(value) && !(tooWide && value.length > 40));
    return left.has(type) || values.length === 0 ? [] : [{ name: `c${i}`, type, values }];
  });
}
const rowCount = 11;
/** One row per value, a NULL after each column's last, over and over. */
const selectOf = (columns: readonly Column[]): string => {
  const rows = Array.from({ length: rowCount }, (_, i) => [
    `${i}::INTEGER`,
    ...columns.map(({ type, values }) => values[i % (values.length + 1)] ?? `NULL::${type}`),
  ]);
  return `SELECT * FROM (VALUES ${rows.map((cells) => `(${cells.join(", ")})`).join(",\n")}) AS t(i, ${columns.map(({ name }) => name).join(", ")})`;
};
const texts = async (connection: Connection, from: string, columns: readonly Column[], textOf: (column: Column) => string) =>
  rowsOf(connection, `SELECT i, ${columns.map((column) => `(${textOf(column)})::VARCHAR AS ${column.name}`).join(", ")} FROM ${from} ORDER BY i`);
const typesOf = async (connection: Connection, from: string) =>
  Object.fromEntries(
    (await rowsOf(connection, `SELECT column_name AS n, column_type AS t FROM (DESCRIBE ${from})`)).map((row) => [row["n"], row["t"]]),
  );
const held = async ({ schema, batches: all }: TableStream): Promise<TableStream> => {
  const kept = [];
  for await (const batch of all) kept.push(batch);
  return { schema, batches: kept };
};
const streamOf = (text: string) => database.lease(async (connection) => held(await query(connection, text)));
const asQuery = (text: string): SqlQuery => sql(Object.assign([text], { raw: [text] }) as unknown as TemplateStringsArray) as SqlQuery;
/** Declared types of rows, which have names for most. */
const declared = (columns: readonly Column[]) =>
  Object.fromEntries(
    columns
      .map(({ name, type }) => [name, passages["rows"]?.[type]?.becomes ?? type.replace("INTEGER[3]", "INTEGER[]")] as const)
      .concat([["i", "INTEGER"]]),
  );
/** What the asset must say of its columns: of rows everything, of frames that a time counts nanoseconds. */
const told = (handler: string, columns: readonly Column[]): Readonly<Record<string, string>> | undefined => {
  if (handler === "rows") return declared(columns);
  return handler === "polars" ? Object.fromEntries(columns.filter(({ type }) => type === "TIME_NS").map(({ name }) => [name, "time_ns"])) : undefined;
};
const plain = (type: unknown): string =>
  String(type).replaceAll('"', "").replaceAll("TIMETZ", "TIME WITH TIME ZONE").replaceAll("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE");

describe.each(Object.keys(stores))("%s", (store) => {
  it.each(Object.keys(handlers))("keeps every type that came as %s, whatever it is loaded as", async (storing) => {
    const manager = managers.get(store) as AnyIOManager;
    const columns = columnsFor(store, [storing]);
    const source = selectOf(columns);
    const storer = handlers[storing] as AnyHandler;
    const key = `every/${storing}`;
    const value = storer.fromTable ? await storer.fromTable(await streamOf(source), { key }) : asQuery(source);
    const options = { columns: told(storing, columns) };
    expect(await manager.handleOutput(outputContext(key, options), value)).toMatchObject({ rows: rowCount });

    for (const loading of Object.keys(handlers)) {
      if (loading === "polars" && storing !== "polars") continue; // Has a table of its own below: Polars refuses some of these values.
      const kept = columnsFor(store, [storing, loading]).map(({ name }) => name);
      await comparePair(
        manager,
        key,
        source,
        columns.filter(({ name }) => kept.includes(name)),
        storing,
        loading,
      );
    }
  });

  it("keeps every type that Polars holds when something else stored it", async () => {
    const manager = managers.get(store) as AnyIOManager;
    for (const storing of ["rows", "arrow", "batches", "sql"]) {
      const columns = columnsFor(store, [storing, "polars"]);
      const source = selectOf(columns);
      const storer = handlers[storing] as AnyHandler;
      const key = `polars/${storing}`;
      const value = storer.fromTable ? await storer.fromTable(await streamOf(source), { key }) : asQuery(source);
      await manager.handleOutput(outputContext(key, { columns: told(storing, columns) }), value);
      await comparePair(manager, key, source, columns, storing, "polars");
    }
  });
});

describe("what has no exact place is refused, by column and type", () => {
  const store = async (storeName: string, text: string, through: AnyHandler) => {
    const value = through.fromTable ? await through.fromTable(await streamOf(text), { key: "refused" }) : asQuery(text);
    return (managers.get(storeName) as AnyIOManager).handleOutput(outputContext("refused"), value);
  };
  const inParquet = /^Column "v" of asset "refused" is .*, which Parquet cannot keep exactly\.$/;
  it.each([
    ["filesystem()", "sql", "union_value(a := 1)", inParquet],
    ["filesystem()", "arrow", "union_value(a := 1)", inParquet],
    ["filesystem()", "arrow", "'POINT (1 2)'::GEOMETRY", inParquet],
    ["filesystem()", "batches", "'170141183460469231731687303715884105727'::HUGEINT", /has an integer of more than 38 digits \(column "v"/],
    ["filesystem()", "sql", "'340282366920938463463374607431768211455'::UHUGEINT", /has an integer of more than 38 digits \(column "v"/],
    ["duckdb()", "arrow", "{x: 1}::VARIANT", /^Column "v" is a VARIANT, which arrived as text and cannot become one again exactly\.$/],
    ["duckdb()", "batches", "[{x: 1}::VARIANT]", /^Column "v\.item" is a VARIANT, which arrived as text/],
  ] as const)("%s, %s: %s", async (name, handler, expression, message) => {
    const storing = store(name, `SELECT ${expression} AS v`, handlers[handler] as AnyHandler);
    await expect(storing).rejects.toMatchObject({ code: "io/unsupported-value", message: expect.stringMatching(message) });
  });

  const narrow = Object.entries(passages["polars"] ?? {}).flatMap(([type, { refuses = {} }]) =>
    Object.entries(refuses).map((entry) => [type, ...entry] as const),
  );
  it.each(narrow)("Polars, %s: %s", async (_, value, message) => {
    const loading = polars.fromTable!(await streamOf(`SELECT ${value} AS v`), { key: "refused" });
    await expect(loading).rejects.toMatchObject({ code: "io/inexact-value", message: expect.stringMatching(message) });
    await expect(loading).rejects.toThrow('Column "v" of asset "refused"');
  });
});

it("keeps a VARIANT that a query moves between files", async () => {
  const manager = managers.get("filesystem()") as AnyIOManager;
  await manager.handleOutput(outputContext("variant"), sql`select {x: 1::smallint}::variant as v`);
  const query = (await manager.loadInput(inputContext("variant", { handler: sql }))) as SqlQuery;
  await manager.handleOutput(outputContext("variant/copy"), sql`select v.x::varchar as x, variant_typeof(v.x) as t, typeof(v) as v from ${query}`);
  expect(await manager.loadInput(inputContext("variant/copy", { handler: exactRows }))).toEqual([{ x: "1", t: "INT16", v: "VARIANT" }]);
});

it("loads the value of a UNION as rows hold the member that it is", async () => {
  const manager = managers.get("duckdb()") as AnyIOManager;
  const values = [...(edges["UNION(a INTEGER, b VARCHAR)"] ?? []), "NULL::UNION(a INTEGER, b VARCHAR)"];
  await manager.handleOutput(outputContext("unions"), asQuery(`SELECT * FROM (VALUES ${values.map((value) => `(${value})`).join(", ")}) AS t(v)`));
  expect(await manager.loadInput(inputContext("unions", { handler: exactRows }))).toEqual([{ v: 1 }, { v: "1" }, { v: null }, { v: null }]);
});

/** Loads what is stored and holds its values and types to the original ones. */
async function comparePair(
  manager: AnyIOManager,
  key: string,
  source: string,
  columns: readonly Column[],
  storing: string,
  loading: string,
): Promise<void> {
  const pair = `${storing}, then ${loading}`;
  const loader = handlers[loading] as AnyHandler;
  let loaded = await manager.loadInput(inputContext(key, { handler: loader, columns: ["i", ...columns.map(({ name }) => name)] }));
  let back: TableStream;
  if (loader.toTable) back = await loader.toTable(loaded, { key, columns: told(loading, columns) });
  else {
    await manager.handleOutput(outputContext(`${key}/copy`), sql`select * from ${loaded as SqlQuery}`);
    loaded = await manager.loadInput(inputContext(`${key}/copy`, { handler: arrow }));
    back = await arrow.toTable!(loaded as never, { key });
  }
  const table = await held(back);
  await database.lease(async (connection) => {
    await run(connection, "DROP TABLE IF EXISTS loaded");
    await writeTable(connection, ["memory", "main", "loaded"], table);
    const passage = (type: string, name: string) => passages[name]?.[type];
    const changed = (type: string) => passage(type, storing)?.text ?? passage(type, loading)?.text;
    const before = await texts(connection, `(${source})`, columns, ({ name, type }) => changed(type)?.(name) ?? name);
    const after = await texts(connection, "loaded", columns, ({ name }) => quoteName(name));
    expect(after, pair).toEqual(before);
    const types = await typesOf(connection, "loaded");
    const found = Object.fromEntries(columns.map(({ name, type }) => [type, plain(types[name])]));
    // Rows are given their types back; what else is loaded has the type that it was stored as.
    const becomes = (type: string, name: string) => passage(type, name)?.becomes ?? type;
    const wanted = columns.map(({ type }) => [type, plain(becomes(loading === "rows" ? type : becomes(type, storing), loading))]);
    expect(found, pair).toEqual(Object.fromEntries(wanted));
  });
}
