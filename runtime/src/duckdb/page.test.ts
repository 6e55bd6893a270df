import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PageRequest } from "../model/page.ts";
import { type Database, openDatabase } from "./database.ts";
import { type PageSource, pageOf } from "./page.ts";
import { run } from "./query.ts";

let folder: string;
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-pages-"));
  database = openDatabase(join(folder, "pages.duckdb"));
});
afterEach(async () => {
  await database.release();
  rmSync(folder, { recursive: true, force: true });
});

const make = (text: string) => database.lease((connection) => run(connection, text));
const ids = async (source: PageSource, request: Partial<PageRequest>): Promise<{ readonly ids: readonly number[]; readonly rows: number }> => {
  const asked = { offset: 0, limit: 1000, columns: ["i"], ...request };
  const page = await database.lease((connection) => pageOf(connection, database, source, asked), { purpose: "preview" });
  return { ids: Array.from(tableFromIPC(page.ipc).getChildAt(0)?.toArray() ?? [], Number), rows: page.rows };
};
const table: PageSource = { from: "t", version: "1", rowId: "rowid", byRange: true };

describe("pages of a sort of many rows", () => {
  const count = 250_000;
  const all = Array.from({ length: count }, (_, i) => i);
  const keyOf = (i: number) => (i % 9 === 0 ? null : (i * 7919) % 300);
  beforeEach(() => make(`CREATE TABLE t AS SELECT range AS i, CASE WHEN range % 9 <> 0 THEN range * 7919 % 300 END AS k FROM range(${count})`));

  it.each([false, true])(
    "are one order, whichever is asked for first: nulls last, equal ones as they are stored (descending: %s)",
    async (descending) => {
      const order = [...all].sort((a, b) => {
        const [one, other] = [keyOf(a), keyOf(b)];
        if (one === other) return a - b;
        if (one === null || other === null) return one === null ? 1 : -1;
        return descending ? other - one : one - other;
      });
      const sort = [{ column: "k", descending }];
      for (const offset of [0, 9000, 9500, 120_000, 0, 9999, count - 10]) {
        const page = await ids(table, { offset, sort });
        expect(page.rows).toBe(count);
        expect(page.ids).toEqual(order.slice(offset, offset + 1000));
      }
    },
  );

  it("are those of the rows meant, where that is not all of them", async () => {
    const part = { ...table, where: "i % 2 = 1" };
    const page = await ids(part, { offset: 5, limit: 3, sort: [{ column: "i", descending: true }] });
    expect(page).toEqual({ rows: count / 2, ids: [249_989, 249_987, 249_985] });
  });

  it("keep nobody waiting who wants the file", async () => {
    await ids(table, { sort: [{ column: "k" }], limit: 1 });
    await make("CREATE TABLE other AS SELECT 1 AS one");
    await ids(table, { sort: [{ column: "k", descending: true }], limit: 1 });
    await database.release();
    // Sorted again, since what was begun before went with the file.
    expect((await ids(table, { sort: [{ column: "i", descending: true }], offset: count - 2 })).ids).toEqual([1, 0]);
  });
});

it("a page finds its rows where a column has the name of the row numbers", async () => {
  await make(`CREATE TABLE t AS SELECT range AS i, 7 AS "RowId" FROM range(20)`);
  expect((await ids(table, { offset: 3, limit: 2 })).ids).toEqual([3, 4]);
  expect((await ids(table, { offset: 3, limit: 2, sort: [{ column: "i", descending: true }] })).ids).toEqual([16, 15]);
});

describe("a lease for what nobody waits for", () => {
  /** One that ends when told that the file is wanted; `begun` once it has a connection. */
  const aside = (purpose: "preview" | "look") => {
    const begun = Promise.withResolvers<void>();
    const wanted = Promise.withResolvers<void>();
    const work = () => {
      begun.resolve();
      return wanted.promise;
    };
    return { ended: database.lease(work, { purpose, onWanted: wanted.resolve }), begun: begun.promise };
  };

  it("is told when the file is to be let go", async () => {
    const { ended, begun } = aside("look");
    await begun;
    await database.release();
    await expect(ended).resolves.toBeUndefined();
  });

  it("is told when work has to open the file anew", async () => {
    await make("CREATE TABLE t AS SELECT 1 AS i");
    await database.release();
    const { ended, begun } = aside("preview");
    await begun;
    await make("CREATE TABLE other AS SELECT 1 AS i");
    await expect(ended).resolves.toBeUndefined();
  });
});
