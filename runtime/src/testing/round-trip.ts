import type { Table } from "apache-arrow";
import { tableFromIPC } from "apache-arrow";
import { arrowColumns } from "../formats/arrow-columns.ts";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler, AnyIOManager, SqlQuery } from "../io/manager.ts";
import type { ColumnSchema, StoredRecord } from "../model/values.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual } from "./expect.ts";
import { anyKey, anySample, exactRows, expectedOf, loadFastCheck, type Sample } from "./samples.ts";
import { type BehaviourSubject, inFolder, loadExact, storeSample, valueFor } from "./subject.ts";

/** Rows and columns of a loaded value of any of our handlers. */
async function read(
  manager: AnyIOManager,
  handler: AnyHandler,
  value: unknown,
  key: string,
  columns: Sample["columns"],
): Promise<{ readonly rows: unknown; readonly columns?: readonly ColumnSchema[] }> {
  if (handler.name === "arrow") {
    const stream = await arrow.toTable!(value as Table, { key });
    return { columns: arrowColumns(stream.schema), rows: await exactRows.fromTable!(stream, { key }) };
  }
  if (handler.name === "batches") {
    const stream = await (batches as AnyHandler).toTable!(value, { key });
    return { columns: arrowColumns(stream.schema), rows: await exactRows.fromTable!(stream, { key }) };
  }
  if (handler.name === "sql") {
    await manager.handleOutput(outputContext("behaviour/copy"), sql`select * from ${value as SqlQuery}`);
    return { rows: await loadExact(manager, "behaviour/copy") };
  }
  // a shape that has no name of its own for some type says it as the asset does
  const stream = await handler.toTable!(value, { key, columns });
  return { rows: await exactRows.fromTable!(stream, { key }) };
}

const empty = (sample: Sample): Sample => ({ ...sample, rows: [] });
const mixed: Sample = {
  columns: { id: "bigint", "a b": "varchar", amount: "decimal(18,2)", at: "timestamptz", list: "bigint[]", data: "blob", ok: "boolean" },
  rows: [
    { id: 1, "a b": "x", amount: "1.50", at: "2026-01-01T00:00:00.000001Z", list: [1n, null], data: new Uint8Array([0, 255]), ok: true },
    { id: 9_007_199_254_740_993n, "a b": "", amount: "-0.01", at: null, list: [], data: new Uint8Array(), ok: null },
    { id: null, "a b": null, amount: null, at: "1969-12-31T23:59:59.999999Z", list: null, data: null, ok: false },
  ],
};

/** Rules 1, 2, 5, 7 and 12: what was stored comes back equal, with its columns, and nothing else is touched. */
export function roundTrip(subject: BehaviourSubject, { describe, it }: Cases): void {
  const { handlers, withoutTypes = [], withoutTypesOf = {} } = subject;
  const without = (...names: readonly string[]): readonly string[] => [...withoutTypes, ...names.flatMap((name) => withoutTypesOf[name] ?? [])];
  describe("gives back what was stored", () => {
    for (const handler of handlers) {
      it([1, 8], `as ${handler.name}: any names, types and values, loaded in every shape`, async () => {
        const fc = await loadFastCheck();
        await inFolder(subject, async ({ manager }) => {
          let run = 0;
          await fc.assert(
            fc.asyncProperty(
              anyKey(fc),
              fc
                .constantFrom(...handlers.map(({ name }) => name))
                .chain((name) => fc.tuple(fc.constant(name), anySample(fc, without(handler.name, name)))),
              async (lastParts, [name, sample]) => {
                // a new last part each time, which alone may name the table: an empty result would take the columns that are stored there
                run += 1;
                const key = `${lastParts}-${run}`;
                const asked = handlers.find((known) => known.name === name) as AnyHandler;
                const expected = await expectedOf(sample);
                const stored = await storeSample(manager, key, handler, sample);
                expectEqual(await loadExact(manager, key), expected.rows, "rows");
                expectEqual(stored.rows, sample.rows.length, "rows of the metadata");
                if (asked.name === "rows") return;
                const loaded = await read(manager, asked, await manager.loadInput(inputContext(key, { handler: asked })), key, sample.columns);
                expectEqual(loaded.rows, expected.rows, `rows as ${asked.name}`);
                if (loaded.columns) expectEqual(loaded.columns, expected.columns, `columns as ${asked.name}`);
              },
            ),
            { numRuns: 16, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
          );
        });
      });

      it([5], `as ${handler.name}: an empty table keeps its columns and types`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await storeSample(manager, "empty", handler, empty(mixed));
          const { columns } = await expectedOf(empty(mixed));
          const loaded = (await manager.loadInput(inputContext("empty", { handler: arrow }))) as Table;
          expectEqual(arrowColumns(loaded.schema), columns, "columns");
          expectEqual(loaded.numRows, 0, "rows");
        });
      });

      it([1], `as ${handler.name}: in the shape it was stored in when no other is asked for`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await storeSample(manager, "plain", handler, mixed);
          const record = (await manager.inspect?.(inputContext("plain"))) as StoredRecord | undefined;
          if (manager.inspect) expectEqual(record?.handler, handler.name, "the recorded handler");
          if (handler.name === "rows") return;
          const loaded = await manager.loadInput(inputContext("plain"));
          check(handler.accepts(loaded), `loadInput gave no value of ${handler.name}`);
          expectEqual((await read(manager, handler, loaded, "plain", mixed.columns)).rows, (await expectedOf(mixed)).rows, "rows");
        });
      });
    }

    it([12], "tells place, number of rows and columns, in plain data without bound values", async () => {
      await inFolder(subject, async ({ manager }) => {
        for (const handler of handlers) {
          const metadata = await storeSample(manager, "facts", handler, mixed);
          check(typeof metadata.place === "string" && metadata.place !== "", "no place");
          expectEqual(metadata.rows, 3, "rows");
          expectEqual(
            metadata.columns?.map((column) => column.name),
            Object.keys(mixed.columns),
            "columns",
          );
          check(metadata.columns?.every((column) => column.type !== "") ?? false, "a column without a type");
          expectEqual(JSON.parse(JSON.stringify(metadata)), metadata, "plain data");
        }
        const queries = handlers.find((handler) => handler.name === "sql");
        if (!queries) return;
        const source = (await manager.loadInput(inputContext("facts", { handler: queries }))) as SqlQuery;
        const metadata = await manager.handleOutput(outputContext("bound"), sql`select *, ${"bound-value-7"} as bound from ${source}`);
        check(!JSON.stringify(metadata).includes("bound-value-7"), "the metadata shows a bound value");
      });
    });

    it([3], "records who stored it, in the same act", async () => {
      await inFolder(subject, async ({ manager, again }) => {
        check(manager.inspect !== undefined, "it has no inspect");
        const [handler] = handlers as [AnyHandler];
        const context = outputContext("recorded", {
          record: { runId: "run-9", step: "recorded", attempt: 2, dataVersion: "v", inputs: { "up/stream": "w" } },
        });
        await manager.handleOutput(context, await valueFor(manager, handler, mixed));
        const expected = { ...context.record, handler: handler.name, rows: 3 };
        expectEqual(await manager.inspect(inputContext("recorded")), expected, "the record");
        if (subject.survivesProcess === false) return;
        await manager.release?.();
        expectEqual(await again().inspect?.(inputContext("recorded")), expected, "the record that another one reads");
      });
    });

    it([7], "replaces columns by name, and takes the new ones as they are", async () => {
      await inFolder(subject, async ({ manager }) => {
        for (const handler of handlers) {
          await storeSample(manager, "changing", handler, { columns: { a: "bigint", b: "bigint" }, rows: [{ a: 1, b: 2 }] });
          await storeSample(manager, "changing", handler, { columns: { b: "bigint", a: "bigint" }, rows: [{ b: 20, a: 10 }] });
          expectEqual(await loadExact(manager, "changing"), [{ b: 20n, a: 10n }], `rows in another order of columns, ${handler.name}`);
          await storeSample(manager, "changing", handler, { columns: { a: "varchar", c: "double" }, rows: [{ a: "x", c: 0.5 }] });
          expectEqual(await loadExact(manager, "changing"), [{ a: "x", c: 0.5 }], `rows with other columns, ${handler.name}`);
        }
      });
    });

    it([1], "loads only the columns asked for, in that order", async () => {
      await inFolder(subject, async ({ manager }) => {
        await storeSample(manager, "wide", handlers[0] as AnyHandler, mixed);
        for (const handler of handlers) {
          const loaded = await manager.loadInput(
            inputContext("wide", { handler: handler.name === "rows" ? exactRows : handler, columns: ["ok", "a b"] }),
          );
          const { rows: found } = handler.name === "rows" ? { rows: loaded } : await read(manager, handler, loaded, "wide", mixed.columns);
          expectEqual(
            found,
            mixed.rows.map((row) => ({ ok: row["ok"], "a b": row["a b"] })),
            `rows as ${handler.name}`,
          );
        }
      });
    });

    it([2], "touches only the asset that is written", async () => {
      await inFolder(subject, async ({ manager }) => {
        const [handler] = handlers as [AnyHandler];
        const keys = ["sales", "sales2", "sale", "sales/sales", "sales/old", "salés"];
        const sample = (n: number): Sample => ({ columns: { n: "bigint" }, rows: [{ n }] });
        for (const [i, key] of keys.entries()) await storeSample(manager, key, handler, sample(i));
        await storeSample(manager, "sales", handler, sample(100));
        for (const [i, key] of keys.entries()) expectEqual(await loadExact(manager, key), [{ n: i === 0 ? 100n : BigInt(i) }], `rows of ${key}`);
        if (!manager.delete) return;
        await manager.delete(inputContext("sales"));
        for (const [i, key] of keys.entries())
          if (i > 0) expectEqual(await loadExact(manager, key), [{ n: BigInt(i) }], `rows of ${key} after the deletion of sales`);
      });
    });

    it([1], "shows pages of it, filtered and sorted", async () => {
      await inFolder(subject, async ({ manager }) => {
        if (!manager.preview) return;
        const sample: Sample = {
          columns: { n: "bigint", text: "varchar" },
          rows: Array.from({ length: 500 }, (_, n) => ({ n, text: n % 5 === 0 ? null : `t${n % 7}` })),
        };
        for (const handler of handlers) {
          await storeSample(manager, "paged", handler, sample);
          const page = await manager.preview(inputContext("paged"), { offset: 490, limit: 100 });
          expectEqual(page.rows, 500, "rows of all pages");
          const found = (await exactRows.fromTable!(await arrow.toTable!(tableFromIPC(page.ipc), { key: "paged" }), {
            key: "paged",
          })) as unknown as readonly { readonly n: bigint }[];
          expectEqual(
            found.map((row) => row.n),
            Array.from({ length: 10 }, (_, i) => BigInt(490 + i)),
            "the last page",
          );
          expectEqual(
            page.columns.map((column) => column.name),
            ["n", "text"],
            "columns of a page",
          );
          const part = await manager.preview(inputContext("paged"), {
            offset: 0,
            limit: 3,
            columns: ["n"],
            sort: [{ column: "n", descending: true }],
            filter: [
              { column: "text", operator: "eq", value: "t1" },
              { column: "n", operator: "lt", value: "400" },
            ],
          });
          const chosen = sample.rows
            .filter((row) => row["text"] === "t1" && Number(row["n"]) < 400)
            .map((row) => BigInt(Number(row["n"])))
            .reverse();
          expectEqual(part.rows, chosen.length, "rows that pass the filter");
          const sorted = (await rows({ integers: "bigint" }).fromTable!(await arrow.toTable!(tableFromIPC(part.ipc), { key: "paged" }), {
            key: "paged",
          })) as readonly unknown[];
          expectEqual(
            sorted,
            chosen.slice(0, 3).map((n) => ({ n })),
            "a filtered and sorted page",
          );
        }
      });
    });
  });
}
