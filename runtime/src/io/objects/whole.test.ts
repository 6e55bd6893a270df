import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batches } from "../../handlers/batches.ts";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import type { Page, PageRequest } from "../../model/page.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { filesystem } from "../filesystem.ts";
import { inMemory } from "../in-memory.ts";
import type { AnyIOManager, SqlQuery } from "../manager.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-whole-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Places = Readonly<Record<string, string>>;
const keyOf = (places: Places): string => Object.values(places).join("|");
const sliceOf = (places: Places) => ({ key: keyOf(places), dimensions: Object.entries(places).map(([name, key]) => ({ name, key })) });
const at = (...all: readonly Places[]) => ({ partitions: all.map(keyOf), slices: all.map(sliceOf) });
/** Each one a second after the one before. */
let stored = 0;
const store = (manager: AnyIOManager, value: unknown, ...places: readonly Places[]) => {
  stored += 1;
  const record = { storedAt: new Date(stored * 1000).toISOString() };
  return manager.handleOutput(outputContext("shop/sales", { record, ...(places.length > 0 ? at(...places) : {}) }), value);
};
const load = (manager: AnyIOManager) => manager.loadInput(inputContext("shop/sales", { handler: rows() }));
const shown = ({ ipc, columns }: Page) =>
  tableFromIPC(ipc)
    .toArray()
    .map((row) => columns.map(({ name }) => (typeof row[name] === "bigint" ? Number(row[name]) : (row[name] as unknown))));
const preview = (manager: AnyIOManager, request: Partial<PageRequest> = {}) =>
  manager.preview!(inputContext("shop/sales"), { offset: 0, limit: 100, ...request });

describe.each([
  ["files", () => filesystem({ baseDir: folder })],
  ["memory", () => inMemory()],
])("a partitioned asset in %s, read as a whole", (_, open) => {
  let manager: AnyIOManager;
  beforeEach(() => {
    manager = open();
  });
  afterEach(() => manager.close?.());

  it("is all of its partitions as one table, in any shape", async () => {
    await store(manager, [{ n: 1 }], { region: "EU" });
    await store(manager, [{ n: 2, more: "x" }], { region: "US" });
    expect(await load(manager)).toEqual([
      { n: 1, more: null },
      { n: 2, more: "x" },
    ]);
    const query = (await manager.loadInput(inputContext("shop/sales", { handler: sql }))) as SqlQuery;
    await manager.handleOutput(outputContext("sum"), sql`select sum(n) as n from ${query}`);
    expect(await manager.loadInput(inputContext("sum", { handler: rows() }))).toEqual([{ n: 3 }]);
    let read = 0;
    for await (const batch of (await manager.loadInput(inputContext("shop/sales", { handler: batches, columns: ["n"] }))) as AsyncIterable<{
      readonly numRows: number;
    }>)
      read += batch.numRows;
    expect(read).toBe(2);
    expect(await manager.inspect?.(inputContext("shop/sales"))).toEqual({});
  });

  it("shows which partition a row is of, to look at, sort and filter", async () => {
    await store(manager, [{ n: 1 }, { n: 2 }], { region: "EU" });
    await store(manager, [{ n: 3 }], { region: "it's" });
    const page = await preview(manager);
    expect(page.columns.map(({ name }) => name)).toEqual(["n", "region"]);
    expect(page.rows).toBe(3);
    expect(shown(page)).toEqual([
      [1, "EU"],
      [2, "EU"],
      [3, "it's"],
    ]);
    const sorted = await preview(manager, {
      sort: [
        { column: "region", descending: true },
        { column: "n", descending: true },
      ],
      limit: 2,
    });
    expect(shown(sorted)).toEqual([
      [3, "it's"],
      [2, "EU"],
    ]);
    const filtered = await preview(manager, { filter: [{ column: "region", operator: "eq", value: "it's" }] });
    expect([filtered.rows, shown(filtered)]).toEqual([1, [[3, "it's"]]]);
  });

  it("shows several dimensions, and none that the table has a column for", async () => {
    await store(manager, [{ n: 1, Date: "x" }], { date: "2026-01-01", region: "EU" });
    await store(manager, [{ n: 2, Date: "y", extra: 0.5 }], { date: "2026-01-02", region: "EU" });
    const page = await preview(manager);
    expect(page.columns.map(({ name }) => name)).toEqual(["n", "Date", "extra", "region"]);
    expect(shown(page)).toEqual([
      [1, "x", null, "EU"],
      [2, "y", 0.5, "EU"],
    ]);
  });

  it("keeps exact types and a column called file_index", async () => {
    await store(manager, sql`select 7::hugeint as h, 5 as file_index`, { region: "EU" });
    await store(manager, sql`select 8::hugeint as h, 6 as file_index`, { region: "US" });
    const page = await preview(manager);
    expect(page.columns).toMatchObject([{ name: "h", type: "HUGEINT" }, { name: "file_index", type: "INTEGER" }, { name: "region" }]);
    expect(shown(page).map(([, , region]) => region)).toEqual(["EU", "US"]);
  });

  it("shows values that are no tables beside their keys, and does not load them as one", async () => {
    await store(manager, { a: 1 }, { region: "EU" });
    await store(manager, "text", { region: "US" });
    expect(shown(await preview(manager))).toEqual([
      ["EU", "{ a: 1 }"],
      ["US", "text"],
    ]);
    await expect(load(manager)).rejects.toMatchObject({ code: "io/unsupported-value", message: expect.stringContaining('Partition "EU"') });
  });

  it("is what was stored last where both are there, and the other one stays", async () => {
    await store(manager, [{ n: 1 }]);
    await store(manager, [{ n: 2 }], { region: "EU" });
    await store(manager, [{ n: 3 }], { region: "US" });
    expect(await load(manager)).toEqual([{ n: 2 }, { n: 3 }]);
    expect(shown(await preview(manager))).toHaveLength(2);
    await store(manager, [{ n: 4 }]);
    expect(await load(manager)).toEqual([{ n: 4 }]);
    expect(shown(await preview(manager))).toEqual([[4]]);
    expect(await manager.inspect?.(inputContext("shop/sales"))).toMatchObject({ rows: 1 });
    expect(await manager.list?.(inputContext("shop/sales"))).toEqual(["EU", "US"]);
    expect(await manager.loadInput(inputContext("shop/sales", { handler: rows(), ...at({ region: "EU" }) }))).toEqual([{ n: 2 }]);
    await store(manager, [{ n: 5 }], { region: "EU" });
    expect(await load(manager)).toEqual([{ n: 5 }, { n: 3 }]);
    await manager.delete?.(inputContext("shop/sales"));
    await expect(load(manager)).rejects.toMatchObject({ code: "io/not-found" });
  });
});

describe("partitions in files that are read together", () => {
  it("stay until they are read, whatever replaces or deletes them, and leave no lease", async () => {
    const manager = filesystem({ baseDir: folder });
    await store(manager, sql`select i as n from range(300000) as t(i)`, { region: "EU" });
    await store(manager, [{ n: -1 }], { region: "US" });
    const stream = (await manager.loadInput(inputContext("shop/sales", { handler: batches }))) as AsyncIterable<{ readonly numRows: number }>;
    let read = 0;
    for await (const { numRows } of stream) {
      if (read === 0) {
        await store(manager, [{ n: 0 }], { region: "EU" });
        await manager.delete?.(inputContext("shop/sales", at({ region: "US" })));
      }
      read += numRows;
    }
    expect(read).toBe(300_001);
    expect(await load(manager)).toEqual([{ n: 0 }]);
    await store(manager, [{ n: 1 }], { region: "EU" });
    const left = (await readdir(join(folder, ".values"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(left.filter(({ name }) => name.endsWith(".lease"))).toEqual([]);
    expect(left.filter(({ parentPath }) => parentPath.includes("%45%55"))).toHaveLength(2);
    await manager.close?.();
  });

  it("may be files of another program", async () => {
    const manager = filesystem({ baseDir: folder });
    const { place } = await manager.handleOutput(outputContext("one"), [{ n: 1 }]);
    await mkdir(join(folder, "shop/sales/date=2026-01-01"), { recursive: true });
    await copyFile(place, join(folder, "shop/sales/date=2026-01-01/region=EU.parquet"));
    expect(await load(manager)).toEqual([{ n: 1 }]);
    expect(shown(await preview(manager))).toEqual([[1, "2026-01-01", "EU"]]);
    await manager.close?.();
  });
});
