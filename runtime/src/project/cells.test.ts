import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Map_,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampNanosecond,
  tableToIPC,
  Uint8,
  Utf8,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import { expect, test } from "vitest";
import { cellLimit } from "../model/page.ts";
import { toCellText, toTextPage } from "./cells.ts";

function pageOf(field: Field, data: Data) {
  const schema = new Schema([field]);
  const batch = new RecordBatch(schema, makeData({ type: new Struct([field]), length: data.length, nullCount: 0, children: [data] }));
  return { ipc: tableToIPC(new Table([batch]), "stream"), rows: data.length, columns: [{ name: field.name, type: "X" }] };
}
const column = (type: DataType, data: Data, metadata?: Map<string, string>) => {
  const page = toTextPage(pageOf(new Field("c", type, true, metadata), data), 0);
  return { cells: page.cells[0], kind: page.columns[0]?.kind, cut: page.cut };
};
const primitive = (type: DataType, values: unknown) =>
  column(type, makeData({ type, data: values, length: (values as { length: number }).length } as never));
const values = (type: DataType, list: readonly unknown[]) => column(type, vectorFromArray(list as never, type as never).data[0] as Data);

test("numbers keep every digit", () => {
  expect(primitive(new Int64(), new BigInt64Array([9223372036854775807n, -1n]))).toMatchObject({
    cells: ["9223372036854775807", "-1"],
    kind: "number",
  });
  expect(primitive(new Float64(), new Float64Array([0.1, Number.NaN, Number.POSITIVE_INFINITY, -0])).cells).toEqual(["0.1", "NaN", "Infinity", "-0"]);
  expect(primitive(new Float32(), new Float32Array([0.1, 16777216, 3.4e38])).cells).toEqual(["0.1", "16777216", "3.4e+38"]);
  const decimal = new Decimal(3, 38, 128);
  const words = new Uint32Array([12345678, 0, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 0x0b]);
  expect(column(decimal, makeData({ type: decimal, data: words, length: 3 })).cells).toEqual([
    "12345.678",
    "-0.001",
    String(11n << 96n).replace(/(...)$/, ".$1"),
  ]);
});

test("128-bit integers and UUIDs are read from their bytes", () => {
  const type = new FixedSizeBinary(16);
  const minusOne = new Uint8Array(16).fill(255);
  const data = makeData({ type, data: minusOne, length: 1 });
  expect(column(type, data, new Map([["sluice.type", "HUGEINT"]]))).toMatchObject({ cells: ["-1"], kind: "number" });
  expect(column(type, data, new Map([["sluice.type", "UHUGEINT"]])).cells).toEqual([String(2n ** 128n - 1n)]);
  const uuid = Uint8Array.from([0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00]);
  expect(column(type, makeData({ type, data: uuid, length: 1 }), new Map([["sluice.type", "UUID"]]))).toMatchObject({
    cells: ["123e4567-e89b-12d3-a456-426614174000"],
    kind: "text",
  });
});

test("times keep microseconds, and instants their zone", () => {
  const micros = new BigInt64Array([1704164645000006n, -1n, 1704164645500000n, 9223372036854775807n]);
  expect(primitive(new TimestampMicrosecond("Europe/Berlin"), micros)).toMatchObject({
    cells: ["2024-01-02 03:04:05.000006+00", "1969-12-31 23:59:59.999999+00", "2024-01-02 03:04:05.5+00", "infinity"],
    kind: "time",
  });
  expect(primitive(new TimestampNanosecond(), new BigInt64Array([1n])).cells).toEqual(["1970-01-01 00:00:00.000000001"]);
  expect(primitive(new DateDay(), new Int32Array([0, -719528, 2932897, 2147483647])).cells).toEqual([
    "1970-01-01",
    "0001-01-01 (BC)",
    "10000-01-01",
    "infinity",
  ]);
  expect(primitive(new TimeMicrosecond(), new BigInt64Array([3723000001n])).cells).toEqual(["01:02:03.000001"]);
});

test("NULL, the empty string and the word NULL are three things", () => {
  expect(values(new Utf8(), [null, "", "NULL"])).toMatchObject({ cells: [null, "", "NULL"], kind: "text" });
  expect(values(new Bool(), [true, null, false]).cells).toEqual(["true", null, "false"]);
});

test("nested values read like JSON with exact numbers", () => {
  const list = new List(new Field("item", new Int64()));
  expect(values(list, [[1n, null, 9007199254740993n], [], null])).toMatchObject({
    cells: ["[1, null, 9007199254740993]", "[]", null],
    kind: "nested",
  });
  const struct = new Struct([new Field("a", new Int32()), new Field("t", new Utf8())]);
  expect(
    values(struct, [
      { a: 1, t: 'say "x"' },
      { a: null, t: null },
    ]).cells,
  ).toEqual(['{"a": 1, "t": "say \\"x\\""}', '{"a": null, "t": null}']);
  const map = new Map_(new Field("entries", new Struct([new Field("key", new Utf8(), false), new Field("value", new Int32())]) as never, false));
  expect(values(map, [new Map([["k", 1]])]).cells).toEqual(['{"k": 1}']);
  const dictionary = vectorFromArray(["x", null, "y", "x"], new Dictionary(new Utf8(), new Uint8()));
  expect(column(dictionary.type, dictionary.data[0] as Data).cells).toEqual(["x", null, "y", "x"]);
});

test("bytes are shown as hex with their length", () => {
  expect(values(new Binary(), [Uint8Array.from([0, 255]), Uint8Array.from([7]), new Uint8Array()]).cells).toEqual([
    "(2 bytes) 00ff",
    "(1 byte) 07",
    "(0 bytes)",
  ]);
});

test("long cells are cut and marked, never in the middle of a character, and fetched whole", () => {
  const long = "a".repeat(cellLimit - 1) + "😀" + "b";
  const vector = vectorFromArray(["short", long], new Utf8());
  const page = toTextPage(pageOf(new Field("c", new Utf8()), vector.data[0] as Data), 0);
  expect(page.cells[0]).toEqual(["short", "a".repeat(cellLimit - 1)]);
  expect(page.cut).toEqual([1]);
  expect(toCellText(pageOf(new Field("c", new Utf8()), new Vector([vector.data[0] as Data]).slice(1).data[0] as Data))).toBe(long);
});
