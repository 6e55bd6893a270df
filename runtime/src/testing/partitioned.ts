import type { Table } from "apache-arrow";
import { arrowColumns } from "../formats/arrow-columns.ts";
import { arrow } from "../handlers/arrow.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler, AnyIOManager, OutputContext } from "../io/manager.ts";
import { joinKey, type PartitionSlice } from "../model/partition.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual, expectError } from "./expect.ts";
import { exactRows, type Sample, sampleStream } from "./samples.ts";
import { type BehaviourSubject, inFolder, valueFor } from "./subject.ts";

/** Keys that file systems, statements and encodings have trouble with. */
const nasty = [
  "EU",
  "eu",
  "a/b",
  "../up",
  "..",
  "'; drop table x; --",
  'a"b',
  "a|b=c",
  "%2F",
  "a b ",
  "\u{1F600}",
  "é",
  "e\u0301",
  "CON",
  "select",
  "2026-01-01T00:00",
  "l".repeat(300),
  `${"l".repeat(300)}m`,
];
const columns = { part: "varchar", n: "bigint" };

const sliceOf = (key: string): PartitionSlice => ({ key, dimensions: [{ name: "partition", key, column: "part" }] });
const at = (...keys: readonly string[]) => ({ partitions: keys, slices: keys.map(sliceOf) });
const rowsOf = (part: string | null, ...numbers: readonly number[]) => numbers.map((n) => ({ part, n }));
const exact = (part: string, ...numbers: readonly number[]) => numbers.map((n) => ({ part, n: BigInt(n) }));

type Row = Readonly<Record<string, unknown>>;
/** Rows of partitions, by number: a store may keep them in any order. */
async function load(manager: AnyIOManager, slices: Pick<OutputContext, "partitions" | "slices">, handler: AnyHandler = exactRows): Promise<unknown> {
  let loaded = await manager.loadInput(inputContext("asset", { ...slices, handler: handler.name === "rows" ? exactRows : handler }));
  if (handler.name !== "rows") {
    await manager.handleOutput(outputContext("behaviour/copy"), loaded);
    loaded = await manager.loadInput(inputContext("behaviour/copy", { handler: exactRows }));
  }
  return [...(loaded as readonly Row[])].sort((a, b) => Number(a["n"]) - Number(b["n"]));
}
const context = (more: Parameters<typeof outputContext>[1]): OutputContext => {
  const [key] = more?.partitions ?? [];
  const shared = outputContext("asset", { columns, ...more });
  return more?.partitions?.length === 1 && key !== undefined ? { ...shared, record: { ...shared.record, partition: key } } : shared;
};
const write = async (
  manager: AnyIOManager,
  handler: AnyHandler,
  rows: Sample["rows"],
  more: Parameters<typeof outputContext>[1],
  types: Sample["columns"] = columns,
) => manager.handleOutput(context({ columns: types, ...more }), await valueFor(manager, handler, { columns: types, rows }));

/** Rules 2, 6 and 7 for partitions: each is written by itself, and none sees another's rows. */
export function partitioned(subject: BehaviourSubject, { describe, it }: Cases): void {
  if (!subject.supports?.includes("partitions")) return;
  const [first] = subject.handlers as [AnyHandler];

  describe("keeps partitions apart", () => {
    it([6, 8], "whatever their keys hold, and lists them", async () => {
      await inFolder(subject, async ({ manager, outside }) => {
        for (const [i, key] of nasty.entries()) await write(manager, arrow, rowsOf(key, i), at(key));
        for (const [i, key] of nasty.entries()) expectEqual(await load(manager, at(key)), exact(key, i), `rows of ${key}`);
        if (manager.list) expectEqual([...(await manager.list(inputContext("asset")))].sort(), [...nasty].sort(), "the list: ");
        const record = await manager.inspect?.(inputContext("asset", at("a/b")));
        if (record) expectEqual([record.partition, record.rows], ["a/b", 1], "the record");
        const records = await manager.inspectPartitions?.(inputContext("asset"));
        if (records) expectEqual([...records.keys()].sort(), [...nasty].sort(), "the records: ");
        expectEqual(await outside(), [], "files that escaped: ");
      });
    });

    for (const handler of subject.handlers) {
      it([2, 5, 6], `written as ${handler.name}, one by one and together; loaded as ${handler.name}`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await write(manager, handler, rowsOf("a", 1), at("a"));
          await write(manager, handler, rowsOf("b", 2, 3), at("b"));
          await write(manager, handler, rowsOf("c", 4), at("c"));
          await write(manager, handler, [...rowsOf("c", 7), ...rowsOf("b", 5, 6)], at("b", "c", "d"));
          expectEqual(await load(manager, at("a"), handler), exact("a", 1), "rows of a");
          expectEqual(await load(manager, at("b"), handler), exact("b", 5, 6), "rows of b");
          expectEqual(await load(manager, at("a", "c"), handler), [...exact("a", 1), ...exact("c", 7)], "rows of a and c");
          expectEqual(await load(manager, at("d"), exactRows), [], "rows of d, for which there were none");
          const none = (await manager.loadInput(inputContext("asset", { ...at("d"), handler: arrow }))) as Table;
          const { schema } = await sampleStream({ columns, rows: [] });
          expectEqual(arrowColumns(none.schema), arrowColumns(schema), "columns of d");
        });
      });
    }

    it([6], "along several dimensions", async () => {
      await inFolder(subject, async ({ manager }) => {
        const places = ["x", "y"].flatMap((day) => ["eu", "us"].map((region) => ({ day, region })));
        const slices = places.map(({ day, region }) => ({
          key: joinKey({ day, region }),
          dimensions: [
            { name: "day", key: day, column: "day" },
            { name: "region", key: region, column: "region" },
          ],
        }));
        const types = { day: "varchar", region: "varchar", n: "bigint" };
        const of = (some: readonly PartitionSlice[]) => ({ partitions: some.map(({ key }) => key), slices: some });
        await write(
          manager,
          first,
          places.map((place, n) => ({ ...place, n })),
          of(slices),
          types,
        );
        await write(manager, first, [{ ...places[2], n: 12 }], of([slices[2]!]), types);
        for (const [n, place] of places.entries())
          expectEqual(await load(manager, of([slices[n]!])), [{ ...place, n: n === 2 ? 12n : BigInt(n) }], `rows of ${slices[n]!.key}`);
        await expectError(
          () => write(manager, first, [{ day: "x", region: "us", n: 1 }], of([slices[0]!]), types),
          "io/rows-outside-partition",
          "another region",
        );
      });
    });

    it([6], "in half-open windows of time", async () => {
      await inFolder(subject, async ({ manager }) => {
        const day = (number: number): PartitionSlice => {
          const [start, end] = [`2026-01-0${number}`, `2026-01-0${number + 1}`];
          const window = {
            start: `${start}T00:00:00Z`,
            end: `${end}T00:00:00Z`,
            startLocal: `${start} 00:00:00`,
            endLocal: `${end} 00:00:00`,
            timezone: "UTC",
          };
          return { key: start, dimensions: [{ name: "partition", key: start, column: "at", window }] };
        };
        const of = (...days: readonly PartitionSlice[]) => ({ partitions: days.map(({ key }) => key), slices: days });
        const types = { at: "timestamp", n: "bigint" };
        const rows = [
          { at: "2026-01-01T00:00:00", n: 1 },
          { at: "2026-01-01T23:59:59.999999", n: 2 },
          { at: "2026-01-02T00:00:00", n: 3 },
        ];
        await write(manager, first, rows, of(day(1), day(2)), types);
        const numbers = async (slice: PartitionSlice) => ((await load(manager, of(slice))) as readonly Row[]).map((row) => row["n"]);
        expectEqual(await numbers(day(1)), [1n, 2n], "the first day");
        expectEqual(await numbers(day(2)), [3n], "the second day");
        await expectError(() => write(manager, first, rows, of(day(1)), types), "io/rows-outside-partition", "the end of a window");
      });
    });

    it([2], "and deletes one by itself", async () => {
      await inFolder(subject, async ({ manager }) => {
        if (!manager.delete) return;
        await write(manager, first, [...rowsOf("a", 1), ...rowsOf("b", 2)], at("a", "b"));
        await manager.delete(inputContext("asset", at("a")));
        await expectError(() => load(manager, at("a")), "io/not-found", "loading what was deleted");
        expectEqual(await load(manager, at("b")), exact("b", 2), "rows of b");
        if (manager.list) expectEqual(await manager.list(inputContext("asset")), ["b"], "the list");
        await manager.delete(inputContext("asset"));
        if (manager.list) expectEqual(await manager.list(inputContext("asset")), [], "the list of nothing");
      });
    });

    it([4], "and says which one is not stored", async () => {
      await inFolder(subject, async ({ manager }) => {
        await write(manager, first, rowsOf("a", 1), at("a"));
        for (const slices of [at("b"), at("a", "b")]) {
          const error = await expectError(() => load(manager, slices), "io/not-found", "a partition that is not stored");
          check(error.message.includes('"b"'), `the message names no partition: ${error.message}`);
        }
        expectEqual(await manager.inspect?.(inputContext("asset", at("b"))), undefined, "its record");
      });
    });
  });

  describe("refuses rows outside the partition", () => {
    for (const handler of subject.handlers) {
      it([6], `as ${handler.name}, with their number and an example; null is in none`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await write(manager, handler, [...rowsOf("a", 1), ...rowsOf("b", 2)], at("a", "b"));
          const cases = [
            [at("a"), [...rowsOf("a", 3), ...rowsOf("other", 4, 5)], "2 rows", "other"],
            [at("a"), rowsOf(null, 6), "1 row", "null"],
            [at("a", "b"), [...rowsOf("a", 7), ...rowsOf("c", 8)], "1 row", '"c"'],
          ] as const;
          for (const [slices, rows, count, example] of cases) {
            const error = await expectError(() => write(manager, handler, rows, slices), "io/rows-outside-partition", "rows outside");
            check(error.message.includes(count) && error.message.includes(example), `the message lacks ${count} or ${example}: ${error.message}`);
          }
          expectEqual(await load(manager, at("a", "b")), [...exact("a", 1), ...exact("b", 2)], "the former rows");
        });
      });
    }
    it([6], "and a table without the column", async () => {
      await inFolder(subject, async ({ manager }) => {
        await expectError(() => write(manager, first, [{ n: 1 }], at("a"), { n: "bigint" }), "partition/missing-column", "no column");
      });
    });
  });

  describe("takes partitions whose columns differ", () => {
    it([1, 7], "by name; evolve: as null where a partition lacks one, as wide as all need", async () => {
      await inFolder(subject, async ({ manager }) => {
        await write(manager, first, [{ part: "a", n: 1 }], at("a"), { part: "varchar", n: "integer" });
        await write(manager, first, [{ more: "x", n: 2 ** 40, part: "b" }], at("b"), { more: "varchar", n: "bigint", part: "varchar" });
        const both = ((await load(manager, at("a", "b"))) as readonly Row[]).map(({ part, n, more }) => ({ part, n, more }));
        expectEqual(
          both,
          [
            { part: "a", n: 1n, more: null },
            { part: "b", n: 2n ** 40n, more: "x" },
          ],
          "rows of both",
        );
        const query = await manager.loadInput(inputContext("asset", { ...at("a", "b"), handler: sql }));
        if (!subject.handlers.includes(sql as AnyHandler)) return;
        await manager.handleOutput(outputContext("behaviour/sum"), sql`select count(more) as c, sum(n)::bigint as s from ${query as never}`);
        expectEqual(
          await manager.loadInput(inputContext("behaviour/sum", { handler: exactRows })),
          [{ c: 1n, s: 2n ** 40n + 1n }],
          "a query over both",
        );
      });
    });
    it([7], "error: not at all; recreate: only as the only partition", async () => {
      await inFolder(subject, async ({ manager }) => {
        const wider = { part: "varchar", n: "bigint", more: "varchar" };
        const row = (part: string) => [{ part, n: 2, more: "x" }];
        await write(manager, first, rowsOf("a", 1), at("a"));
        await write(manager, first, row("a"), { ...at("a"), schemaChange: "recreate" }, wider);
        await write(manager, first, rowsOf("a", 1), { ...at("a"), schemaChange: "recreate" });
        await write(manager, first, rowsOf("b", 3), { ...at("b"), schemaChange: "error" });
        for (const schemaChange of ["error", "recreate"] as const)
          await expectError(() => write(manager, first, row("b"), { ...at("b"), schemaChange }, wider), "io/schema-mismatch", schemaChange);
        expectEqual(await load(manager, at("a", "b")), [...exact("a", 1), ...exact("b", 3)], "the former rows");
      });
    });
  });

  if (subject.storesValues !== true) return;
  it([1, 6], "keeps a value that is no table in each partition", async () => {
    await inFolder(subject, async ({ manager }) => {
      const plain = (key: string) => ({ partitions: [key], slices: [{ key, dimensions: [{ name: "partition", key }] }] });
      for (const [i, key] of nasty.entries()) await manager.handleOutput(context(plain(key)), { i });
      for (const [i, key] of nasty.entries()) expectEqual(await manager.loadInput(inputContext("asset", plain(key))), { i }, `the value of ${key}`);
      await expectError(
        () => manager.handleOutput(context(at("a", "b")), { one: "for both" }),
        "partition/missing-column",
        "one value for two partitions",
      );
      await expectError(() => manager.loadInput(inputContext("asset", at("EU", "eu"))), "io/unsupported-value", "two values as one");
    });
  });
}
