import { isDeepStrictEqual } from "node:util";
import type { RecordBatch } from "apache-arrow";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStream } from "../io/manager.ts";
import { rows } from "./rows.ts";

type Row = Readonly<Record<string, unknown>>;
const handler = rows<Row>();
const store = (value: readonly Row[]) => handler.toTable!(value, { key: "any", columns: undefined });

/** Texts that UTF-8 can hold, with all that is hard about them. */
const text = fc.string({ unit: "grapheme", maxLength: 30 }).filter((value) => Buffer.from(value, "utf8").toString("utf8") === value);
const date = fc.date({ noInvalidDate: true });
const sorts = {
  integer: fc.maxSafeInteger(),
  // Beyond 2^53 a number is a fraction to us, and -0 is 0 where all are integers.
  double: fc.double({ noDefaultInfinity: false }),
  text,
  boolean: fc.boolean(),
  date,
  bytes: fc.uint8Array({ maxLength: 20 }),
  integers: fc.array(fc.option(fc.maxSafeInteger()), { maxLength: 5 }),
  texts: fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 3 }),
  struct: fc.record({ a: fc.option(fc.maxSafeInteger()), b: fc.option(text), c: fc.array(date, { maxLength: 2 }) }),
};
type Sort = keyof typeof sorts;

/** A table whose columns each hold one sort of value and nulls, in rows that may miss keys. */
const table = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== "__proto__"),
      fc.constantFrom(...(Object.keys(sorts) as Sort[])),
    ),
    {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 5,
    },
  )
  .chain((columns) =>
    fc.array(fc.tuple(...columns.map(([name, sort]) => fc.tuple(fc.constant(name), fc.option(sorts[sort] as fc.Arbitrary<unknown>)))), {
      maxLength: 40,
    }),
  )
  .map((lines) => lines.map((line) => Object.fromEntries(line)));

/** A full first row, so that each column shows its type. */
const shown: Row = {
  a: 1,
  b: 0.5,
  c: "x",
  d: true,
  e: new Date(0),
  f: new Uint8Array([1]),
  g: [1],
  h: [["x"]],
  i: { a: 1, b: "x", c: [new Date(0)] },
};
const full = fc.record({
  a: fc.option(sorts.integer),
  b: fc.option(sorts.double),
  c: fc.option(sorts.text),
  d: fc.option(sorts.boolean),
  e: fc.option(sorts.date),
  f: fc.option(sorts.bytes),
  g: fc.option(sorts.integers),
  h: fc.option(sorts.texts),
  i: fc.option(sorts.struct),
});

it("gives back every row that it stores, in every sort of column", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(full, { maxLength: 30 }), async (more) => {
      const value = [shown, ...more];
      expect(await handler.fromTable!(await store(value), { key: "any" })).toEqual(value);
    }),
    { numRuns: 60 },
  );
});

it("either gives back what it was given, with nulls for what was missing, or says why not", async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(table, async (value) => {
      const stored = await store(value).catch((error: { code?: string }) => error.code);
      if (typeof stored !== "object") {
        expect(["io/unknown-columns", "io/unsupported-value"]).toContain(stored);
        return;
      }
      kept++;
      const names = stored.schema.fields.map((field) => field.name);
      const back = await handler.fromTable!(stored, { key: "any" });
      expect(back.map((row) => Object.keys(row))).toEqual(back.map(() => names));
      const zero = (item: unknown): unknown => (Object.is(item, -0) ? 0 : Array.isArray(item) ? item.map(zero) : item);
      expect(back.map((row) => names.map((name) => zero(row[name])))).toEqual(value.map((row) => names.map((name) => zero(row[name] ?? null))));
    }),
    { numRuns: 120 },
  );
  expect(kept).toBeGreaterThan(20);
});

it("keeps bigints of any width that the column's type has", async () => {
  const wide = rows<Row>({ integers: "bigint" });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n })), { minLength: 1 }), async (values) => {
      const value = [{ n: 1n }, ...values.map((n) => ({ n }))];
      expect(await wide.fromTable!(await store(value), { key: "any" })).toEqual(value);
    }),
  );
});

it("keeps decimals digit by digit", async () => {
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.constantFrom(0, 1, 2, 9, 18, 37, 38));
  await fc.assert(
    fc.asyncProperty(decimal, async ([unscaled, scale]) => {
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
      const written = `${unscaled < 0n ? "-" : ""}${digits.slice(0, digits.length - scale)}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
      const table = await handler.toTable!([{ n: written }], { key: "any", columns: { n: `decimal(38,${scale})` } });
      expect(await handler.fromTable!(table, { key: "any" })).toEqual([{ n: written }]);
    }),
  );
});

it("crosses the border between batches, and reads batches cut anywhere", async () => {
  const value = Array.from({ length: 70_000 }, (_, i) => ({
    id: i,
    name: i % 11 === 0 ? null : `n${i % 97}é`,
    even: i % 3 === 0 ? null : i % 2 === 0,
    list: i % 5 === 0 ? null : [i, null],
    at: { day: new Date(i * 1000), text: i % 7 === 0 ? null : "😀" },
  }));
  const differing = (back: readonly Row[], expected: readonly Row[]) => [
    back.length - expected.length,
    back.findIndex((row, index) => !isDeepStrictEqual(row, expected[index])),
  ];
  const stored = await store(value);
  const batches = [...(stored.batches as Iterable<RecordBatch>)];
  expect(batches.length).toBeGreaterThan(1);
  expect(differing(await handler.fromTable!({ ...stored, batches }, { key: "any" }), value)).toEqual([0, -1]);
  const cut: TableStream = { schema: stored.schema, batches: batches.map((batch) => batch.slice(13, 613).slice(3, 500)) };
  const expected = batches.flatMap((_, index) => value.slice(index * 65_536 + 16, index * 65_536 + 513));
  expect(differing(await handler.fromTable!(cut, { key: "any" }), expected)).toEqual([0, -1]);
});
