import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as arrow from "apache-arrow";
import pl from "nodejs-polars";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { duckdb } from "../../io/duckdb.ts";
import { filesystem } from "../../io/filesystem.ts";
import { inMemory } from "../../io/in-memory.ts";
import type { AnyIOManager, SqlQuery } from "../../io/manager.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { exactRows } from "../../testing/samples.ts";
import { arrow as arrowHandler } from "../arrow.ts";
import { batches } from "../batches.ts";
import { sql } from "../sql.ts";
import { loadFrom, loadPolars } from "./package.ts";
import { polars, polarsLazy } from "./polars.ts";

let folder: string;
const managers = new Map<string, AnyIOManager>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-polars-"));
  managers.set("duckdb()", duckdb({ database: join(folder, "a.duckdb"), idleRelease: 0 }));
  managers.set("filesystem()", filesystem({ baseDir: join(folder, "files") }));
  managers.set("inMemory()", inMemory());
});
afterAll(async () => {
  for (const manager of managers.values()) await manager.close?.();
  rmSync(folder, { recursive: true, force: true });
});
const stores = ["duckdb()", "filesystem()", "inMemory()"] as const;
const managerOf = (name: string): AnyIOManager => managers.get(name) as AnyIOManager;

const frame = () =>
  pl
    .DataFrame({
      id: [1n, 2n, 3n],
      name: ["short", "longer than twelve bytes 🦆", null],
      ok: [true, null, false],
      x: [0.5, Number.NaN, -0],
      kind: pl.Series("kind", ["a", "b", "a"]).cast(pl.Categorical),
      at: pl.Series("at", [new Date(0), null, new Date("2026-01-01T00:00:00.001Z")], pl.Datetime("ms")),
      list: pl.Series("list", [[1, 2], [], null], pl.List(pl.Int32)),
    })
    .withColumn(pl.col("id").cast(pl.Int32).cast(pl.Date).alias("day"))
    .withColumn(pl.struct([pl.col("id"), pl.col("name")]).alias("both"));
const expected = [
  {
    id: 1n,
    name: "short",
    ok: true,
    x: 0.5,
    kind: "a",
    at: "1970-01-01T00:00:00Z",
    list: [1, 2],
    day: "1970-01-02",
    both: { id: 1n, name: "short" },
  },
  {
    id: 2n,
    name: "longer than twelve bytes 🦆",
    ok: null,
    x: Number.NaN,
    kind: "b",
    at: null,
    list: [],
    day: "1970-01-03",
    both: { id: 2n, name: "longer than twelve bytes 🦆" },
  },
  { id: 3n, name: null, ok: false, x: -0, kind: "a", at: "2026-01-01T00:00:00.001Z", list: null, day: "1970-01-04", both: { id: 3n, name: null } },
];

describe.each(stores)("%s", (store) => {
  it.each([
    ["DataFrame", "polars", frame],
    [
      "LazyFrame",
      "polarsLazy",
      () =>
        frame()
          .lazy()
          .filter(pl.col("id").gtEq(pl.lit(0))),
    ],
  ] as const)("stores a %s and loads it as every other shape and as it was", async (_, name, make) => {
    const manager = managerOf(store);
    const key = `frames/${name}`;
    const stored = await manager.handleOutput(outputContext(key), make());
    expect(stored).toMatchObject({ rows: 3 });
    expect(await manager.inspect?.(inputContext(key))).toMatchObject({ handler: name });
    const load = (handler?: object) => manager.loadInput(inputContext(key, handler ? { handler: handler as never } : {}));
    const exact = (await load(exactRows)) as Record<string, unknown>[];
    expect(exact.map(({ at, ...row }) => ({ ...row, at: typeof at === "string" ? at.replace(/Z?$/, "Z") : at }))).toEqual(expected);
    const again = await load();
    expect((name === "polars" ? polars : polarsLazy).accepts(again)).toBe(true);
    const eager = (await load(polars)) as pl.DataFrame;
    expect([eager.height, eager.columns]).toEqual([3, Object.keys(frame().toRecords()[0] as object)]);
    expect(((await load(polarsLazy)) as pl.LazyDataFrame).collectSync().toRecords()).toEqual(eager.toRecords());
    expect(eager.getColumn("name").toArray()).toEqual(expected.map((row) => row.name));
    expect(((await load(arrowHandler)) as arrow.Table).numRows).toBe(3);
    let rows = 0;
    for await (const batch of (await load(batches)) as AsyncIterable<arrow.RecordBatch>) rows += batch.numRows;
    expect(rows).toBe(3);
    const query = (await load(sql)) as SqlQuery;
    await manager.handleOutput(outputContext(`${key}_sum`), sql`select sum(id)::int as n, count(name)::int as k from ${query}`);
    expect(await manager.loadInput(inputContext(`${key}_sum`, { handler: exactRows }))).toEqual([{ n: 6, k: 2 }]);
  });

  it("keeps columns and types of a frame without rows", async () => {
    const manager = managerOf(store);
    await manager.handleOutput(outputContext("empty_frame"), frame().head(0));
    const again = (await manager.loadInput(inputContext("empty_frame", { handler: polars }))) as pl.DataFrame;
    expect(again.height).toBe(0);
    const types = (one: pl.DataFrame) => one.drop("kind").dtypes.map(String);
    expect(types(again)).toEqual(types(frame()));
  });

  it("writes and reads a frame of several windows in order", async () => {
    const manager = managerOf(store);
    const n = 300_000;
    const ids = Int32Array.from({ length: n }, (_, i) => i);
    await manager.handleOutput(outputContext("large"), pl.DataFrame({ id: pl.Series("id", ids, pl.Int32) }));
    const again = (await manager.loadInput(inputContext("large", { handler: polars }))) as pl.DataFrame;
    expect(again.height).toBe(n);
    expect(again.getColumn("id").toTypedArray()).toEqual(ids);
  });
});

it("recognises frames by their shape, without the package", () => {
  const like = { [Symbol.toStringTag]: "DataFrame", writeIPCStream: () => undefined };
  expect([polars.accepts(like), polarsLazy.accepts(like), polars.accepts(null), polars.accepts([]), polars.accepts({})]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  expect([polars.accepts(frame().lazy()), polarsLazy.accepts(frame().lazy()), polarsLazy.accepts(frame())]).toEqual([false, true, false]);
});

describe("a column that Polars cannot hold", () => {
  const manager = () => managerOf("duckdb()");
  const asPolars = async (expression: string) => {
    const text = [`select ${expression} as v`] as unknown as string[] & { raw: string[] };
    await manager().handleOutput(outputContext("one"), sql(text as unknown as TemplateStringsArray));
    return (await manager().loadInput(inputContext("one", { handler: polars }))) as pl.DataFrame;
  };
  it.each([
    [
      "170141183460469231731687303715884105727::HUGEINT",
      "io/inexact-value",
      'Column "v" of asset "one": 170141183460469231731687303715884105727 has more than the 38 digits',
    ],
    ["(-170141183460469231731687303715884105728)::HUGEINT", "io/inexact-value", "-170141183460469231731687303715884105728 has more than"],
    ["340282366920938463463374607431768211455::UHUGEINT", "io/inexact-value", "340282366920938463463374607431768211455 has more than"],
    ["TIME '24:00:00'", "io/inexact-value", 'Column "v" of asset "one": 24:00:00 is no time of day to Polars'],
    ["[{t: TIME '24:00:00'}]", "io/inexact-value", 'Column "v[].t" of asset "one": 24:00:00'],
  ])("%s is refused with %s", async (expression, code, message) => {
    await expect(asPolars(expression)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it.each([
    [
      "a zone that is no name",
      new arrow.TimestampMicrosecond("+05:30"),
      BigInt64Array.of(1n),
      'is TIMESTAMP with the zone "+05:30", and Polars knows zones by name only',
    ],
    [
      "decimals of 256 bits",
      new arrow.Decimal(0, 50, 256),
      new Uint32Array(8),
      "is DECIMAL(50,0) of 256 bits, and Polars' decimals have at most 38 digits",
    ],
    ["an interval", new arrow.IntervalYearMonth(), Int32Array.of(1), "which Polars has no type for"],
  ])("%s is refused, naming column and type", async (_, type, data, message) => {
    const vector = new arrow.Vector([arrow.makeData({ type, length: 1, nullCount: 0, data } as never)]);
    const table = new arrow.Table({ v: vector });
    const loading = polars.fromTable!({ schema: table.schema, batches: table.batches }, { key: "one" });
    await expect(loading).rejects.toMatchObject({
      code: "io/unsupported-value",
      message: expect.stringMatching(new RegExp(`^Column "v" of asset "one" .*${message.replace(/[()+]/g, "\\$&")}`)),
    });
  });

  it.each([
    ["HUGEINT", "99999999999999999999999999999999999999::HUGEINT", "DECIMAL(38,0)"],
    ["UUID", "'01234567-89ab-cdef-8123-456789abcdef'::UUID", "VARCHAR"],
    ["TIMESTAMP_S", "'9999-12-31 23:59:59'::TIMESTAMP_S", "TIMESTAMP_MS"],
    ["TIMESTAMP_S, infinite", "'infinity'::TIMESTAMP_S", "TIMESTAMP_MS"],
    ["ENUM", "'b'::ENUM('b', 'a')", "VARCHAR"],
    ["MAP", "MAP {'a': 1}", 'STRUCT("key" VARCHAR, "value" INTEGER)[]'],
    ["BLOB", "'\\x00\\xFF'::BLOB", "BLOB"],
    ["TIME", "TIME '23:59:59.999999'", "TIME"],
    ["a list of UUIDs", "['01234567-89ab-cdef-8123-456789abcdef'::UUID, NULL]", "VARCHAR[]"],
  ])("%s comes back as the nearest type, with the same value", async (_, expression, type) => {
    const loaded = await asPolars(expression);
    await manager().handleOutput(outputContext("two"), loaded);
    const [one, two] = (await Promise.all(["one", "two"].map((key) => manager().loadInput(inputContext(key, { handler: sql }))))) as [
      SqlQuery,
      SqlQuery,
    ];
    const same = sql`select (select v::varchar from ${one}) as a, (select v::varchar from ${two}) as b, (select typeof(v) from ${two}) as t`;
    await manager().handleOutput(outputContext("compared"), same);
    const [row] = (await manager().loadInput(inputContext("compared", { handler: exactRows }))) as [{ a: unknown; b: unknown; t: string }];
    expect(row.t.replaceAll('"', "")).toBe(type.replaceAll('"', ""));
    if (type.startsWith("STRUCT")) expect([row.a, row.b]).toEqual(["{a=1}", "[{'key': a, 'value': 1}]"]);
    else expect(row.b).toBe(row.a);
  });

  it("is stored as the asset says where Polars has only a text, a decimal or nanoseconds for it", async () => {
    const source = pl.DataFrame({
      id: ["01234567-89ab-cdef-8123-456789abcdef"],
      total: pl.Series("total", ["170000000000000000000000000000000000"]).cast(pl.Decimal(38, 0)),
      wait: ["1 day"],
      clock: pl.Series("clock", [1n]).cast(pl.Int64).cast(pl.Time),
    });
    const columns = { id: "uuid", total: "hugeint", wait: "interval", clock: "time_ns" };
    await manager().handleOutput(outputContext("typed", { columns }), source);
    const stored = (await manager().loadInput(inputContext("typed", { handler: sql }))) as SqlQuery;
    await manager().handleOutput(
      outputContext("typed_names"),
      sql`select typeof(id) as id, typeof(total) as total, typeof(wait) as wait, typeof(clock) as clock, total::varchar as n, clock::varchar as c from ${stored}`,
    );
    expect(await manager().loadInput(inputContext("typed_names", { handler: exactRows }))).toEqual([
      { id: "UUID", total: "HUGEINT", wait: "INTERVAL", clock: "TIME_NS", n: "170000000000000000000000000000000000", c: "00:00:00.000000001" },
    ]);
  });

  it("is refused on the way back where SQL would lose nanoseconds of a time", async () => {
    const source = pl.DataFrame({ clock: pl.Series("clock", [1n]).cast(pl.Int64).cast(pl.Time) });
    await expect(manager().handleOutput(outputContext("clock"), source)).rejects.toMatchObject({
      code: "io/inexact-value",
      message: 'Column "clock" of asset "clock": a time of day has nanoseconds, which TIME would lose.',
      hint: 'Say so: columns: { "clock": "time_ns" }.',
    });
  });
});

describe("durations", () => {
  it.each(stores.slice(0, 2))("are stored as intervals by %s", async (store) => {
    const manager = managerOf(store);
    const days = pl.DataFrame({ a: pl.Series("a", [90_061_001]).cast(pl.Duration("ms")) });
    await manager.handleOutput(outputContext("waits"), days);
    const query = (await manager.loadInput(inputContext("waits", { handler: sql }))) as SqlQuery;
    await manager.handleOutput(outputContext("waits_text"), sql`select a::varchar as a, typeof(a) as t from ${query}`);
    expect(await manager.loadInput(inputContext("waits_text", { handler: exactRows }))).toEqual([{ a: "25:01:01.001", t: "INTERVAL" }]);
  });
});

it("says which lazy frame failed, and how", async () => {
  const wrong = frame().lazy().select(pl.col("absent"));
  await expect(managerOf("inMemory()").handleOutput(outputContext("wrong"), wrong)).rejects.toMatchObject({
    code: "run/failed",
    message: expect.stringMatching(/^The lazy frame of asset "wrong" failed: .*absent/),
  });
});

it("asks for the types of a frame without columns", async () => {
  const store = managerOf("inMemory()");
  await expect(store.handleOutput(outputContext("nothing"), pl.DataFrame({}))).rejects.toMatchObject({ code: "io/unknown-columns" });
  await store.handleOutput(outputContext("something", { columns: { id: "bigint" } }), pl.DataFrame({}));
  expect(((await store.loadInput(inputContext("something", { handler: polars }))) as pl.DataFrame).columns).toEqual(["id"]);
});

describe("without the package", () => {
  const notFound = (name: string) => Object.assign(new Error(`Cannot find module '${name}'\nRequire stack: ...`), { code: "MODULE_NOT_FOUND" });
  it("says how to install it", () => {
    expect(() =>
      loadPolars(() => {
        throw notFound("nodejs-polars");
      }),
    ).toThrow(
      expect.objectContaining({
        code: "io/sdk-missing",
        message: "The value is to be loaded as a Polars frame, and the package nodejs-polars is not installed.",
        hint: "Install it in the project: npm install nodejs-polars",
      }),
    );
  });
  it("tells of the platform's package that npm leaves out", () => {
    expect(() =>
      loadPolars(() => {
        throw notFound("nodejs-polars-linux-x64-gnu");
      }),
    ).toThrow(
      expect.objectContaining({
        code: "io/sdk-missing",
        hint: expect.stringContaining("npm install nodejs-polars-linux-x64-gnu. It asks for Node 22"),
      }),
    );
  });
  it("looks in the project first, then beside itself", () => {
    expect(loadPolars(loadFrom(folder)).default.DataFrame).toBe(pl.DataFrame);
    expect(() => loadFrom(folder)("no-such-package")).toThrow("no-such-package");
  });
});
