import { tableFromArrays } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { arrow } from "../../handlers/arrow.ts";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import { outputContext } from "../../testing/contexts.ts";
import { both, database, day, fixed } from "./tables.fixture.ts";

const { state, input, write, read, query, stream, page, others } = database();
const one = (date: string, n: number) => ({ date, n });
const byDate = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const sorted = async (value: Promise<unknown>) => [...((await value) as unknown[])].sort(byDate);

describe("a partition", () => {
  it("is replaced alone, and comes back alone in every shape", async () => {
    await write([day("2026-01-01")], [one("2026-01-01", 1), one("2026-01-01T23:59:59.999", 2)]);
    const stored = await write([day("2026-01-02")], [one("2026-01-02", 3)]);
    expect(stored).toMatchObject({ rows: 1, columns: [{ name: "date" }, { name: "n", type: "BIGINT" }], place: `duckdb:${state.file}/public.t` });
    await write([day("2026-01-01")], [one("2026-01-01", 4)]);
    expect(await read([day("2026-01-01")])).toEqual([one("2026-01-01", 4)]);
    expect(await read([day("2026-01-02")])).toEqual([one("2026-01-02", 3)]);
    expect(await sorted(read([day("2026-01-01"), day("2026-01-02")]))).toEqual([one("2026-01-01", 4), one("2026-01-02", 3)]);
    expect(await sorted(read())).toEqual([one("2026-01-01", 4), one("2026-01-02", 3)]);
    expect(await stream([day("2026-01-02")])).toEqual([{ date: "2026-01-02", n: 3n }]);
    expect(await state.io.loadInput(input([day("2026-01-02")], { handler: arrow, columns: ["n"] }))).toMatchObject({ numRows: 1, numCols: 1 });
    await state.io.handleOutput(outputContext("sum"), sql`select sum(n) as n, ${"x"} as x from ${await query([day("2026-01-02")])} where n > ${0}`);
    expect(await state.io.loadInput({ ...input([]), key: "sum", handler: rows() })).toEqual([{ n: 3, x: "x" }]);
    expect(await page([day("2026-01-01")])).toEqual({ rows: 1, shown: [{ date: "2026-01-01", n: 4n }] });
    const filtered = { filter: [{ column: "n", operator: "gt", value: "3" }], sort: [{ column: "n", descending: true }] } as const;
    expect(await page([day("2026-01-02")], filtered)).toEqual({ rows: 0, shown: [] });
    expect((await page([day("2026-01-01")], filtered)).rows).toBe(1);
    const shown = (stored as { query: string }).query;
    expect(await others((connection) => connection.rows(shown))).toEqual([one("2026-01-02", 3)]);
  });

  it("has its own record, and is listed, until it is deleted", async () => {
    await write([day("2026-01-02"), day("2026-01-01")], [one("2026-01-02", 1), one("2026-01-01", 2), one("2026-01-01", 3)], {
      record: { runId: "first" },
    });
    await write([day("2026-01-03")], [], { columns: { date: "varchar", n: "bigint" }, record: { runId: "second" } });
    expect(await state.io.list?.(input([]))).toEqual(["2026-01-01", "2026-01-02", "2026-01-03"]);
    expect(await state.io.inspect?.(input([day("2026-01-01")]))).toMatchObject({ partition: "2026-01-01", rows: 2, runId: "first", handler: "rows" });
    expect([...((await state.io.inspectPartitions?.(input([]))) ?? [])].map(([key, { rows: count, runId }]) => [key, count, runId])).toEqual([
      ["2026-01-01", 2, "first"],
      ["2026-01-02", 1, "first"],
      ["2026-01-03", 0, "second"],
    ]);
    expect(await read([day("2026-01-03")])).toEqual([]);
    expect(await state.io.inspect?.(input([day("2026-01-04")]))).toBeUndefined();
    await state.io.delete?.(input([day("2026-01-01")]));
    expect(await state.io.list?.(input([]))).toEqual(["2026-01-02", "2026-01-03"]);
    expect(await read()).toEqual([one("2026-01-02", 1)]);
    await state.io.delete?.(input([]));
    expect(await state.io.list?.(input([]))).toEqual([]);
    await write([day("2026-01-09")], [one("2026-01-09", 1)]);
    expect(await state.io.list?.(input([]))).toEqual(["2026-01-09"]);
  });

  it("that was never stored is not found, by name", async () => {
    const message = `Nothing is stored for partition "2026-01-02" of asset "t" at duckdb:${state.file}/public.t.`;
    const expected = { code: "io/not-found", asset: "t", message, hint: 'Materialize this partition of "t" first.' };
    await expect(read([day("2026-01-02")])).rejects.toMatchObject(expected);
    await write([day("2026-01-01")], [one("2026-01-01", 1)]);
    await expect(read([day("2026-01-01"), day("2026-01-02")])).rejects.toMatchObject(expected);
    await expect(page([day("2026-01-02")])).rejects.toMatchObject(expected);
    expect(await state.io.inspect?.(input([day("2026-01-02")]))).toBeUndefined();
  });

  it.each([
    ["a date", "date '2026-03-02' + (range::int - 1)", [1]],
    ["a timestamp without zone, read in the partitions' zone", "timestamp '2026-03-02 00:00:00' + (range - 1) * interval 12 hour", [1, 2]],
    ["an instant", "timestamptz '2026-03-01 22:00:00+00' + (range - 1) * interval 12 hour", [1, 2]],
    [
      "a text with an offset",
      "case when range = 2 then '2026-03-02T23:59:59+02:00' when range = 1 then '2026-03-01T22:00:00Z' else '2026-03-02T22:00:00Z' end",
      [1, 2],
    ],
    ["nanoseconds", "make_timestamp_ns(1772409599999999999 + range)", [1, 2, 3]],
  ])("is found by %s, from its start to before its end", async (_, expression, inside) => {
    // A zone two hours ahead: 2026-03-02 begins at 22:00 of the day before.
    const slice = day("2026-03-02", { timezone: "Africa/Johannesburg", hours: 2 });
    await others((connection) =>
      connection.run(`CREATE SCHEMA public; CREATE TABLE public.t AS SELECT range AS i, ${expression} AS date FROM range(4)`),
    );
    expect(((await read([slice], { columns: ["i"] })) as { i: number }[]).map(({ i }) => i)).toEqual(inside);
    await write([slice], await query([slice]));
    expect(((await read([slice], { columns: ["i"] })) as { i: number }[]).map(({ i }) => i)).toEqual(inside);
    expect(await read([], { columns: ["i"] })).toHaveLength(4);
  });

  it("may be found by an expression", async () => {
    const slice = (date: string) => day(date, { partitionExpr: "to_timestamp(seconds) -- seconds since 1970" });
    await write([slice("1970-01-01")], [{ seconds: 0 }, { seconds: 86_399 }]);
    await write([slice("1970-01-02")], [{ seconds: 86_400 }]);
    expect(await read([slice("1970-01-01")])).toEqual([{ seconds: 0 }, { seconds: 86_399 }]);
    await expect(write([slice("1970-01-02")], [{ seconds: 0 }])).rejects.toMatchObject({ code: "io/rows-outside-partition" });
  });

  it.each(["it's; DROP TABLE t; --", '"', "../a/b", "🦆", "", "OTHER"])("may be called %j", async (name) => {
    await write([fixed("other")], [{ region: "other", n: 0 }]);
    await write([fixed(name)], [{ region: name, n: 1 }]);
    await write([fixed(name)], [{ region: name, n: 2 }]);
    expect(await read([fixed(name)])).toEqual([{ region: name, n: 2 }]);
    expect(await read([fixed("other")])).toEqual([{ region: "other", n: 0 }]);
    expect([...((await state.io.list?.(input([]))) ?? [])].sort()).toEqual([name, "other"].sort());
  });

  it("of several dimensions has the rows that all of them have", async () => {
    await write(
      [both("2026-01-01", "eu"), both("2026-01-01", "us")],
      [
        { date: "2026-01-01", region: "eu", n: 1 },
        { date: "2026-01-01", region: "us", n: 2 },
      ],
    );
    await write([both("2026-01-02", "eu")], [{ date: "2026-01-02", region: "eu", n: 3 }]);
    await write([both("2026-01-01", "eu")], [{ date: "2026-01-01", region: "eu", n: 4 }]);
    expect(await sorted(read())).toEqual([
      { date: "2026-01-01", region: "eu", n: 4 },
      { date: "2026-01-01", region: "us", n: 2 },
      { date: "2026-01-02", region: "eu", n: 3 },
    ]);
    await expect(write([both("2026-01-02", "us")], [{ date: "2026-01-02", region: "eu", n: 5 }])).rejects.toMatchObject({
      code: "io/rows-outside-partition",
      message: '1 row of asset "t" lies outside partition "date=2026-01-02|region=us": its date is "2026-01-02" and region is "eu".',
    });
  });

  it("is one of thousands that are written and loaded together", async () => {
    const slices = Array.from({ length: 3000 }, (_, i) => both("2026-01-01", `r${i}`));
    await write(slices, sql`select '2026-01-01' as date, 'r' || range as region, range as n from range(3000)`);
    expect(await read(slices)).toHaveLength(3000);
    expect(await state.io.inspect?.(input(slices.slice(2999)))).toMatchObject({ partition: "date=2026-01-01|region=r2999" });
  });
});

describe("rows outside the partition being written are refused, and change nothing", () => {
  const slices = [day("2026-01-01")];
  it.each([
    [
      "rows",
      [one("2026-01-01", 2), one("2026-01-02", 3), one("2026-01-03", 4)],
      '2 rows of asset "t" lie outside partition "2026-01-01": of one, date is "2026-01-02".',
    ],
    ["null", [{ date: null, n: 1 }, one("2026-01-01", 1)], '1 row of asset "t" lies outside partition "2026-01-01": its date is null.'],
    ["a text that is no time", [one("yesterday", 1)], '1 row of asset "t" lies outside partition "2026-01-01": its date is "yesterday".'],
    ["a query", sql`select date '2026-01-02' as date, 1 as n`, '1 row of asset "t" lies outside partition "2026-01-01": its date is "2026-01-02".'],
    ["arrow", tableFromArrays({ date: ["2025-12-31"], n: [1] }), '1 row of asset "t" lies outside partition "2026-01-01": its date is "2025-12-31".'],
  ])("in %s", async (_, value, message) => {
    await write(slices, [one("2026-01-01", 1)]);
    await expect(write(slices, value)).rejects.toMatchObject({ code: "io/rows-outside-partition", asset: "t", message });
    expect(await read()).toEqual([one("2026-01-01", 1)]);
  });

  it("of several", async () => {
    await expect(write([day("2026-01-01"), day("2026-01-02")], [one("2026-01-03", 1)])).rejects.toMatchObject({
      message: '1 row of asset "t" lies outside the 2 partitions "2026-01-01" to "2026-01-02": its date is "2026-01-03".',
    });
  });
});

describe("is refused in words", () => {
  it("a definition that names neither column nor expression", async () => {
    const slice: PartitionSlice = { key: "eu", dimensions: [{ name: "partition", key: "eu" }] };
    const expected = {
      code: "partition/missing-column",
      message: 'Asset "t" is partitioned, and nothing says which column of its table it is found by.',
    };
    await expect(write([slice], [{ n: 1 }])).rejects.toMatchObject(expected);
    await expect(read([slice])).rejects.toMatchObject(expected);
  });

  it("a value without the column", async () => {
    await expect(write([day("2026-01-01")], [{ n: 1 }])).rejects.toMatchObject({
      code: "partition/missing-column",
      message: 'Asset "t" is partitioned by column "date", and the value that is being stored has no such column.',
      hint: "Its columns are n.",
    });
  });

  it("a window over a column that holds no time", async () => {
    await expect(write([day("2026-01-01", { column: "n" })], [{ n: 1 }])).rejects.toMatchObject({
      code: "io/schema-mismatch",
      asset: "t",
      message: 'Column "n" is BIGINT, which is no time.',
    });
  });

  it("a table that lacks the column", async () => {
    await write([], [{ n: 1 }]);
    await expect(write([day("2026-01-01")], [one("2026-01-01", 2)])).rejects.toMatchObject({
      code: "partition/missing-column",
      hint: "Its columns are n.",
    });
    expect(await read()).toEqual([{ n: 1 }]);
    await expect(read([day("2026-01-01")])).rejects.toMatchObject({ code: "io/not-found" });
  });
});

describe("an asset that changes", () => {
  it("from whole to partitioned keeps the rows of partitions that are not written yet, without a record", async () => {
    await write([], [one("2026-01-01", 1), one("2026-01-02", 2)]);
    await write([day("2026-01-01")], [one("2026-01-01", 3)]);
    expect(await sorted(read())).toEqual([one("2026-01-01", 3), one("2026-01-02", 2)]);
    expect(await state.io.list?.(input([]))).toEqual(["2026-01-01"]);
    expect(await read([day("2026-01-02")])).toEqual([one("2026-01-02", 2)]);
    expect(await state.io.inspect?.(input([day("2026-01-02")]))).toEqual({});
  });

  it("from partitioned to whole replaces every partition", async () => {
    await write([day("2026-01-01"), day("2026-01-02")], [one("2026-01-01", 1)]);
    await write([], [{ n: 2 }]);
    expect(await read()).toEqual([{ n: 2 }]);
    expect(await state.io.list?.(input([]))).toEqual([]);
    expect(await state.io.inspect?.(input([]))).toMatchObject({ handler: "rows", rows: 1 });
  });

  it("of a table that was dropped and made again by something else has no partitions of the former one", async () => {
    await write([day("2026-01-01")], [one("2026-01-01", 1)]);
    await others((connection) =>
      connection.run("DROP TABLE public.t; CREATE TABLE public.t (date VARCHAR, n BIGINT); COMMENT ON TABLE public.t IS 'theirs'"),
    );
    expect(await state.io.list?.(input([]))).toEqual([]);
    await expect(read([day("2026-01-01")])).rejects.toMatchObject({ code: "io/not-found" });
    await write([day("2026-01-02")], [one("2026-01-02", 1)]);
    expect(await state.io.list?.(input([]))).toEqual(["2026-01-02"]);
    expect(await others((connection) => connection.rows("SELECT comment->>'text' AS text FROM duckdb_tables() WHERE table_name = 't'"))).toEqual([
      { text: "theirs" },
    ]);
  });
});

it("concurrent writes of different partitions all succeed", async () => {
  const keys = Array.from({ length: 8 }, (_, i) => `r${i}`);
  await Promise.all(keys.map((key, n) => write([fixed(key)], [{ region: key, n }])));
  expect(await sorted(read())).toEqual(keys.map((region, n) => ({ region, n })));
  expect(await state.io.list?.(input([]))).toEqual(keys);
});

it("a partition whose write is cancelled or fails keeps its former rows, and nothing is left behind", async () => {
  await write([fixed("eu")], [{ region: "eu", n: 1 }]);
  const controller = new AbortController();
  const writing = write([fixed("eu")], sql`select 'eu' as region, count(*) as n from range(100000000000), range(1000)`, {
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(), 20);
  await expect(writing).rejects.toMatchObject({ code: "run/cancelled" });
  await expect(write([fixed("eu")], sql`select 'eu' as region, error('no') as n`)).rejects.toMatchObject({ code: "sql/failed" });
  expect(await read([fixed("eu")])).toEqual([{ region: "eu", n: 1 }]);
  expect(await others((connection) => connection.rows("SELECT table_name AS t FROM duckdb_tables() ORDER BY 1"))).toEqual([
    { t: "sluice:ledger" },
    { t: "t" },
  ]);
});
