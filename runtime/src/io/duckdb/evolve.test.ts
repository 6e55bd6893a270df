import { describe, expect, it } from "vitest";
import { sql } from "../../handlers/sql.ts";
import { database, fixed } from "./tables.fixture.ts";

const { state, input, write, read, others } = database();
const [eu, us] = [[fixed("eu")], [fixed("us")]];
const types = async () =>
  Object.fromEntries(
    (
      await others((connection) =>
        connection.rows<{ name: string; type: string }>("SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = 't'"),
      )
    ).map(({ name, type }) => [name, type]),
  );
const refused = { code: "io/schema-mismatch", asset: "t" };

describe("a partition whose columns differ from the table's", () => {
  it("adds columns, fills those that are missing with null, and takes both by name in any order", async () => {
    await write(eu, [{ region: "eu", a: 1, b: "x" }]);
    const stored = await write(us, [{ c: true, B: "y", region: "us" }]);
    expect(await read(eu)).toEqual([{ region: "eu", a: 1, b: "x", c: null }]);
    expect(await read(us)).toEqual([{ region: "us", a: null, b: "y", c: true }]);
    expect(stored).toMatchObject({ columns: [{ name: "region" }, { name: "a" }, { name: "b" }, { name: "c", type: "BOOLEAN" }] });
  });

  it("widens types where every value stays exact, whichever side is wider", async () => {
    await write(eu, sql`select 'eu' as region, 1::int as i, 5::bigint as n, 1.5::decimal(9,2) as d, [1::bigint] as l`);
    await write(us, sql`select 'us' as region, 9007199254740993 as i, 0.5::double as n, 2.125::decimal(9,3) as d, [0.5::double] as l`);
    expect(await types()).toEqual({ region: "VARCHAR", i: "BIGINT", n: "DOUBLE", d: "DECIMAL(10,3)", l: "DOUBLE[]" });
    await write(us, sql`select 'us' as region, 7::tinyint as i, 3::int as n, 4::int as d, [2::int] as l`);
    expect(await read(us)).toEqual([{ region: "us", i: 7, n: 3, d: "4.000", l: [2] }]);
    expect(await read(eu)).toEqual([{ region: "eu", i: 1, n: 5, d: "1.500", l: [1] }]);
  });

  it("widens what lies in structs, and adds their members, at any depth", async () => {
    await write(eu, sql`select 'eu' as region, {a: 1::int, b: {c: 2::int}} as s, [{x: 1::int}] as l`);
    await write(us, sql`select 'us' as region, {b: {d: 'new', c: 3::bigint}, e: true} as s, [{x: 2::bigint, y: 0.5::double}] as l`);
    expect(await types()).toEqual({
      region: "VARCHAR",
      s: "STRUCT(a INTEGER, b STRUCT(c BIGINT, d VARCHAR), e BOOLEAN)",
      l: "STRUCT(x BIGINT, y DOUBLE)[]",
    });
    expect(await read(eu)).toEqual([{ region: "eu", s: { a: 1, b: { c: 2, d: null }, e: null }, l: [{ x: 1, y: null }] }]);
    expect(await read(us)).toEqual([{ region: "us", s: { a: null, b: { c: 3, d: "new" }, e: true }, l: [{ x: 2, y: 0.5 }] }]);
    await write(us, sql`select 'us' as region, {a: 7::tinyint} as s, [{y: 1.5::double}] as l`);
    expect(await read(us)).toEqual([{ region: "us", s: { a: 7, b: null, e: null }, l: [{ x: null, y: 1.5 }] }]);
  });

  it.each([
    [
      "a stored integer in a struct that no DOUBLE has",
      sql`select 'eu' as region, {n: 9007199254740993} as s`,
      sql`select 'us' as region, {n: 0.5::double} as s`,
      'column "s" is STRUCT(n BIGINT) and would be STRUCT(n DOUBLE), and not every value stays exact as STRUCT(n DOUBLE)',
    ],
    [
      "a text for a number in a struct",
      sql`select 'eu' as region, {n: 1} as s`,
      sql`select 'us' as region, {n: 'one'} as s`,
      'column "s" is STRUCT(n INTEGER) and would be STRUCT(n VARCHAR)',
    ],
    [
      "a stored integer that no DOUBLE has",
      sql`select 'eu' as region, 9007199254740993 as n`,
      sql`select 'us' as region, 0.5::double as n`,
      'column "n" is BIGINT and would be DOUBLE, and not every value stays exact as DOUBLE',
    ],
    [
      "a new integer that no DOUBLE has",
      sql`select 'eu' as region, 0.5::double as n`,
      sql`select 'us' as region, 9223372036854775807 as n`,
      'column "n" is DOUBLE and would be BIGINT, and not every value stays exact as DOUBLE',
    ],
    ["a text for a number", sql`select 'eu' as region, 1 as n`, sql`select 'us' as region, 'one' as n`, 'column "n" is INTEGER and would be VARCHAR'],
    [
      "a binary fraction for a decimal",
      sql`select 'eu' as region, 0.1::decimal(9,2) as n`,
      sql`select 'us' as region, 0.1::double as n`,
      'column "n" is DECIMAL(9,2) and would be DOUBLE',
    ],
  ])("refuses %s, and changes nothing", async (_, first, second, words) => {
    await write(eu, first);
    const before = [await types(), await read([], { columns: ["region"] })];
    await expect(write(us, second)).rejects.toMatchObject({
      ...refused,
      message: `The new rows of asset "t" do not fit its table, which keeps others: ${words}.`,
    });
    expect([await types(), await read([], { columns: ["region"] })]).toEqual(before);
  });

  it("looks only at rows that stay: its own former ones may hold anything", async () => {
    await write(eu, sql`select 'eu' as region, 9007199254740993 as n`);
    await write(us, sql`select 'us' as region, 1::bigint as n`);
    await write(eu, sql`select 'eu' as region, 0.5::double as n`);
    expect(await read(eu)).toEqual([{ region: "eu", n: 0.5 }]);
    expect(await read(us)).toEqual([{ region: "us", n: 1 }]);
  });

  it("takes nulls as any type, on either side", async () => {
    await write(eu, sql`select 'eu' as region, null::int as n, 'x' as s`);
    await write(us, sql`select 'us' as region, 'text' as n, null::blob as s`);
    expect(await types()).toEqual({ region: "VARCHAR", n: "VARCHAR", s: "VARCHAR" });
  });

  it("keeps rows in their partition: its column changes only to what compares alike", async () => {
    const n = (key: string) => [fixed(key, "n")];
    await write(n("1"), sql`select 1::int as n`);
    await write(n("2"), sql`select 2::bigint as n`);
    expect(await types()).toEqual({ n: "BIGINT" });
    await expect(write(n("1.5"), sql`select 1.5::decimal(9,1) as n`)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('column "n" is BIGINT and would be DECIMAL(9,1), by which it is partitioned'),
    });
    expect(await state.io.list?.(input([]))).toEqual(["1", "2"]);
  });
});

describe("schemaChange", () => {
  it("error refuses every difference, and takes the same columns", async () => {
    await write(eu, [{ region: "eu", a: 1 }]);
    await write(us, [{ a: 2, region: "us" }], { schemaChange: "error" });
    await expect(write(us, [{ region: "us", b: 1 }], { schemaChange: "error" })).rejects.toMatchObject({
      ...refused,
      message: 'The new rows of asset "t" do not fit its table, which keeps others: column "b" is new; column "a" is missing.',
      hint: 'It says schemaChange: "error". Return the stored columns, or use "evolve".',
    });
    await expect(write(us, [{ region: "us", a: 0.5 }], { schemaChange: "error" })).rejects.toMatchObject(refused);
    expect(await read(us)).toEqual([{ region: "us", a: 2 }]);
  });

  it("recreate takes the columns of the only partition, and refuses where there are others", async () => {
    await write(eu, [{ region: "eu", a: 1 }]);
    await write(eu, [{ region: "eu", b: "x" }], { schemaChange: "recreate" });
    expect(await read()).toEqual([{ region: "eu", b: "x" }]);
    expect(await state.io.list?.(input([]))).toEqual(["eu"]);
    await write(us, [{ region: "us", b: "y" }], { schemaChange: "recreate" });
    await expect(write(eu, [{ region: "eu", c: 1 }], { schemaChange: "recreate" })).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/cannot be recreated with other columns: it keeps 1 rows and 1 partitions, such as "us"/),
    });
    expect(await state.io.list?.(input([]))).toEqual(["eu", "us"]);
  });

  it("does not matter to a value that is replaced as a whole: it brings its own columns", async () => {
    for (const schemaChange of ["error", "evolve", "recreate"] as const) {
      await write([], [{ a: 1 }]);
      await write([], [{ b: "x" }], { schemaChange });
      expect(await read()).toEqual([{ b: "x" }]);
    }
  });
});
