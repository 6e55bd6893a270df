import * as ours from "apache-arrow";
import { describe, expect, it } from "vitest";
import type { TableStream } from "../io/manager.ts";
import { arrow } from "./arrow.ts";
import { rows } from "./rows.ts";

type Row = Readonly<Record<string, unknown>>;
const value: readonly Row[] = [
  {
    id: 1,
    x: 0.5,
    name: "ä",
    ok: true,
    at: new Date(5),
    bytes: new Uint8Array([1, 2]),
    list: [1, null],
    struct: { a: "x", b: null },
    huge: 2n ** 70n,
    mix: null,
  },
  { id: -2, x: null, name: null, ok: null, at: null, bytes: null, list: null, struct: null, huge: null, mix: "y" },
  { id: 3, x: 1, name: "", ok: false, at: new Date(-1), bytes: new Uint8Array(), list: [], struct: { a: null, b: 7 }, huge: -1n, mix: "z" },
];
const asRows = rows<Row>({ integers: "bigint" });
const bigints = value.map((row) => ({
  ...row,
  id: BigInt(row["id"] as number),
  list: (row["list"] as readonly unknown[] | null)?.map((item) => (item === null ? null : BigInt(item as number))) ?? null,
  struct: row["struct"] === null ? null : { ...(row["struct"] as object), b: (row["struct"] as { b: number | null }).b === null ? null : 7n },
}));
const table = async (): Promise<ours.Table> => arrow.fromTable!(await asRows.toTable!(value, { key: "t" }), { key: "t" });
const read = (stored: TableStream) => asRows.fromTable!(stored, { key: "t" });

/**
 * The same table as another copy of Arrow would give it: no prototype of ours anywhere, and the member names of that version.
 */
function foreign(table: ours.Table, version: "new" | "old"): object {
  const type = (own: ours.DataType): object => ({
    ...Object.fromEntries(
      ["isSigned", "bitWidth", "precision", "scale", "unit", "timezone", "byteWidth", "listSize", "keysSorted", "isOrdered", "id"].map((name) => [
        name,
        (own as never)[name],
      ]),
    ),
    typeId: own.typeId,
    children: own.children?.map(field) ?? null,
    indices: ours.DataType.isDictionary(own) ? type(own.indices) : undefined,
    dictionary: ours.DataType.isDictionary(own) ? type(own.dictionary as ours.DataType) : undefined,
  });
  const field = (own: ours.Field): object => ({ name: own.name, nullable: own.nullable, metadata: new Map(own.metadata), type: type(own.type) });
  const values = (own: ours.Data): unknown =>
    version === "old" && (own.values instanceof BigInt64Array || own.values instanceof BigUint64Array)
      ? new Int32Array(own.values.buffer, own.values.byteOffset, own.values.length * 2)
      : own.values;
  const data = (own: ours.Data): object => {
    const shown = {
      offset: own.offset,
      length: own.length,
      values: values(own),
      valueOffsets: own.valueOffsets,
      nullBitmap: own.nullBitmap,
      variadicBuffers: own.variadicBuffers,
    };
    const children = own.children.map(data);
    const dictionary = own.dictionary && { data: own.dictionary.data.map(data) };
    if (version === "new") return { ...shown, children, dictionary };
    return { ...shown, childData: children, dictionary: dictionary && { chunks: dictionary.data.map((chunk) => ({ data: chunk })) } };
  };
  const schema = { fields: table.schema.fields.map(field), metadata: new Map() };
  const batches = table.batches.map((batch) => ({ schema, numRows: batch.numRows, data: data(batch.data) }));
  return { schema, numRows: table.numRows, numCols: table.numCols, [version === "new" ? "batches" : "chunks"]: batches };
}

it("gives back the table that it stores", async () => {
  const own = await table();
  const stored = await arrow.toTable!(own, { key: "t" });
  expect(await read(stored)).toEqual(bigints);
  expect((await arrow.fromTable!(stored, { key: "t" })).numRows).toBe(3);
});

describe.each(["new", "old"] as const)("a table of another copy of Arrow, of a %s version", (version) => {
  it("is accepted by its shape and stored whole", async () => {
    const other = foreign(await table(), version);
    expect(other).not.toBeInstanceOf(ours.Table);
    expect(arrow.accepts(other)).toBe(true);
    const stored = await arrow.toTable!(other as ours.Table, { key: "t" });
    expect(await read(stored)).toEqual(bigints);
    const back = await arrow.fromTable!(stored, { key: "t" });
    expect(back).toBeInstanceOf(ours.Table);
    // What silently gives an empty table for a foreign one.
    expect(ours.tableFromIPC(ours.tableToIPC(back)).numRows).toBe(3);
  });

  it("keeps every type with its parameters", async () => {
    const vectors = {
      f16: ours.vectorFromArray([1, null], new ours.Float16()),
      f32: ours.vectorFromArray([1.5, null], new ours.Float32()),
      u8: ours.vectorFromArray([255, null], new ours.Uint8()),
      u64: ours.vectorFromArray([2n ** 63n, null], new ours.Uint64()),
      text: ours.vectorFromArray(["é", null], new ours.LargeUtf8()),
      word: ours.vectorFromArray(["a", "b"], new ours.Dictionary(new ours.Utf8(), new ours.Int16())),
      day: ours.vectorFromArray([new Date(86_400_000), null], new ours.DateDay()),
      ms: ours.vectorFromArray([new Date(86_400_000), null], new ours.DateMillisecond()),
      time: ours.vectorFromArray([1_500_000n, null], new ours.TimeMicrosecond()),
      zoned: ours.vectorFromArray([5, null], new ours.TimestampMillisecond("Europe/Berlin")),
      fixed: ours.vectorFromArray([new Uint8Array([1, 2]), null], new ours.FixedSizeBinary(2)),
      pair: ours.vectorFromArray([[1, 2], null], new ours.FixedSizeList(2, new ours.Field("item", new ours.Int32(), true))),
    };
    const own = new ours.Table(vectors);
    const stored = await arrow.toTable!(foreign(own, version) as ours.Table, { key: "t" });
    expect(String(stored.schema)).toBe(String(own.schema));
    const expected = {
      f16: 1,
      f32: 1.5,
      u8: 255,
      u64: 2n ** 63n,
      text: "é",
      word: "a",
      day: "1970-01-02",
      ms: "1970-01-02",
      time: "00:00:01.500000",
      zoned: new Date(5),
      fixed: new Uint8Array([1, 2]),
      pair: [1, 2],
    };
    expect(await read(stored)).toEqual([expected, { ...Object.fromEntries(Object.keys(expected).map((name) => [name, null])), word: "b" }]);
  });

  it("may be cut, and have buffers that begin anywhere", async () => {
    const cut = (await table()).slice(1, 3);
    const stored = await arrow.toTable!(foreign(cut, version) as ours.Table, { key: "t" });
    expect(await read(stored)).toEqual(bigints.slice(1));
    const shifted = new Uint8Array(25);
    new DataView(shifted.buffer).setBigInt64(1, 7n, true);
    const field = { name: "n", nullable: true, metadata: new Map(), type: { typeId: 2, isSigned: true, bitWidth: 64 } };
    const batch = { schema: { fields: [field] }, numRows: 1, data: { length: 1, children: [{ length: 1, values: shifted.subarray(1, 9) }] } };
    const odd = { schema: { fields: [field] }, numRows: 1, batches: [batch] };
    expect(await read(await arrow.toTable!(odd as never, { key: "t" }))).toEqual([{ n: 7n }]);
  });

  it("keeps its columns when it has no rows", async () => {
    const stored = await arrow.toTable!(foreign((await table()).slice(0, 0), version) as ours.Table, { key: "t" });
    expect(stored.schema.fields.map((field) => field.name)).toEqual(Object.keys(value[0]!));
    const back = await arrow.fromTable!(stored, { key: "t" });
    expect([back.numRows, back.numCols]).toEqual([0, 10]);
  });
});

it("refuses what is no table, and types that tables do not have", async () => {
  for (const other of [undefined, null, [], {}, { schema: {}, batches: [] }, "t", await asRows.toTable!(value, { key: "t" })]) {
    expect(arrow.accepts(other)).toBe(false);
  }
  const interval = { schema: { fields: [{ name: "i", type: { typeId: 11, unit: 0 } }] }, numRows: 0, batches: [] };
  await expect(arrow.toTable!(interval as never, { key: "t" })).rejects.toMatchObject({
    code: "io/unsupported-value",
    message: expect.stringMatching(/Column "i".*Interval/),
  });
});
