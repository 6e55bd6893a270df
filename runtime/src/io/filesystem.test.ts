import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "apache-arrow";
import { tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { env } from "../assets/env.ts";
import type { Format } from "../formats/format.ts";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { inputContext, outputContext } from "../testing/contexts.ts";
import { sampleTable } from "../testing/samples.ts";
import { filesystem } from "./filesystem.ts";
import type { AnyIOManager, SqlQuery } from "./manager.ts";
import { fileError } from "./objects/local-store.ts";

let folder: string;
let manager: AnyIOManager;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-filesystem-"));
  manager = filesystem({ baseDir: folder });
});
afterEach(async () => {
  await manager.close?.();
  await rm(folder, { recursive: true, force: true });
});
const store = (key: string, value: unknown, more = {}) => manager.handleOutput(outputContext(key, more), value);
const load = (key: string, handler?: unknown) => manager.loadInput(inputContext(key, handler ? { handler: handler as never } : {}));
const query = async (key: string) => (await load(key, sql)) as SqlQuery;

describe("what a person finds in the folder", () => {
  it("is one file per asset, named as the asset, that other tools read", async () => {
    const stored = await store("shop/sales_summary", [{ owner: "a", amount: 1 }]);
    await store("settings", { currency: "EUR" });
    await store("logo", new Uint8Array([1, 2]));
    await store("lookup", new Map([["a", 1]]));
    expect((await readdir(folder)).sort()).toEqual([".values", "logo.bin", "lookup.v8", "settings.json", "shop"]);
    expect(stored).toMatchObject({
      place: join(folder, "shop/sales_summary.parquet"),
      rows: 1,
      query: expect.stringContaining("sales_summary.parquet"),
    });
    expect((await readFile(stored.place)).subarray(0, 4).toString()).toBe("PAR1");
    expect(stored.bytes).toBe((await readFile(stored.place)).byteLength);
    expect(JSON.parse(await readFile(join(folder, "settings.json"), "utf8"))).toEqual({ currency: "EUR" });
    expect(await readFile(join(folder, "logo.bin"))).toEqual(Buffer.from([1, 2]));
  });

  it("is found once by tools that collect files by their extension", async () => {
    await store("shop/sales", [{ n: 1 }]);
    await store("shop/sales", [{ n: 2 }]);
    await store("shop/stock", [{ n: 3, r: "EU" }], { partitions: ["EU"], slices: [{ key: "EU", dimensions: [{ name: "r", key: "EU" }] }] });
    await store("settings", { n: 4 });
    const { scratch } = await import("../duckdb/scratch.ts");
    const { rowsOf } = await import("../duckdb/query.ts");
    const found = await scratch().lease(async (connection) => ({
      tables: await rowsOf(connection, `select n from read_parquet('${folder}/**/*.parquet', union_by_name = true) order by n`),
      values: await rowsOf(connection, `select n from read_json('${folder}/**/*.json')`),
    }));
    expect(found).toEqual({ tables: [{ n: 2n }, { n: 3n }], values: [{ n: 4n }] });
  });

  it("says by itself, in a table's file, who wrote it", async () => {
    const { place } = await store("sales", [{ n: 1 }]);
    const copy = join(folder, "elsewhere.parquet");
    await writeFile(copy, await readFile(place));
    const { scratch } = await import("../duckdb/scratch.ts");
    const { rowsOf } = await import("../duckdb/query.ts");
    const found = await scratch().lease((connection) => rowsOf(connection, `select decode(value) as value from parquet_kv_metadata('${copy}')`));
    expect(JSON.parse(String(found[0]?.["value"]))).toMatchObject({ key: "sales", runId: "test-run", handler: "rows" });
  });

  it("may be a file of another program: a table loads as arrow, other values as what they are", async () => {
    const { scratch } = await import("../duckdb/scratch.ts");
    const { run } = await import("../duckdb/query.ts");
    await mkdir(join(folder, "outside"));
    await scratch().lease((connection) => run(connection, `copy (select 1 as a, 'x' as b) to '${join(folder, "outside/table.parquet")}'`));
    await writeFile(join(folder, "outside/options.json"), '{"a": [1]}');
    expect(await manager.inspect?.(inputContext("outside/table"))).toEqual({});
    expect(((await load("outside/table")) as Table).toArray().map(String)).toEqual(['{"a": 1, "b": "x"}']);
    expect(await load("outside/table", rows())).toEqual([{ a: 1, b: "x" }]);
    expect((await manager.preview?.(inputContext("outside/table"), { offset: 0, limit: 5 }))?.rows).toBe(1);
    expect(await load("outside/options")).toEqual({ a: [1] });
    await store("outside/table", [{ c: true }]);
    expect(await load("outside/table")).toEqual([{ c: true }]);
    await manager.delete?.(inputContext("outside/options"));
    await expect(load("outside/options")).rejects.toMatchObject({ code: "io/not-found" });
  });

  it("keeps a copy's exact types when it is put under another asset's name", async () => {
    await store("sales", sql`select 12::hugeint as total`);
    await writeFile(join(folder, "copied.parquet"), await readFile(join(folder, "sales.parquet")));
    expect(await load("copied", rows())).toEqual([{ total: 12 }]);
  });
});

describe("exact types in Parquet", () => {
  const expressions = [
    "170141183460469231731687303715884105::hugeint",
    "5::uhugeint",
    "'6ccd780c-baba-1026-9564-5b8c656024db'::uuid",
    "'2020-01-01 00:00:01'::timestamp_s",
    "'2020-01-01 00:00:01.123'::timestamp_ms",
    "'2020-01-01 00:00:01.123456'::timestamp",
    "'2020-01-01 00:00:01.123456789'::timestamp_ns",
    "'2020-01-01 00:00:01.123456+02'::timestamptz",
    "'infinity'::timestamp",
    "'infinity'::date",
    "'-4000-01-01'::date",
    "'01:02:03.123456'::time",
    "'01:02:03.123456+05'::timetz",
    "interval '-1 month 2 days -3 microseconds'",
    "'it''s'::enum('a', 'it''s')",
    "'10101'::bit",
    "'\\xAA'::blob",
    "18446744073709551615::ubigint",
    "1.25::decimal(38,5)",
    "'nan'::double",
    "'-0'::double",
    "[1::hugeint, null]",
    `{"HUGEINT": 1::hugeint, "a ""b": ['x'::enum('x')], "HUGEINT[]": 2}`,
    "map {'a': interval 1 day}",
    "[1, 2, 3]::integer[3]",
    `'{"a":1}'::json`,
    "'123456789012345678901234567890123456789012345'::bignum",
    "[]::struct(a int)[]",
    "null::hugeint",
  ];
  it.each(expressions)("%s comes back as it was, also to the next query", async (expression) => {
    const direct = { ...sql``, nodes: [{ type: "text", text: `select ${expression} as c` }] } as unknown as SqlQuery;
    await store("value", direct);
    await store("wanted", sql`select typeof(c) as type, c::varchar as text from ${direct}`);
    await store("found", sql`select typeof(c) as type, c::varchar as text from ${await query("value")}`);
    expect(await load("found", rows())).toEqual(await load("wanted", rows()));
    const table = (await load("value", arrow)) as Table;
    await store("again", table);
    await store("found_again", sql`select typeof(c) as type, c::varchar as text from ${await query("again")}`);
    expect(await load("found_again", rows())).toEqual(await load("wanted", rows()));
  });

  it.each([
    ["an integer of 39 digits", "170141183460469231731687303715884105727::hugeint as c"],
    ["a union", "union_value(a := 1) as c"],
  ])("%s is refused, and the former value stays", async (_, columns) => {
    await store("value", [{ n: 1 }]);
    const direct = { ...sql``, nodes: [{ type: "text", text: `select ${columns}` }] } as unknown as SqlQuery;
    await expect(store("value", direct)).rejects.toMatchObject({ code: "io/unsupported-value" });
    expect(await load("value")).toEqual([{ n: 1 }]);
  });
});

it("refuses columns that differ in case only, which other tools take for one", async () => {
  await expect(store("value", [{ a: 1, A: 2 }])).rejects.toMatchObject({ code: "io/unsupported-value" });
  await expect(load("value")).rejects.toMatchObject({ code: "io/not-found" });
});

describe("filesystem()", () => {
  it("takes a folder with any name, and shows no column that a path seems to hold", async () => {
    const odd = filesystem({ baseDir: join(folder, "it's [a]*? \u{1F600}", "n=7", "x=1") });
    await odd.handleOutput(outputContext("y/sales"), [{ n: 1 }]);
    const relation = (await odd.loadInput(inputContext("y/sales", { handler: sql }))) as SqlQuery;
    await odd.handleOutput(outputContext("copy"), sql`select * from ${relation}`);
    expect(await odd.loadInput(inputContext("copy", { handler: rows() }))).toEqual([{ n: 1 }]);
    expect((await odd.preview?.(inputContext("copy"), { offset: 0, limit: 1 }))?.columns.map((column) => column.name)).toEqual(["n"]);
    await odd.close?.();
  });

  it("reads its folder from the environment when it is used", async () => {
    process.env["SLUICE_TEST_FOLDER"] = join(folder, "from-env");
    try {
      const other = filesystem({ baseDir: env("SLUICE_TEST_FOLDER") });
      await other.handleOutput(outputContext("a"), 1);
      expect(await readdir(join(folder, "from-env"))).toContain("a.json");
      expect(Object.keys(other.settings ?? {})).toEqual(["baseDir"]);
    } finally {
      delete process.env["SLUICE_TEST_FOLDER"];
    }
  });

  it("gives equal places to keys that some file system takes for one", () => {
    expect(manager.place?.({ key: "Shop/Sales" })).toBe(manager.place?.({ key: "shop/sales" }));
    expect(manager.place?.({ key: "shop/sales" })).not.toBe(filesystem({ baseDir: join(folder, "other") }).place?.({ key: "shop/sales" }));
  });

  describe("with partitions", () => {
    const at = (...keys: readonly string[]) => ({
      partitions: keys,
      slices: keys.map((key) => ({ key, dimensions: [{ name: "region", key, column: "r" }] })),
    });
    const input = (...keys: readonly string[]) => ({ key: "shop/sales", signal: new AbortController().signal, handler: rows(), ...at(...keys) });

    it("is a folder that other tools can open, a file per partition", async () => {
      await store(
        "shop/sales",
        [
          { r: "EU", n: 1 },
          { r: "a/b", n: 2 },
        ],
        at("EU", "a/b"),
      );
      const seen = (await readdir(join(folder, "shop/sales"))).sort();
      expect(seen).toEqual(["region=EU.parquet", "region=a%2Fb.parquet"]);
    });

    it("keeps what an asset was before it had partitions, and after it has none, and says so", async () => {
      await store("shop/sales", [{ r: "EU", n: 1 }]);
      await expect(manager.loadInput(input("EU"))).rejects.toThrow("What was stored before it had partitions is still there");
      await store("shop/sales", [{ r: "EU", n: 2 }], at("EU"));
      expect(await load("shop/sales")).toEqual([{ r: "EU", n: 1 }]);
      expect(await manager.loadInput(input("EU"))).toEqual([{ r: "EU", n: 2 }]);
      await store("shop/sales", [{ r: "EU", n: 3 }]);
      expect(await manager.list?.(input())).toEqual(["EU"]);
      await manager.delete?.(input());
      expect(await manager.list?.(input())).toEqual([]);
      await expect(load("shop/sales")).rejects.toMatchObject({ code: "io/not-found" });
    });

    it("reads a file that something else put there", async () => {
      await store("other", [{ r: "x", n: 9 }]);
      await mkdir(join(folder, "shop/sales"), { recursive: true });
      await copyFile(join(folder, "other.parquet"), join(folder, "shop/sales/region=x.parquet"));
      expect(await manager.list?.(input())).toEqual(["x"]);
      expect(await manager.loadInput(input("x"))).toEqual([{ r: "x", n: 9 }]);
      await store("shop/sales", [{ r: "EU", n: 1 }], at("EU"));
      expect(await manager.loadInput(input("EU", "x"))).toEqual([
        { r: "EU", n: 1 },
        { r: "x", n: 9 },
      ]);
    });

    it("refuses partitions whose columns have no one type as one table, naming them", async () => {
      await store("shop/sales", [{ r: "EU", n: 1 }], at("EU"));
      await store("shop/sales", [{ r: "US", n: "one" }], at("US"));
      await store("shop/sales", [{ r: "UK", n: null }], { ...at("UK"), columns: { n: "varchar" } });
      await expect(manager.loadInput(input("EU", "US"))).rejects.toMatchObject({
        code: "io/schema-mismatch",
        message: 'Column "n" of asset "shop/sales" is BIGINT in "EU" and VARCHAR in "US": these partitions are no one table.',
      });
      expect(await manager.loadInput(input("EU", "UK"))).toEqual([
        { r: "EU", n: 1 },
        { r: "UK", n: null },
      ]);
    });
  });

  it("takes formats for values of a class, before its own", async () => {
    class Model {
      readonly weights: readonly number[];
      constructor(weights: readonly number[]) {
        this.weights = weights;
      }
    }
    const model: Format<Model> = {
      name: "model",
      extension: "model",
      accepts: (value) => value instanceof Model,
      write: (value, sink) =>
        sink.write(
          (function* () {
            for (const weight of value.weights) yield new Uint8Array([weight]);
          })(),
        ),
      read: async (source) => new Model([...(await source.bytes())]),
    };
    await expect(store("net", new Model([1]))).rejects.toThrow(/value is an instance of Model/);
    const other = filesystem({ baseDir: folder, formats: [model] });
    await other.handleOutput(outputContext("net"), new Model([1, 2, 3]));
    expect(await other.loadInput(inputContext("net"))).toEqual(new Model([1, 2, 3]));
    await expect(load("net")).rejects.toThrow(/format "model", which is not known here/);
    expect(() => filesystem({ formats: [{ ...model, extension: "parquet" }] })).toThrow(/extension "parquet"/);
  });

  it("stores a stream longer than it holds in memory, in order, and leaves no part of it", async () => {
    const table = await sampleTable({
      columns: { i: "bigint", text: "varchar" },
      rows: Array.from({ length: 50_000 }, (_, i) => ({ i, text: `${i} `.repeat(60) })),
    });
    const [batch] = table.batches;
    const stored = await store(
      "long",
      (async function* () {
        for (let n = 0; n < 12; n += 1) yield batch;
      })(),
    );
    expect(stored.rows).toBe(600_000);
    await store(
      "check",
      sql`select count(*) as n, count(*) filter (i <> before + 1 and i <> 0) as wrong from (select i, lag(i, 1, -1) over () as before from ${await query("long")})`,
    );
    expect(await load("check", rows())).toEqual([{ n: 600_000, wrong: 0 }]);
    expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("keeps an empty array of what were no rows before a list", async () => {
    await store("names", ["a", "b"]);
    await store("names", []);
    expect(await load("names")).toEqual([]);
    await expect(load("names", rows())).rejects.toMatchObject({ code: "io/unsupported-value" });
  });

  it("pages through the last row of a long table, in stored order", async () => {
    await store("long", sql`select i, i % 10 as k from range(1000000) as t(i)`);
    const page = await manager.preview!(inputContext("long"), { offset: 999_995, limit: 100 });
    expect(page.rows).toBe(1_000_000);
    expect(
      tableFromIPC(page.ipc)
        .toArray()
        .map((row) => Number(row["i"])),
    ).toEqual([999_995, 999_996, 999_997, 999_998, 999_999]);
  });

  it("streams a table that is replaced while it is read", async () => {
    await store("long", sql`select i from range(500000) as t(i)`);
    const stream = (await load("long", batches)) as AsyncIterable<{ readonly numRows: number }>;
    let read = 0;
    for await (const batch of stream) {
      if (read === 0) {
        await store("long", sql`select 1 as i`);
        await store("long", sql`select 2 as i`);
      }
      read += batch.numRows;
    }
    expect(read).toBe(500_000);
    expect(await load("long", rows())).toEqual([{ i: 2 }]);
  });
});

describe("errors of the file system", () => {
  it("name the place and say what to do", async () => {
    await writeFile(join(folder, "file"), "");
    const blocked = filesystem({ baseDir: join(folder, "file") });
    await expect(blocked.handleOutput(outputContext("a"), { a: 1 })).rejects.toMatchObject({
      code: "io/unavailable",
      message: expect.stringContaining(join(folder, "file")),
    });
    const errors = [
      ["EACCES", "io/permission"],
      ["EROFS", "io/permission"],
      ["ENOSPC", "io/unavailable"],
      ["EIO", "io/unavailable"],
    ] as const;
    for (const [code, expected] of errors)
      expect(fileError(Object.assign(new Error(code), { code }), "/x", "write")).toMatchObject({ code: expected, hint: expect.any(String) });
    const other = new TypeError("no");
    expect(fileError(other, "/x", "write")).toBe(other);
  });
});
