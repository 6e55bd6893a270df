import { runInNewContext } from "node:vm";
import { Decimal, Field, Int64, makeData, RecordBatch, Schema, Struct, TimestampMicrosecond, Utf8 } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { StoreHints, TableStream } from "../io/manager.ts";
import type { RowOptions } from "./rows.ts";
import { rows } from "./rows.ts";

type Row = Readonly<Record<string, unknown>>;
const store = (value: readonly unknown[], hints: Partial<StoreHints> = {}) =>
  rows<Row>().toTable!(value as readonly Row[], { key: "sales", ...hints });
const load = async (table: TableStream, options?: RowOptions) => rows<Row>(options).fromTable!(table, { key: "sales" });
/** Columns and types, "amount Int64". */
const types = async (value: readonly unknown[], hints?: Partial<StoreHints>) =>
  (await store(value, hints)).schema.fields.map((field) => `${field.name} ${field.metadata.get("sluice.type") ?? field.type}`);
/** There and back, so that conversions happen too. */
const through = async (value: readonly unknown[], hints?: Partial<StoreHints>, options?: RowOptions) => load(await store(value, hints), options);
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown as Error & { code: string; hint?: string; asset?: string },
  );
  if (error === undefined) throw new Error("nothing was thrown");
  return `${error.code}: ${error.message} ${error.hint ?? ""}`;
};

describe("the type of a column, over all of its rows", () => {
  it.each<[what: string, values: readonly unknown[], type: string]>([
    ["safe integers", [1, -2, 0, Number.MAX_SAFE_INTEGER], "Int64"],
    ["a fraction anywhere", [1, 2, 2.5], "Float64"],
    ["a number beyond 2^53", [1, 2 ** 60], "Float64"],
    ["what is no number", [1, Number.NaN], "Float64"],
    ["infinity", [Number.POSITIVE_INFINITY], "Float64"],
    ["bigints", [1n, -(2n ** 63n), 2n ** 63n - 1n], "Int64"],
    ["bigints beyond 64 bits", [1n, 2n ** 63n], "HUGEINT"],
    ["bigints and safe integers", [1n, 2], "Int64"],
    ["texts", ["a", ""], "Utf8"],
    ["booleans", [true, false], "Bool"],
    ["dates", [new Date(0)], "Timestamp<MICROSECOND, UTC>"],
    ["bytes", [new Uint8Array([1])], "Binary"],
    ["a Buffer", [Buffer.from("a")], "Binary"],
    ["nulls around a value", [null, undefined, "a"], "Utf8"],
    ["lists", [[1], [2.5, null], []], "List<Float64>"],
    ["lists of lists", [[["a"]], [[]]], "List<List<Utf8>>"],
    ["objects", [{ x: 1 }, { y: "b" }, {}], "Struct<{x:Int64, y:Utf8}>"],
    ["objects without a prototype", [Object.assign(Object.create(null), { x: true })], "Struct<{x:Bool}>"],
  ])("%s", async (_, values, type) => {
    expect(await types(values.map((c) => ({ c })))).toEqual([`c ${type}`]);
  });

  it("takes columns in the order in which rows show them, missing ones as null", async () => {
    const table = await through([{ b: 1 }, { a: "x", b: 2 }, { a: "y" }]);
    expect(table).toEqual([
      { b: 1, a: null },
      { b: 2, a: "x" },
      { b: null, a: "y" },
    ]);
    expect(Object.keys(table[0]!)).toEqual(["b", "a"]);
  });

  it("holds whatever a column is called", async () => {
    const names = ["constructor", "toString", "a b", "'\"", "😀", "", "hasOwnProperty", "length"];
    const row = Object.fromEntries(names.map((name, index) => [name, index]));
    const proto = JSON.parse('{"__proto__": 7}') as Row;
    const [first, second] = await through([row, proto]);
    expect(first).toEqual({ ...row, ["__proto__"]: null });
    expect(Object.getOwnPropertyDescriptor(second, "__proto__")?.value).toBe(7);
    expect(second!["constructor"]).toBeNull();
  });
});

describe("what is refused, naming column and rows", () => {
  it.each<[what: string, values: readonly unknown[], says: RegExp]>([
    [
      "texts and numbers",
      [null, 1, "a"],
      /io\/unsupported-value: Column "c" of asset "sales" holds a number \(row 2\) and a text \(row 3\).*columns: { "c"/,
    ],
    ["bigints and fractions", [1n, 2.5], /holds a bigint \(row 1\) and a number with a fraction \(row 2\)/],
    ["booleans and numbers", [true, 1], /a boolean \(row 1\) and a number \(row 2\)/],
    ["dates and texts", [new Date(0), "2026"], /a Date \(row 1\) and a text \(row 2\)/],
    ["objects and lists", [{}, []], /an object \(row 1\) and an array \(row 2\)/],
    ["an invalid Date", [null, new Date(Number.NaN)], /an invalid Date \(row 2\)/],
    ["a function", [() => 1], /a function \(row 1\)/],
    ["a symbol", [Symbol("x")], /a symbol \(row 1\)/],
    ["a Map", [new Map()], /a Map \(row 1\)/],
    ["a promise", [Promise.resolve(1)], /a Promise \(row 1\)/],
    ["a bigint of more than 128 bits", [1n, 2n ** 127n], /more than 128 bits/],
    ["half an emoji", ["ok", "\ud83d"], /half a surrogate pair \(row 2\)/],
    ["mixtures inside lists", [[1], ["a"]], /Column "c\[\]".*a number \(row 1\) and a text \(row 2\)/],
    ["mixtures inside objects", [{ x: 1 }, { x: "a" }], /Column "c\.x".*a number \(row 1\) and a text \(row 2\)/],
  ])("%s", async (_, values, says) => {
    expect(await failure(through(values.map((c) => ({ c }))))).toMatch(says);
  });

  it("rows that are no objects", async () => {
    expect(await failure(store([{ a: 1 }, 3]))).toMatch(/Row 2 of asset "sales" is no object/);
    expect(rows().accepts([{ a: 1 }, 3])).toBe(false);
    expect(rows().accepts([[1]])).toBe(false);
    expect(rows().accepts([new Map()])).toBe(false);
    expect(rows().accepts("rows")).toBe(false);
    expect(rows().accepts([])).toBe(true);
    expect(rows().accepts([{ a: 1 }, Object.create(null)])).toBe(true);
  });
});

describe("columns that rows do not show", () => {
  const stored = async () => [
    { name: "id", type: "BIGINT" },
    { name: "note", type: "VARCHAR" },
    { name: "amount", type: "DECIMAL(9,2)" },
    { name: "tags", type: 'STRUCT("a b" INTEGER, c VARCHAR[])[]' },
  ];

  it("come from the stored table, with the columns option above it", async () => {
    expect(await types([], { storedColumns: stored, columns: { note: "date", extra: "uuid" } })).toEqual([
      "id Int64",
      "note Date32<DAY>",
      "amount Decimal[9e+2]",
      "tags List<Struct<{a b:Int32, c:List<Utf8>}>>",
      "extra UUID",
    ]);
  });

  it("come from the columns option alone where nothing is stored", async () => {
    expect(await types([], { columns: { id: "bigint", at: "timestamptz" }, storedColumns: async () => undefined })).toEqual([
      "id Int64",
      "at Timestamp<MICROSECOND, UTC>",
    ]);
  });

  it("come from the validator's JSON Schema last", async () => {
    const rowSchema = z.object({
      id: z.int(),
      note: z.string().nullable(),
      ok: z.boolean().optional(),
      list: z.array(z.number()),
      at: z.object({ x: z.string() }),
    });
    const expected = ["id Int64", "note Utf8", "ok Bool", "list List<Float64>", "at Struct<{x:Utf8}>"];
    expect(await types([], { rowSchema, storedColumns: async () => undefined })).toEqual(expected);
    expect(await types([], { rowSchema, storedColumns: async () => [{ name: "old", type: "DATE" }] })).toEqual(["old Date32<DAY>"]);
  });

  it("are refused where nobody knows them", async () => {
    expect(await failure(store([]))).toMatch(/io\/unknown-columns: Asset "sales" returned no rows/);
    expect(await failure(store([], { rowSchema: z.object({ at: z.date() }) }))).toMatch(/io\/unknown-columns/);
    expect(await failure(store([{ a: 1, b: null, c: [] }]))).toMatch(/nothing but nulls for "b", "c\[\]".*"b": "varchar", "c": "varchar\[\]"/);
    expect(await failure(store([{ a: { x: null } }]))).toMatch(/"a\.x"/);
    expect(await failure(store([{}]))).toMatch(/io\/unknown-columns/);
  });

  it("fill the gaps of columns that are all null", async () => {
    const value = [{ id: 1, note: null, amount: undefined, tags: [null] }];
    expect(await types(value, { storedColumns: stored })).toEqual([
      "id Int64",
      "note Utf8",
      "amount Decimal[9e+2]",
      "tags List<Struct<{a b:Int32, c:List<Utf8>}>>",
    ]);
    expect(await types(value, { columns: { note: "boolean", amount: "real", tags: "blob[]" } })).toEqual([
      "id Int64",
      "note Bool",
      "amount Float32",
      "tags List<Binary>",
    ]);
    expect(await types([{ id: 1, note: null }], { rowSchema: z.object({ id: z.number(), note: z.string().nullable() }) })).toEqual([
      "id Int64",
      "note Utf8",
    ]);
  });

  it("do not ask the store when every column shows its type", async () => {
    const storedColumns = () => Promise.reject(new Error("the store was asked"));
    expect(await types([{ a: 1 }], { storedColumns })).toEqual(["a Int64"]);
  });

  it("are added where the option names a column that no row has", async () => {
    expect(await through([{ a: 1 }], { columns: { error: "varchar" } })).toEqual([{ a: 1, error: null }]);
  });
});

describe("a type given for a column", () => {
  it.each<[type: string, values: readonly unknown[], loaded: readonly unknown[]]>([
    ["decimal(18,2)", ["12.30", 12.3, 12n, "-0.05", "1e2", null], ["12.30", "12.30", "12.00", "-0.05", "100.00", null]],
    ["decimal(38,10)", ["9999999999999999999999999999.0123456789"], ["9999999999999999999999999999.0123456789"]],
    ["decimal(38,0)", [-(10n ** 38n) + 1n], ["-99999999999999999999999999999999999999"]],
    ["date", ["2024-02-29", new Date("2026-01-01"), "1969-12-31"], ["2024-02-29", "2026-01-01", "1969-12-31"]],
    ["date", ["+012345-01-01", "-000044-03-15"], ["+012345-01-01", "-000044-03-15"]],
    ["tinyint", [-128, 127n, "5"], [-128, 127, 5]],
    ["utinyint", [255], [255]],
    ["smallint", [-32768], [-32768]],
    ["uinteger", [4294967295], [4294967295]],
    ["integer", [-2147483648], [-2147483648]],
    ["ubigint", [9007199254740991n, 0], [9007199254740991, 0]],
    ["real", [0.5, 3], [0.5, 3]],
    ["double", [1n, 0.1], [1, 0.1]],
    ["varchar", ["a", 1.5, 7n, true], ["a", "1.5", "7", "true"]],
    ["boolean", [true], [true]],
    ["timestamp", [new Date(5), "2026-01-01 00:00:00.25"], [new Date(5), new Date("2026-01-01T00:00:00.250Z")]],
    [
      "timestamptz",
      ["2026-01-01T00:00:00+02:00", "1960-06-01T12:00:00.001Z"],
      [new Date("2025-12-31T22:00:00Z"), new Date("1960-06-01T12:00:00.001Z")],
    ],
    ["timestamp_s", [new Date(5000)], [new Date(5000)]],
    ["timestamp_ns", ["2026-01-01T00:00:00.123"], [new Date("2026-01-01T00:00:00.123Z")]],
    ["time", ["23:59:59.5", "00:00"], ["23:59:59.500000", "00:00:00"]],
    ["uuid", ["00112233-4455-6677-8899-AABBCCDDEEFF"], ["00112233-4455-6677-8899-aabbccddeeff"]],
    ["hugeint", [-5, 7n], [-5, 7]],
    ["decimal(5,1)[]", [["1.5", 2], null, []], [["1.5", "2.0"], null, []]],
    ['struct("a b" date, n smallint)', [{ "a b": "2026-01-01" }], [{ "a b": "2026-01-01", n: null }]],
  ])("%s keeps what fits it", async (type, values, loaded) => {
    const back = await through(
      values.map((c) => ({ c })),
      { columns: { c: type } },
    );
    expect(back.map((row) => row["c"])).toEqual(loaded);
  });

  it.each<[type: string, value: unknown, says: RegExp]>([
    [
      "decimal(18,2)",
      0.1 + 0.2,
      /io\/inexact-value: Column "c" of asset "sales": 0.30000000000000004 \(row 2\) does not fit decimal\(18,2\) exactly/,
    ],
    ["decimal(4,2)", "123.45", /inexact/],
    ["decimal(18,2)", "twelve", /io\/unsupported-value: .*"twelve" \(row 2\) is no decimal\(18,2\)/],
    ["decimal(18,2)", Number.NaN, /inexact/],
    ["tinyint", 128, /inexact/],
    ["utinyint", -1, /inexact/],
    ["integer", 1.5, /inexact/],
    ["bigint", 2n ** 63n, /inexact/],
    ["uhugeint", -1n, /inexact/],
    ["real", 0.1, /inexact/],
    ["double", 2n ** 53n + 1n, /inexact/],
    ["date", new Date(1), /inexact/],
    ["date", "2026-02-30", /unsupported/],
    ["timestamp", "2026-01-01T00:00:00Z", /unsupported/],
    ["timestamptz", "2026-01-01T00:00:00", /unsupported/],
    ["timestamptz", "2026-01-01T00:00:00.0000001Z", /inexact/],
    ["timestamp_s", new Date(5), /inexact/],
    ["time", "25:00", /unsupported/],
    ["boolean", 1, /unsupported/],
    ["varchar", { a: 1 }, /unsupported/],
    ["blob", "text", /unsupported/],
    ["uuid", "no", /unsupported/],
    ["integer[]", 1, /unsupported/],
    ["integer[]", [1.5], /Column "c\[\]".*\(row 2\).*inexact|inexact.*Column "c\[\]".*\(row 2\)/],
    ["struct(x integer)", { x: 1, y: 2 }, /inexact/],
  ])("%s refuses %s", async (type, value, says) => {
    expect(await failure(through([{ c: null }, { c: value }], { columns: { c: type } }))).toMatch(says);
  });

  it("must be known", async () => {
    for (const type of ["decimel(1,2)", "decimal(39,0)", "decimal(2,3)", "struct(x)", "map(a, b)"]) {
      expect(await failure(store([{ c: 1 }], { columns: { c: type } }))).toMatch(/config\/invalid: .*column "c".*not known/);
    }
  });
});

describe("loading", () => {
  const column = (field: Field, data: ReturnType<typeof makeData>): TableStream => {
    const schema = new Schema([field]);
    return {
      schema,
      batches: [new RecordBatch(schema, makeData({ type: new Struct([field]), length: data.length, nullCount: 0, children: [data] }))],
    };
  };
  const int64 = (...values: bigint[]) => column(new Field("n", new Int64(), true), makeData({ type: new Int64(), data: BigInt64Array.from(values) }));
  const micros = (zone: string | null, ...values: bigint[]) => {
    const type = new TimestampMicrosecond(zone);
    return column(new Field("at", type, true), makeData({ type, data: BigInt64Array.from(values) }));
  };
  const only = async (table: TableStream, options?: RowOptions) => (await load(table, options)).map((row) => Object.values(row)[0]);

  it("refuses integers beyond 2^53 - 1 unless they may be bigints", async () => {
    expect(await only(int64(9007199254740991n, -9007199254740991n, -1n, 0n))).toEqual([9007199254740991, -9007199254740991, -1, 0]);
    expect(await failure(load(int64(1n, 9007199254740992n)))).toMatch(
      /io\/inexact-value: Column "n" of asset "sales": 9007199254740992 .*\(row 2\).*integers: "bigint"/,
    );
    expect(await failure(load(int64(-9007199254740992n)))).toMatch(/inexact/);
    expect(await only(int64(9007199254740992n, -(2n ** 63n)), { integers: "bigint" })).toEqual([9007199254740992n, -(2n ** 63n)]);
    const huge = await store([{ n: 2n ** 100n }]);
    expect(await failure(load(huge))).toMatch(/inexact.*bigint/);
    expect(await only(huge, { integers: "bigint" })).toEqual([2n ** 100n]);
  });

  it("gives small integers as bigints too when asked, whatever their width", async () => {
    expect(await through([{ a: 1 }], {}, { integers: "bigint" })).toEqual([{ a: 1n }]);
  });

  it("refuses timestamps that a Date would cut", async () => {
    expect(await only(micros("UTC", 1_500_000n, -1_000n))).toEqual([new Date(1500), new Date(-1)]);
    expect(await failure(load(micros(null, 0n, 1n)))).toMatch(
      /io\/inexact-value: Column "at".*1970-01-01T00:00:00.000001 .*\(row 2\).*timestamps: "string"/,
    );
    expect(await only(micros(null, 1n, -1n), { timestamps: "string" })).toEqual(["1970-01-01T00:00:00.000001", "1969-12-31T23:59:59.999999"]);
    expect(await only(micros("UTC", 0n), { timestamps: "string" })).toEqual(["1970-01-01T00:00:00Z"]);
    expect(await failure(load(micros("UTC", 2n ** 63n - 1n)))).toMatch(/inexact/);
    expect(await only(micros("UTC", 2n ** 63n - 1n), { timestamps: "string" })).toEqual(["infinity"]);
  });

  it("reads every Date there is", async () => {
    const dates = [8.64e15, -8.64e15, 0, -1, 253402300800000].map((ms) => ({ at: new Date(ms) }));
    expect(await through(dates)).toEqual(dates);
  });

  it("gives decimals as text with their scale, or as numbers that keep it", async () => {
    const type = new Decimal(2, 38, 128);
    const data = new BigInt64Array(6);
    [1230n, -5n, 123456789012345678n].forEach((value, index) => {
      data[index * 2] = value;
      data[index * 2 + 1] = value < 0n ? -1n : 0n;
    });
    const table = column(new Field("d", type, true), makeData({ type, data: new Uint32Array(data.buffer), length: 3 }));
    expect(await only(table)).toEqual(["12.30", "-0.05", "1234567890123456.78"]);
    expect(await failure(load(table, { decimals: "number" }))).toMatch(
      /io\/inexact-value: Column "d".*1234567890123456.78 .*\(row 3\).*decimals: "string"/,
    );
    expect(await through([{ c: "12.30" }, { c: "0.10" }], { columns: { c: "decimal(18,2)" } }, { decimals: "number" })).toEqual([
      { c: 12.3 },
      { c: 0.1 },
    ]);
  });

  it("names the row of a value inside a list", async () => {
    const table = await store([{ c: [1n] }, { c: [] }, { c: [2n, 2n ** 60n] }]);
    expect(await failure(load(table))).toMatch(/Column "c\[\]".*\(row 3\)/);
  });

  it("does not mistake broken UTF-8 of one row for text of another", async () => {
    const bytes = Uint8Array.from([0x80, 0xf0, 0x9f, 0x98, 0x61, 0x62]);
    const data = makeData({ type: new Utf8(), data: bytes, valueOffsets: Int32Array.from([0, 1, 4, 6]) });
    expect(await only(column(new Field("s", new Utf8(), true), data))).toEqual(["\ufffd", "\ufffd", "ab"]);
  });

  it("refuses an option that does not exist", () => {
    expect(() => rows({ integer: "bigint" } as never)).toThrow(/no option "integer"/);
    expect(() => rows({ integers: "string" as never })).toThrow(/"number" or "bigint"/);
  });
});

describe("a validator", () => {
  const schema = z.object({ id: z.string().transform((text) => Number(text)), owner: z.string() });

  it("holds loaded rows to it", async () => {
    const table = await store([{ id: "7", owner: "a" }]);
    expect(await rows(schema).fromTable!(table, { key: "sales" })).toEqual([{ id: 7, owner: "a" }]);
    const bad = await store([{ id: "7" }]);
    expect(await failure(rows(schema).fromTable!(bad, { key: "sales" }))).toMatch(/run\/invalid-row: Field "owner" of row 1/);
    const numbers = await store([{ id: 9007199254740993n }]);
    expect(await rows(z.object({ id: z.bigint() }), { integers: "bigint" }).fromTable!(numbers, { key: "sales" })).toEqual([
      { id: 9007199254740993n },
    ]);
    expect(await rows(z.object({ id: z.bigint() })).fromTable!(await store([{ id: 7n }]), { key: "sales", bigints: ["id"] })).toEqual([{ id: 7n }]);
  });

  it.each<[string, z.ZodType, object, string]>([
    [
      "a field",
      z.object({ n: z.int({ error: "no whole number" }) }),
      { n: 1.5 },
      'Field "n" of row 2 of asset "sales" is refused by its schema: no whole number.',
    ],
    [
      "a field of a field of an item",
      z.object({ place: z.object({ at: z.array(z.object({ x: z.number({ error: "no number" }) })) }) }),
      { place: { at: [{ x: "1" }] } },
      'Field "place.at.0.x" of row 2 of asset "sales" is refused by its schema: no number.',
    ],
    [
      "several fields",
      z.object({ a: z.number({ error: "no number" }), b: z.number() }),
      { a: "x", b: "y" },
      'Field "a" of row 2 of asset "sales" is refused by its schema: no number (and 1 more).',
    ],
    [
      "the row",
      z.object({}).refine(() => false, { error: "not this one" }),
      { a: 1 },
      'Row 2 of asset "sales" is refused by its schema: not this one.',
    ],
    [
      "what only a database knows",
      z.object({ a: z.number() }).refine(async () => false, { error: "not known" }),
      { a: 1 },
      'Row 2 of asset "sales" is refused by its schema: not known.',
    ],
  ])("says where and why %s is refused", async (_, refusing, bad, message) => {
    const accepting = z.object({}).loose();
    let row = 0;
    const second = {
      "~standard": { ...accepting["~standard"], validate: (value: unknown) => (++row === 2 ? refusing : accepting)["~standard"].validate(value) },
    };
    const table = await store([bad, bad]);
    const loading = rows(second as never).fromTable!(table, { key: "sales" });
    await expect(loading).rejects.toMatchObject({ code: "run/invalid-row", asset: "sales", message, hint: "Rows count from 1." });
  });

  it("waits for an answer that comes later, of whichever kind of promise", async () => {
    const later: unknown = runInNewContext("Promise.resolve({ value: { id: 8 } })");
    expect(later).not.toBeInstanceOf(Promise);
    const schema = { "~standard": { version: 1, vendor: "own", validate: () => later } };
    expect(await rows(schema as never).fromTable!(await store([{ id: 7 }]), { key: "sales" })).toEqual([{ id: 8 }]);
  });
});
