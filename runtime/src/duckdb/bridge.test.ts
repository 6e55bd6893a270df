import * as arrow from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TableStream } from "../io/manager.ts";
import type { Connection } from "./connection.ts";
import { type Database, openDatabase } from "./database.ts";
import { edges } from "./edges.fixture.ts";
import { query, rowsOf, run } from "./query.ts";
import { writeTable } from "./write.ts";

let database: Database;
beforeAll(() => {
  database = openDatabase(":memory:");
});
afterAll(() => database.release());
const withConnection = <Value>(work: (connection: Connection) => Promise<Value>) => database.lease(work);

async function collected(
  connection: Connection,
  sql: string,
): Promise<{ schema: arrow.Schema; batches: arrow.RecordBatch[]; types: readonly string[] }> {
  const stream = await query(connection, sql);
  const batches: arrow.RecordBatch[] = [];
  for await (const batch of stream.batches) batches.push(batch);
  return { schema: stream.schema, batches, types: stream.types };
}

/** Reads a query as Arrow, writes it back, and compares inside the engine: types, values, and how often each occurs. */
async function roundTrip(sql: string): Promise<{ differences: number; rows: number; before: string; after: string }> {
  return withConnection(async (connection) => {
    await run(connection, `CREATE OR REPLACE TABLE original AS ${sql}`);
    await run(connection, "DROP TABLE IF EXISTS copied");
    const table = await collected(connection, "SELECT * FROM original");
    const rows = await writeTable(connection, ["memory", "main", "copied"], table);
    const [found] = await rowsOf(
      connection,
      "SELECT count(*)::INT AS n FROM ((FROM original EXCEPT ALL FROM copied) UNION ALL (FROM copied EXCEPT ALL FROM original))",
    );
    const types = async (name: string) =>
      JSON.stringify(
        await rowsOf(connection, "SELECT column_name AS c, data_type AS t FROM duckdb_columns() WHERE table_name = $1 ORDER BY column_index", [name]),
      );
    return { differences: found?.["n"] as number, rows, before: await types("original"), after: await types("copied") };
  });
}

describe("a DuckDB table goes to Arrow and back", () => {
  it.each(Object.entries(edges))("%s at the edges of its range, with nulls, unchanged", async (type, values) => {
    // Several chunks, and nulls first, last and between.
    const texts = [`NULL::${type}`, ...values, `NULL::${type}`].map((text) => `(${text})`);
    const { differences, rows, before, after } = await roundTrip(
      `SELECT v FROM (VALUES ${texts.join(", ")}) AS t(v), range(${Math.ceil(6000 / texts.length)})`,
    );
    expect(rows).toBeGreaterThanOrEqual(6000);
    expect(after.replace("copied", "original")).toBe(before);
    expect(differences).toBe(0);
  });

  it("all types side by side without nulls", async () => {
    const columns = Object.entries(edges).map(([, values], i) => `${values.at(-1)} AS c${i}`);
    const { differences, rows } = await roundTrip(`SELECT ${columns.join(", ")} FROM range(3000)`);
    expect(rows).toBe(3000);
    expect(differences).toBe(0);
  });

  it("keeps the order of rows", async () => {
    await withConnection(async (connection) => {
      const table = await collected(connection, "SELECT i, 'text ' || i AS s FROM range(300000) t(i) ORDER BY hash(i)");
      await run(connection, "DROP TABLE IF EXISTS ordered");
      await writeTable(connection, ["memory", "main", "ordered"], table);
      const again = await collected(connection, "SELECT i, s FROM ordered");
      const first = new arrow.Table(table.schema, table.batches).getChild("i")?.toArray() as BigInt64Array;
      const second = new arrow.Table(again.schema, again.batches).getChild("i")?.toArray() as BigInt64Array;
      expect(second.length).toBe(300000);
      expect(
        Buffer.from(second.buffer, second.byteOffset, second.byteLength).equals(Buffer.from(first.buffer, first.byteOffset, first.byteLength)),
      ).toBe(true);
    });
  });

  it("reads lists that lie scattered in the engine", async () => {
    const { differences, rows } = await roundTrip(
      "SELECT l FROM (SELECT CASE WHEN i % 5 = 0 THEN NULL ELSE [i, i + 1, NULL][1:(i % 4)] END AS l, i FROM range(20000) t(i)) WHERE i % 3 <> 1 ORDER BY i DESC",
    );
    expect(rows).toBeGreaterThan(10000);
    expect(differences).toBe(0);
  });

  it("mixes short, long and absent texts", async () => {
    const { differences } = await roundTrip(
      "SELECT CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN repeat('q', i % 90) WHEN 3 THEN 'short' ELSE 'text number ' || i END AS s FROM range(50000) t(i)",
    );
    expect(differences).toBe(0);
  });

  it("is empty with its columns", async () => {
    const { differences, rows, before, after } = await roundTrip("SELECT 1::UBIGINT AS a, 'x' AS b, [1.5::DECIMAL(9,2)] AS c WHERE false");
    expect(rows).toBe(0);
    expect(after).toBe(before);
    expect(differences).toBe(0);
  });

  it("keeps two columns of one name apart when they are read", async () => {
    await withConnection(async (connection) => {
      const { schema } = await collected(connection, "SELECT 1 AS a, INTERVAL 1 DAY AS a");
      expect(schema.fields.map((field) => field.name)).toEqual(["a", "a"]);
    });
  });
});

describe("an Arrow table goes to DuckDB", () => {
  const stored = async (table: TableStream, sql: string) =>
    withConnection(async (connection) => {
      await run(connection, "DROP TABLE IF EXISTS stored");
      await writeTable(connection, ["memory", "main", "stored"], table);
      return rowsOf(connection, sql);
    });
  const oneColumn = (vector: arrow.Vector): TableStream => {
    const table = new arrow.Table({ v: vector });
    return { schema: table.schema, batches: table.batches };
  };
  const texts = (sql = "v") => `SELECT string_agg(coalesce(${sql}::VARCHAR, 'null'), '|') AS t, any_value(typeof(v)) AS y FROM stored`;

  it.each([
    ["LargeUtf8", new arrow.LargeUtf8(), ["a", "", null, "longer than twelve bytes"], "a||null|longer than twelve bytes", "VARCHAR"],
    ["DateMillisecond", new arrow.DateMillisecond(), [new Date(0), null, new Date("2024-02-29")], "1970-01-01|null|2024-02-29", "DATE"],
    ["TimeSecond", new arrow.TimeSecond(), [0, 3661], "00:00:00|01:01:01", "TIME"],
    ["TimeMillisecond", new arrow.TimeMillisecond(), [1], "00:00:00.001", "TIME"],
    ["zoned seconds", new arrow.TimestampSecond("Europe/Berlin"), [1000], "1970-01-01 00:00:01+00", "TIMESTAMP WITH TIME ZONE"],
    ["seconds of a duration", new arrow.DurationSecond(), [90_061n, null], "25:01:01|null", "INTERVAL"],
    ["nanoseconds of a duration", new arrow.DurationNanosecond(), [-1_000_000n], "-00:00:00.001", "INTERVAL"],
    ["Float16", new arrow.Float16(), [1.5, -0.25], "1.5|-0.25", "FLOAT"],
    ["a dictionary of numbers", new arrow.Dictionary(new arrow.Int32(), new arrow.Int8()), [7, null, 7, 9], "7|null|7|9", "INTEGER"],
    [
      "a dictionary of texts",
      new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
      ["b", "a text that is rather long", null, "b"],
      "b|a text that is rather long|null|b",
      "VARCHAR",
    ],
  ] as const)("%s", async (_name, type, values, text, name) => {
    const found = await stored(oneColumn(arrow.vectorFromArray(values as unknown as never[], type as never)), texts());
    expect(found).toEqual([{ t: text, y: name }]);
  });

  it("a slice that begins within a byte of its bitmap", async () => {
    const vector = arrow
      .vectorFromArray(
        Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? null : i)),
        new arrow.Int32(),
      )
      .slice(5, 4999);
    const found = await stored(oneColumn(vector), "SELECT count(*)::INT AS n, count(v)::INT AS k, sum(v)::VARCHAR AS s FROM stored");
    const expected = Array.from(vector) as (number | null)[];
    expect(found).toEqual([
      { n: 4994, k: expected.filter((v) => v !== null).length, s: String(expected.reduce<number>((sum, v) => sum + (v ?? 0), 0)) },
    ]);
  });

  it("sliced booleans, lists and structs", async () => {
    const type = new arrow.Struct([
      new arrow.Field("b", new arrow.Bool(), true),
      new arrow.Field("l", new arrow.List(new arrow.Field("item", new arrow.Utf8(), true)), true),
    ]);
    const values = Array.from({ length: 3000 }, (_, i) => (i % 11 === 0 ? null : { b: i % 2 === 0, l: i % 5 === 0 ? null : [`item ${i}`, null] }));
    const found = await stored(
      oneColumn(arrow.vectorFromArray(values, type).slice(13, 2901)),
      "SELECT count(v)::INT AS n, count_if(v.b)::INT AS b, sum(len(v.l))::INT AS l, count(v.l)::INT AS k, any_value(v.l[1]) FILTER (v.l[1] = 'item 2899') AS last FROM stored",
    );
    const kept = values.slice(13, 2901).filter((value) => value !== null);
    const lists = kept.filter((value) => value.l !== null).length;
    expect(found).toEqual([{ n: kept.length, b: kept.filter((value) => value.b).length, l: lists * 2, k: lists, last: "item 2899" }]);
  });

  it("members of an absent struct are absent", async () => {
    const type = new arrow.Struct([new arrow.Field("a", new arrow.Int32(), true)]);
    const child = arrow.makeData({ type: new arrow.Int32(), length: 3, nullCount: 0, data: Int32Array.of(1, 2, 3) });
    const data = arrow.makeData({ type, length: 3, nullCount: 1, nullBitmap: Uint8Array.of(0b101), children: [child] });
    expect(await stored(oneColumn(new arrow.Vector([data])), "SELECT string_agg(coalesce(v.a::VARCHAR, 'null'), '|') AS t FROM stored")).toEqual([
      { t: "1|null|3" },
    ]);
  });

  it("batches of another copy of the library, by their shape", async () => {
    const table = arrow.tableFromArrays({ a: Int32Array.of(1, 2, 3), s: ["x", "y", "z"] });
    const strip = (value: object): object => Object.assign(Object.create(null), value);
    const foreign = (data: arrow.Data): object => ({
      ...strip(data),
      type: Object.assign(
        Object.create({ typeId: data.type.typeId, toString: () => String(data.type), bitWidth: (data.type as { bitWidth?: number }).bitWidth }),
        data.type,
      ),
      nullCount: data.nullCount,
      nullBitmap: data.nullBitmap,
      values: data.values,
      valueOffsets: data.valueOffsets,
      offset: data.offset,
      length: data.length,
      children: data.children.map(foreign),
      ...(data.dictionary ? { dictionary: { data: data.dictionary.data.map(foreign) } } : {}),
    });
    const batches = table.batches.map((batch) => ({ numRows: batch.numRows, data: foreign(batch.data) }));
    const found = await stored({ schema: table.schema, batches: batches as never }, "SELECT sum(a)::INT AS a, string_agg(s, '') AS s FROM stored");
    expect(found).toEqual([{ a: 6, s: "xyz" }]);
  });

  it("refuses what DuckDB has no type for, naming column and type", async () => {
    const type = new arrow.IntervalYearMonth();
    const vector = new arrow.Vector([arrow.makeData({ type, length: 1, nullCount: 0, data: Int32Array.of(1) })]);
    await expect(stored(oneColumn(vector), "SELECT 1")).rejects.toMatchObject({
      code: "io/unsupported-value",
      message: expect.stringMatching(/"v".*Interval/),
    });
  });

  it.each([
    ["text that is not UTF-8", { type: new arrow.Utf8(), length: 1, valueOffsets: Int32Array.of(0, 2), data: Uint8Array.of(0xc3, 0x28) }],
    ["long text that is not UTF-8", { type: new arrow.Utf8(), length: 1, valueOffsets: Int32Array.of(0, 20), data: new Uint8Array(20).fill(0xff) }],
    ["text cut within a character", { type: new arrow.Utf8(), length: 2, valueOffsets: Int32Array.of(0, 1, 2), data: Uint8Array.of(0xc3, 0xbc) }],
    ["a decimal of more digits than its type", { type: new arrow.Decimal(0, 3), length: 1, data: Uint32Array.of(1000, 0, 0, 0) }],
  ])("refuses %s, naming the column", async (_name, props) => {
    const data = arrow.makeData({ nullCount: 0, offset: 0, ...props } as never) as arrow.Data;
    await expect(stored(oneColumn(new arrow.Vector([data])), "SELECT 1")).rejects.toMatchObject({
      code: "io/unsupported-value",
      message: expect.stringContaining('"v"'),
    });
  });

  it.each([
    ["a time of day in a date", new arrow.DateMillisecond(), new Date(1)],
    ["nanoseconds with a zone", new arrow.TimestampNanosecond("UTC"), 0.001],
    ["nanoseconds of a duration", new arrow.DurationNanosecond(), 1],
  ])("refuses to lose %s", async (_name, type, value) => {
    const vector =
      type instanceof arrow.DateMillisecond
        ? arrow.vectorFromArray([value as Date], type)
        : new arrow.Vector([arrow.makeData({ type, length: 1, nullCount: 0, data: BigInt64Array.of(1n) } as never)]);
    await expect(stored(oneColumn(vector), "SELECT 1")).rejects.toMatchObject({ code: "io/inexact-value", message: expect.stringContaining('"v"') });
  });

  it("refuses columns that DuckDB cannot tell apart", async () => {
    const table = new arrow.Table({ a: arrow.vectorFromArray([1]), A: arrow.vectorFromArray([2]) });
    await expect(stored({ schema: table.schema, batches: table.batches }, "SELECT 1")).rejects.toMatchObject({ code: "io/unsupported-value" });
  });

  it("takes a null column's type from what is declared, and refuses it otherwise", async () => {
    const table = oneColumn(arrow.vectorFromArray([null, null], new arrow.Null()));
    await expect(stored(table, "SELECT 1")).rejects.toMatchObject({ code: "io/unknown-columns" });
    await withConnection(async (connection) => {
      await run(connection, "DROP TABLE IF EXISTS stored");
      await writeTable(connection, ["memory", "main", "stored"], table, { columns: { v: "decimal(9,2)" } });
      expect(await rowsOf(connection, "SELECT count(*)::INT AS n, count(v)::INT AS k, first(typeof(v)) AS t FROM stored")).toEqual([
        { n: 2, k: 0, t: "DECIMAL(9,2)" },
      ]);
    });
  });
});
