import type { RecordBatch } from "apache-arrow";
import { Field, Int32, RecordBatchReader, Schema, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { expect, it } from "vitest";
import type { Batches, StoreHints, TableStream } from "../io/manager.ts";
import { batches } from "./batches.ts";
import { rows } from "./rows.ts";

const batchOf = (...values: readonly (number | null)[]): RecordBatch => new Table({ n: vectorFromArray(values, new Int32()) }).batches[0]!;
const store = (value: unknown, hints: Partial<StoreHints> = {}) => batches.toTable!(value as Batches<never>, { key: "stream", ...hints });
const numbers = async (stored: TableStream) => (await rows<{ n: number }>().fromTable!(stored, { key: "stream" })).map(({ n }) => n);
async function* stream(...items: readonly unknown[]): AsyncGenerator<unknown> {
  yield* items;
}
function* generator(...items: readonly unknown[]): Generator<unknown> {
  yield* items;
}

it.each<[what: string, make: () => unknown]>([
  ["an async generator", () => stream(batchOf(1, 2), batchOf(3))],
  ["a generator", () => generator(batchOf(1, 2), batchOf(3))],
  ["a list of batches", () => [batchOf(1, 2), batchOf(3)]],
  ["a reader of Arrow", () => RecordBatchReader.from(tableToIPC(new Table([batchOf(1, 2), batchOf(3)])))],
  ["an object that can be read again", () => ({ [Symbol.asyncIterator]: () => stream(batchOf(1, 2), batchOf(3)) })],
])("stores %s", async (_, make) => {
  expect(batches.accepts(make())).toBe(true);
  const stored = await store(make());
  expect(stored.schema.fields.map((field) => `${field.name} ${field.type}`)).toEqual(["n Int32"]);
  expect(await numbers(stored)).toEqual([1, 2, 3]);
});

it("leaves everything else to other handlers", () => {
  for (const other of [undefined, null, "text", [], [{ a: 1 }], [1], new Map(), new Set(), new Uint8Array(2), new Table(), {}, batchOf(1)]) {
    expect(batches.accepts(other)).toBe(false);
  }
});

it("loads a stream that shows its columns and is read once", async () => {
  const loaded = await batches.fromTable!({ schema: batchOf(1).schema, batches: [batchOf(1), batchOf(2)] }, { key: "sales" });
  expect((await loaded.schema?.())?.fields.map((field) => field.name)).toEqual(["n"]);
  const seen = [];
  for await (const batch of loaded) seen.push(batch.numRows);
  expect(seen).toEqual([1, 1]);
  await expect(loaded[Symbol.asyncIterator]().next()).rejects.toThrow(/asset "sales" was read already/);
});

it("does not read ahead, and closes a source whose reader stops", async () => {
  let [made, closed] = [0, false];
  async function* source() {
    try {
      for (let n = 0; ; n++) {
        made++;
        yield batchOf(n);
      }
    } finally {
      closed = true;
    }
  }
  const stored = await store(source());
  expect(made).toBe(1);
  for await (const batch of stored.batches) if (batch.getChild("n")?.get(0) === 2) break;
  expect([made, closed]).toEqual([3, true]);
});

it("passes on what a source throws, on its first batch and later", async () => {
  const broken = new Error("the source broke");
  const early = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken) }) };
  async function* late() {
    yield batchOf(1);
    throw broken;
  }
  await expect(store(early)).rejects.toBe(broken);
  await expect(numbers(await store(late()))).rejects.toBe(broken);
});

it("finds the columns of an empty stream where they are said", async () => {
  const names = async (value: unknown, hints?: Partial<StoreHints>) => {
    const stored = await store(value, hints);
    expect(await numbers(stored)).toEqual([]);
    return stored.schema.fields.map((field) => `${field.name} ${field.type}`);
  };
  const schema = new Schema([new Field("a", new Utf8(), true)]);
  expect(await names({ schema: async () => schema, [Symbol.asyncIterator]: () => stream() })).toEqual(["a Utf8"]);
  expect(await names(RecordBatchReader.from(tableToIPC(new Table(schema))))).toEqual(["a Utf8"]);
  expect(await names(stream(), { columns: { a: "date" } })).toEqual(["a Date32<DAY>"]);
  expect(await names(stream(), { storedColumns: async () => [{ name: "b", type: "BIGINT" }] })).toEqual(["b Int64"]);
  await expect(store(stream())).rejects.toMatchObject({ code: "io/unknown-columns", asset: "stream" });
});

it("refuses a batch with other columns than the first, and items that are none", async () => {
  const other = new Table({ n: vectorFromArray(["x"], new Utf8()) }).batches[0]!;
  await expect(numbers(await store(stream(batchOf(1), other)))).rejects.toMatchObject({
    code: "io/schema-mismatch",
    message: expect.stringMatching(/Batch 2 .*n Utf8.*n Int32/),
  });
  await expect(store(stream({ a: 1 }))).rejects.toMatchObject({
    code: "io/unsupported-value",
    message: expect.stringMatching(/item 1 is no Arrow record batch/),
  });
  await expect(numbers(await store(stream(batchOf(1), 7)))).rejects.toMatchObject({ message: expect.stringMatching(/item 2/) });
});
