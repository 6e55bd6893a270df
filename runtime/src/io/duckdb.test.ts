import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as arrowLibrary from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import type { Page } from "../model/page.ts";
import { duckdbResource } from "./duckdb/resource.ts";
import { isAbandoned, stagingName, stagingOwner } from "./duckdb/staging.ts";
import { duckdb } from "./duckdb.ts";
import type { AnyIOManager, InputContext, OutputContext, SqlQuery } from "./manager.ts";

let folder: string;
let file: string;
let io: AnyIOManager;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-io-duckdb-"));
  file = join(folder, "warehouse.duckdb");
  io = duckdb({ database: file });
});
afterEach(async () => {
  await io.close?.();
  rmSync(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;
const output = (key: string, more: Partial<OutputContext> = {}): OutputContext => ({
  key,
  partitions: [],
  write: "replace",
  schemaChange: "evolve",
  record: { version: 1, key, runId: "run 1", step: key, attempt: 1, dataVersion: "v1", storedAt: "2026-01-01T00:00:00.000Z" },
  signal: never,
  log: () => undefined,
  ...more,
});
const input = (key: string, more: Partial<InputContext> = {}): InputContext => ({ key, partitions: [], signal: never, ...more });
const asRows = (key: string, more: Partial<InputContext> = {}) => io.loadInput(input(key, { handler: rows(), ...more }));
const asSql = async (key: string) => (await io.loadInput(input(key, { handler: sql }))) as SqlQuery;
const shown = (page: Page): unknown[] =>
  arrowLibrary
    .tableFromIPC(page.ipc)
    .toArray()
    .map((row) => ({ ...row.toJSON() }));
const tables = async (): Promise<string[]> => {
  const resource = duckdbResource({ database: file });
  const connection = await resource.open({ signal: never });
  try {
    return (await connection.rows<{ name: string }>("SELECT table_name AS name FROM duckdb_tables() ORDER BY ALL")).map((row) => row.name);
  } finally {
    await resource.close(connection);
  }
};

describe("an asset's table", () => {
  it.each([
    ["clean_sales", {}, undefined, "public.clean_sales"],
    ["shop/orders", {}, undefined, "shop.orders"],
    ["eu/shop/orders", {}, "reports", "reports.orders"],
    ["shop/orders", { table: { schema: "s", name: "n" } }, "reports", "s.n"],
  ] as const)("of %s with %j and schema %s lies in %s", async (key, address, schema, place) => {
    await io.close?.();
    io = duckdb({ database: file, ...(schema ? { schema } : {}) });
    const stored = await io.handleOutput(output(key, address), [{ a: 1 }]);
    expect(stored.place).toBe(`duckdb:${file}/${place}`);
    expect(io.place?.({ key, ...address })).toBe(stored.place.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
    expect(stored).toMatchObject({ rows: 1, columns: [{ name: "a", type: "BIGINT" }] });
  });

  it.each([
    "order",
    "select",
    "a b",
    'say "hi"',
    "it's; DROP TABLE public.other; --",
    "..",
    "../../etc/passwd",
    "🦆",
    "a.b.c",
    "sluice:stage",
    "x".repeat(300),
    "tab\tand\nline",
  ])("may be called %j", async (name) => {
    const address = { table: { schema: `schema of ${name}`, name } };
    await io.handleOutput(output("other"), [{ kept: true }]);
    await io.handleOutput(output("odd", address), [{ "col;umn 'x' \"y\"": 1 }]);
    await io.handleOutput(output("odd", address), [{ "col;umn 'x' \"y\"": 2 }]);
    expect(await asRows("odd", address)).toEqual([{ "col;umn 'x' \"y\"": 2 }]);
    const page = await io.preview?.(input("odd", address), {
      offset: 0,
      limit: 10,
      sort: [{ column: "col;umn 'x' \"y\"" }],
      filter: [{ column: "col;umn 'x' \"y\"", operator: "eq", value: "2" }],
    });
    expect(page?.rows).toBe(1);
    expect(await asRows("other")).toEqual([{ kept: true }]);
    expect(await io.inspect?.(input("odd", address))).toMatchObject({ handler: "rows", rows: 1 });
  });

  it("is not there before it was stored", async () => {
    expect(await io.inspect?.(input("nothing"))).toBeUndefined();
    await expect(asRows("nothing")).rejects.toMatchObject({ code: "io/not-found", asset: "nothing", message: expect.stringContaining(file) });
    await expect(io.preview?.(input("nothing"), { offset: 0, limit: 1 })).rejects.toMatchObject({ code: "io/not-found" });
  });

  it("that something else made loads as Arrow, and has an empty record", async () => {
    const resource = duckdbResource({ database: file });
    const connection = await resource.open({ signal: never });
    expect(
      await connection.run(
        `CREATE SCHEMA public; CREATE TABLE public.theirs AS SELECT 1::HUGEINT AS i; COMMENT ON TABLE public.theirs IS '{"sluice":1}'`,
      ),
    ).toBe(0);
    await resource.close(connection);
    expect(await io.inspect?.(input("theirs"))).toEqual({});
    const table = (await io.loadInput(input("theirs"))) as arrowLibrary.Table;
    expect(table.numRows).toBe(1);
    expect(table.schema.fields[0]?.metadata.get("sluice.type")).toBe("HUGEINT");
  });

  it("keeps its columns when it is empty", async () => {
    await io.handleOutput(output("sales"), [{ a: 1, s: "x" }]);
    const stored = await io.handleOutput(output("sales"), await asSql("sales").then((sales) => sql`select * from ${sales} where false`));
    expect(stored).toMatchObject({
      rows: 0,
      columns: [
        { name: "a", type: "BIGINT" },
        { name: "s", type: "VARCHAR" },
      ],
    });
    expect(((await io.loadInput(input("sales", { handler: arrow }))) as arrowLibrary.Table).schema.fields.map((field) => field.name)).toEqual([
      "a",
      "s",
    ]);
  });

  it("loads as what it was stored as, or as what is asked for, with the columns asked for", async () => {
    await io.handleOutput(output("sales"), [
      { a: 1, b: "x", c: null },
      { a: 2, b: "", c: 1.5 },
    ]);
    expect(await io.loadInput(input("sales"))).toEqual([
      { a: 1, b: "x", c: null },
      { a: 2, b: "", c: 1.5 },
    ]);
    expect(await asRows("sales", { columns: ["b", "a"] })).toEqual([
      { b: "x", a: 1 },
      { b: "", a: 2 },
    ]);
    const stream = (await io.loadInput(input("sales", { handler: batches, columns: ["a"] }))) as AsyncIterable<arrowLibrary.RecordBatch>;
    const seen: unknown[] = [];
    for await (const batch of stream) for (const row of batch) seen.push(row.toJSON());
    expect(seen).toEqual([{ a: 1n }, { a: 2n }]);
    await expect(asRows("sales", { columns: ["nope"] })).rejects.toMatchObject({
      code: "io/schema-mismatch",
      hint: expect.stringContaining("a, b, c"),
    });
    await io.handleOutput(output("sum"), sql`select sum(a) as total from ${await asSql("sales")}`);
    expect((await io.loadInput(input("sum"))) as SqlQuery).toMatchObject({
      nodes: [{ type: "relation", relation: { key: "sum", store: `duckdb:${file}` } }],
    });
  });

  it("does not replace a view", async () => {
    const resource = duckdbResource({ database: file });
    const connection = await resource.open({ signal: never });
    await connection.run("CREATE SCHEMA public; CREATE VIEW public.theirs AS SELECT 1 AS i");
    await resource.close(connection);
    await expect(io.handleOutput(output("theirs"), [{ a: 1 }])).rejects.toMatchObject({ code: "io/conflict" });
    expect(await asRows("theirs")).toEqual([{ i: 1 }]);
    expect(shown((await io.preview?.(input("theirs"), { offset: 0, limit: 5 })) as Page)).toEqual([{ i: 1 }]);
  });

  it("refuses a value that is no table, saying what it takes", async () => {
    await expect(io.handleOutput(output("model"), new Map([["a", 1]]))).rejects.toMatchObject({
      code: "io/unsupported-value",
      message: expect.stringContaining('"model"'),
      hint: expect.stringMatching(/rows.*filesystem/),
    });
  });
});

describe("a query as a value", () => {
  it("binds its values and may read the asset's own table", async () => {
    await io.handleOutput(output("t"), [{ a: 1, s: "x'y" }]);
    for (const text of ["x'y", '"; DROP TABLE t; --', "🦆"]) {
      await io.handleOutput(output("t"), sql`select a + ${1} as a, ${text} as s from ${await asSql("t")} where ${true}`);
    }
    expect(await asRows("t")).toEqual([{ a: 4, s: "🦆" }]);
  });

  it("that fails leaves the former table, and says which asset", async () => {
    await io.handleOutput(output("t"), [{ a: 1 }]);
    await expect(io.handleOutput(output("t"), sql`select nope from ${await asSql("t")}`)).rejects.toMatchObject({
      code: "sql/failed",
      asset: "t",
      message: expect.stringContaining("nope"),
    });
    expect(await asRows("t")).toEqual([{ a: 1 }]);
    expect(await tables()).toEqual(["t"]);
  });

  it("that reads another store is refused, naming the asset", async () => {
    const query = { ...sql`select 1`, nodes: [{ type: "relation", relation: { store: "snowflake:x", table: ["a", "b"], key: "their/sales" } }] };
    await expect(io.handleOutput(output("t"), query)).rejects.toMatchObject({
      code: "sql/foreign-store",
      message: expect.stringContaining("their/sales"),
    });
  });

  it("may read a table in memory", async () => {
    const table = arrowLibrary.tableFromArrays({ i: Int32Array.of(1, 2, 3) });
    const relation = { store: "memory", memory: { schema: table.schema, batches: table.batches }, key: "m" };
    await io.handleOutput(output("t"), {
      ...sql`select 1`,
      nodes: [
        { type: "text", text: "select sum(a.i) as s from " },
        { type: "relation", relation },
        { type: "text", text: " a" },
      ],
    });
    expect(await asRows("t")).toEqual([{ s: 6 }]);
  });
});

describe("writing", () => {
  it("concurrently to different assets succeeds, to the same one leaves one whole value", async () => {
    const value = (n: number) => Array.from({ length: 3000 }, (_, i) => ({ n, i }));
    await Promise.all(
      Array.from({ length: 6 }, (_, n) => [io.handleOutput(output(`asset_${n}`), value(n)), io.handleOutput(output("shared"), value(n))]).flat(),
    );
    for (let n = 0; n < 6; n++) expect(await asRows(`asset_${n}`)).toEqual(value(n));
    const left = (await asRows("shared")) as { n: number; i: number }[];
    expect(left).toEqual(value(left[0]?.n ?? -1));
    expect(await tables()).toEqual(["asset_0", "asset_1", "asset_2", "asset_3", "asset_4", "asset_5", "shared"]);
  });

  it("that is cancelled stops at once, leaves the former value and nothing behind", async () => {
    await io.handleOutput(output("t"), [{ a: 1 }]);
    const controller = new AbortController();
    const endless = sql`select count(*) as a from range(100000000000), range(1000)`;
    const writing = io.handleOutput(output("t", { signal: controller.signal }), endless);
    setTimeout(() => controller.abort(), 20);
    await expect(writing).rejects.toMatchObject({ code: "run/cancelled" });
    expect(await asRows("t")).toEqual([{ a: 1 }]);
    expect(await tables()).toEqual(["t"]);
  });

  it("from a stream that throws passes its error on and leaves the former value", async () => {
    await io.handleOutput(output("t"), [{ a: 1 }]);
    const mistake = new RangeError("in the middle");
    async function* stream() {
      yield arrowLibrary.tableFromArrays({ a: new Float64Array(600_000) }).batches[0] as arrowLibrary.RecordBatch;
      throw mistake;
    }
    await expect(io.handleOutput(output("t"), stream())).rejects.toBe(mistake);
    expect(await asRows("t")).toEqual([{ a: 1 }]);
    expect(await tables()).toEqual(["t"]);
  });

  it("a reader of the former value reads it to its end while the new one is stored", async () => {
    await io.handleOutput(output("t"), sql`select range as i from range(400000)`);
    const stream = (await io.loadInput(input("t", { handler: batches }))) as AsyncIterable<arrowLibrary.RecordBatch>;
    await io.handleOutput(output("t"), [{ i: -1 }]);
    let count = 0;
    for await (const batch of stream) count += batch.numRows;
    expect(count).toBe(400_000);
    expect(await asRows("t")).toEqual([{ i: -1 }]);
  });
});

describe("a process that is killed while it writes", () => {
  // In the middle of a stream; then at its end, while the rows are put in their place. The behaviour suite kills at many more points.
  const points = [
    { afterBatch: 1, ms: 0 },
    { afterBatch: 7, ms: 0 },
    ...Array.from({ length: 4 }, (_, i) => ({ afterBatch: 8, ms: 1 + i * 15 })),
  ].map((at, i) => ({ ...at, what: i % 2 === 1 ? "a partition" : "a table" }));
  const slices = (key: string) => ({ partitions: [key], slices: [{ key, dimensions: [{ name: "partition", key, column: "p" }] }] });
  const write = (at: { afterBatch: number; ms: number }, part: object) => `
    const { duckdb } = await import(${JSON.stringify(new URL("./duckdb.ts", import.meta.url).href)});
    const { tableFromArrays } = await import(${JSON.stringify(import.meta.resolve("apache-arrow"))});
    const kill = () => process.kill(process.pid, "SIGKILL");
    async function* stream() {
      for (let i = 0; i <= 8; i++) {
        if (i === ${at.afterBatch}) { if (${at.ms} === 0) kill(); else setTimeout(kill, ${at.ms}); }
        if (i < 8) yield tableFromArrays({ p: new Int32Array(50_000).fill(1), v: new Float64Array(50_000).fill(2), i: Float64Array.from({ length: 50_000 }, (_, k) => i * 50_000 + k) }).batches[0];
      }
    }
    const io = duckdb({ database: ${JSON.stringify(file)} });
    const key = "big";
    await io.handleOutput({ key, partitions: [], write: "replace", schemaChange: "evolve", signal: new AbortController().signal, log() {}, ...${JSON.stringify(part)},
      record: { version: 1, key, runId: "killed", step: key, attempt: 1, dataVersion: "v2", storedAt: "2026-01-01T00:00:00.000Z" } }, stream());
    setTimeout(kill, 0); setInterval(() => {}, 1000);`;

  it.each(points)("$what after batch $afterBatch and $ms ms leaves a whole value, and the next write leaves nothing behind", async (at) => {
    const part = at.what === "a partition" ? slices("1") : {};
    const value = (p: number) => sql`select ${p}::int as p, 1::double as v, range::double as i from range(1000)`;
    if (at.what === "a partition") await io.handleOutput(output("big", slices("0")), value(0));
    await io.handleOutput(output("big", part), value(1));
    await io.release?.();
    const child = spawn(process.execPath, ["--input-type=module", "-e", write(at, part)], { stdio: ["ignore", "inherit", "inherit"] });
    const [, signal] = (await once(child, "close")) as [number | null, string | null];
    expect(signal).toBe("SIGKILL");
    await io.handleOutput(
      output("facts"),
      sql`select count(*) as n, min(v) as least, max(v) as most, count(distinct i) as ids, max(i) as last from ${await asSql("big")} where p = 1`,
    );
    const [facts] = (await asRows("facts")) as Record<string, unknown>[];
    const former = { n: 1000, least: 1, most: 1, ids: 1000, last: 999 };
    const next = { n: 400_000, least: 2, most: 2, ids: 400_000, last: 399_999 };
    expect([former, next]).toContainEqual(facts);
    expect(await io.inspect?.(input("big", part))).toMatchObject(
      facts?.["n"] === 1000 ? { handler: "sql", rows: 1000 } : { handler: "batches", runId: "killed", rows: 400_000 },
    );
    if (at.what === "a partition") expect(await asRows("big", { ...slices("0"), columns: ["v"] })).toHaveLength(1000);
    await io.handleOutput(output("big"), [{ a: 3 }]);
    expect(await asRows("big")).toEqual([{ a: 3 }]);
    expect((await tables()).filter((name) => name !== "sluice:ledger")).toEqual(["big", "facts"]);
  });
});

describe("left-over staging tables", () => {
  const here = { host: "here", pid: 10, startOf: (pid: number) => (pid === 10 ? "100" : pid === 11 ? "50" : undefined) };
  it("are those of this host whose process is gone or was another, and of this one when it does not write them", () => {
    const name = stagingName("a run: with / anything", 1, here);
    expect(stagingOwner(name)).toEqual({ run: "a run: with / anything", host: "here", pid: 10, start: "100" });
    expect(isAbandoned(name, here, new Set([name]))).toBe(false);
    expect(isAbandoned(name, here, new Set())).toBe(true);
    expect(isAbandoned(stagingName("r", 1, { ...here, pid: 11 }), here, new Set())).toBe(false);
    expect(isAbandoned(stagingName("r", 1, { ...here, pid: 11, startOf: () => "49" }), here, new Set())).toBe(true);
    expect(isAbandoned(stagingName("r", 1, { ...here, pid: 12, startOf: () => "1" }), here, new Set())).toBe(true);
    expect(isAbandoned(stagingName("r", 1, { ...here, host: "elsewhere", pid: 12 }), here, new Set())).toBe(false);
    expect(isAbandoned("sales", here, new Set())).toBe(false);
  });
});

describe("a page", () => {
  const page = async (key: string, request: Parameters<NonNullable<AnyIOManager["preview"]>>[1]) => (await io.preview?.(input(key), request)) as Page;
  beforeEach(async () => {
    await io.handleOutput(
      output("t"),
      sql`select range as i, case when range % 10 = 0 then null else 'Text ' || (range * 7919 % 5000) end as s, (range * 1.5)::decimal(9,2) as d from range(5000)`,
    );
  });

  it("is taken anywhere in stored order, with the count and the types of the store", async () => {
    const last = await page("t", { offset: 4998, limit: 100, columns: ["i", "d"] });
    expect(last.rows).toBe(5000);
    expect(last.columns).toEqual([
      { name: "i", type: "BIGINT" },
      { name: "d", type: "DECIMAL(9,2)" },
    ]);
    expect(shown(last).map((row) => (row as { i: bigint }).i)).toEqual([4998n, 4999n]);
    expect(shown(await page("t", { offset: 9000, limit: 10 }))).toEqual([]);
  });

  it("of a table with gaps skips nothing", async () => {
    const resource = duckdbResource({ database: file });
    const connection = await resource.open({ signal: never });
    await connection.run("DELETE FROM warehouse.public.t WHERE i % 2 = 0");
    await resource.close(connection);
    const found = await page("t", { offset: 2400, limit: 3, columns: ["i"] });
    expect(found.rows).toBe(2500);
    expect(shown(found)).toEqual([{ i: 4801n }, { i: 4803n }, { i: 4805n }]);
  });

  it("is sorted and filtered by the engine, nulls last, every page of one order", async () => {
    const request = {
      sort: [{ column: "s", descending: true }],
      filter: [
        { column: "i", operator: "ge", value: "1000" },
        { column: "s", operator: "is-not-null" },
      ],
    } as const;
    const all: string[] = [];
    for (let offset = 0; offset < 3600; offset += 900) {
      const part = await page("t", { ...request, offset, limit: 900, columns: ["s"] });
      expect(part.rows).toBe(3600);
      all.push(...shown(part).map((row) => (row as { s: string }).s));
    }
    expect(all).toHaveLength(3600);
    expect(all).toEqual([...all].sort().reverse());
    const nulls = await page("t", { sort: [{ column: "s" }], offset: 4499, limit: 2, columns: ["s"] });
    expect(shown(nulls).map((row) => (row as { s: string | null }).s === null)).toEqual([false, true]);
  });

  it.each([
    ["contains", "text 49", (i: number) => i % 10 !== 0 && `text ${(i * 7919) % 5000}`.includes("text 49")],
    ["starts-with", "TEXT 1", (i: number) => i % 10 !== 0 && `text ${(i * 7919) % 5000}`.startsWith("text 1")],
    ["is-null", "", (i: number) => i % 10 === 0],
    ["ne", "Text 7919", (i: number) => i % 10 !== 0],
  ] as const)("is filtered by %s", async (operator, value, holds) => {
    const found = await page("t", { offset: 0, limit: 5000, columns: ["i"], filter: [{ column: "s", operator, value }] });
    const expected = Array.from({ length: 5000 }, (_, i) => i).filter((i) => holds(i) && !(operator === "ne" && (i * 7919) % 5000 === 7919));
    expect(shown(found).map((row) => Number((row as { i: bigint }).i))).toEqual(expected);
    expect(found.rows).toBe(expected.length);
  });

  it("shows the new value after the asset was stored again", async () => {
    const request = { offset: 0, limit: 1, columns: ["i"], sort: [{ column: "i", descending: true }] };
    expect(shown(await page("t", request))).toEqual([{ i: 4999n }]);
    await io.handleOutput(output("t"), [{ i: 7 }]);
    expect(shown(await page("t", request))).toEqual([{ i: 7n }]);
  });

  it("says which filter value is none of its column's type, and which column there is not", async () => {
    await expect(page("t", { offset: 0, limit: 1, filter: [{ column: "i", operator: "gt", value: "many" }] })).rejects.toMatchObject({
      code: "io/unsupported-value",
      message: expect.stringMatching(/"many".*BIGINT.*"i"/),
    });
    await expect(page("t", { offset: 0, limit: 1, sort: [{ column: "nope" }] })).rejects.toMatchObject({ code: "io/schema-mismatch" });
  });
});

describe("a resource", () => {
  it("shares the file with the I/O manager, and gives rows, Arrow and the connection itself", async () => {
    await io.handleOutput(output("t"), [{ a: 1 }]);
    const resource = duckdbResource({ database: file });
    const connection = await resource.open({ signal: never });
    expect(await connection.rows("SELECT a + $1 AS a FROM warehouse.public.t", [41])).toEqual([{ a: 42 }]);
    expect((await connection.arrow("SELECT * FROM range(10)")).numRows).toBe(10);
    expect(await connection.run("INSERT INTO warehouse.public.t VALUES (2), (3)")).toBe(2);
    expect(await (await connection.connection.runAndReadAll("SELECT count(*)::INT FROM warehouse.public.t")).getRows()).toEqual([[3]]);
    expect(await asRows("t")).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    await resource.close(connection);
    await expect(connection.run("SELECT 1")).rejects.toMatchObject({ code: "io/unavailable" });
  });
});

it("is checked by queries on its staged table, through a resource on the same file", async () => {
  const resource = duckdbResource({ database: file });
  const connection = await resource.open({ signal: never });
  try {
    await io.handleOutput(output("sales"), [{ n: 1 }, { n: 2 }]);
    const seen: unknown[] = [];
    const verify: OutputContext["verify"] = async (load) => {
      const staged = (await load({ handler: sql })) as SqlQuery;
      seen.push(await connection.rows(sql`select count(*) as bad from ${staged} where n > ${3}`));
      seen.push(await connection.rows(staged), (await connection.arrow(staged)).numRows);
      seen.push(await connection.rows(`select sum(n)::int as n from public.sales`));
    };
    await io.handleOutput(output("sales", { verify }), [{ n: 3 }, { n: 4 }]);
    expect(seen).toEqual([[{ bad: 1 }], [{ n: 3 }, { n: 4 }], 2, [{ n: 3 }]]);
  } finally {
    await resource.close(connection);
  }
});
