// Pages of a stored table, as the preview asks for them, by wall time: what a person waits.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { sql } from "../runtime/src/handlers/sql.ts";
import { duckdb } from "../runtime/src/io/duckdb.ts";
import type { PageRequest } from "../runtime/src/model/page.ts";
import { inputContext, outputContext } from "../runtime/src/testing/contexts.ts";
import { type BenchOptions, type Figure, medianOf, type Spent, spent, wallFigure } from "./support/figures.ts";

const value = (count: number) => sql`select range as id, random() as x, substr(md5(range::varchar), 1, (8 + range % 9)::int) as s,
  timestamp '2023-11-14' + interval (range) millisecond as ts, case when range % 7 = 0 then null else (range % 1000)::int end as k from range(${count})`;

export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  const count = quick ? 1e6 : 1e7;
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-pages-"));
  const io = duckdb({ database: join(folder, "warehouse.duckdb") });
  const page = (request: Partial<PageRequest>): Promise<Spent> =>
    spent(async () => {
      const found = await io.preview?.(inputContext("t"), { offset: 0, limit: 100, ...request });
      const rows = found ? tableFromIPC(found.ipc).numRows : 0;
      if (rows !== 100) throw new Error(`A page had ${rows} rows.`);
    });
  const several = async (times: number, work: (i: number) => Promise<Spent>): Promise<Spent> => {
    const taken: Spent[] = [];
    for (let i = 0; i < times; i++) taken.push(await work(i));
    return medianOf(taken);
  };
  const label = `of ${count / 1e6}e6 rows`;
  const figure = (name: string, taken: Spent, target?: number): Figure => wallFigure(`${name} ${label}`, taken, target);
  try {
    await io.handleOutput(outputContext("t"), value(count));
    const closed = async () => {
      await io.release?.();
      return page({});
    };
    const stored = [
      figure("first page, file closed before,", await several(7, closed), 100),
      figure("first page, file open,", await several(9, () => page({}))),
      figure("a later page", await several(9, (i) => page({ offset: (count / 10) * i + 50 })), 50),
      figure("the last page", await several(5, () => page({ offset: count - 100 })), 50),
    ];
    const by = (column: string, descending = false) => ({ sort: [{ column, descending }] });
    const first = [by("k"), by("ts", true), by("s"), by("s", true), by("x", true)];
    const newSort = await several(first.length, (i) => page(first[i] as Partial<PageRequest>));
    const atOnce = await page({ ...by("x", true), offset: count / 2 });
    const deep = await several(5, (i) => page({ ...by("x", true), offset: (count / 10) * (i + 4) + 7 }));
    const next = await page({ ...by("x", true), offset: 200 });
    return [
      ...stored,
      figure("first page of a new sort", newSort, 2000),
      figure("deep page of a sort, asked for at once,", atOnce),
      figure("a later deep page of that sort", deep, 500),
      figure("a later page near its beginning", next, 500),
      figure("first page of a filter", await page({ filter: [{ column: "k", operator: "eq", value: "5" }] })),
      figure("first page of a filter in text", await page({ filter: [{ column: "s", operator: "contains", value: "abc" }] })),
    ];
  } finally {
    await io.close?.();
    rmSync(folder, { recursive: true, force: true });
  }
}
