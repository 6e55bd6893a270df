import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { duckdb } from "../runtime/src/duckdb.ts";
import { asset, assetCheck, defineConfig, filesystem, inMemory, load, materialize, readCsv, rows, sql } from "../runtime/src/index.ts";

/* The first page of the API, from the asset's definition to the stored table, on every I/O manager there is. */

interface Sale {
  readonly owner: string;
  readonly amount: number | null;
}
const rawSales = asset("raw_sales", { run: () => readCsv<Sale>("data/raw_sales.csv") });
const cleanSales = asset("clean_sales", {
  inputs: { rawSales: rawSales.as(rows()) },
  run: ({ rawSales }) => rawSales.map((s) => ({ ...s, amount: s.amount ?? 0 })),
});
const salesSummary = asset("sales_summary", {
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales }) => sql`select owner, sum(amount) as amount from ${cleanSales} group by owner`,
});

const [folder, before] = [mkdtempSync(join(tmpdir(), "sluice-page-")), process.cwd()];
beforeAll(() => {
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/raw_sales.csv"), "owner,amount\nana,10\nben,\nana,5\n");
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const config = defineConfig({
  assets: ["assets/**/*.ts"],
  targets: {
    local: { ioManager: duckdb({ database: "data/sales.duckdb", schema: "public" }) },
    staging: { ioManager: filesystem({ baseDir: "data/staging" }) },
    test: { ioManager: inMemory() },
  },
  defaultTarget: "local",
});

it.each(["local", "staging", "test"] as const)("stores and loads the page's example on target %s", async (target) => {
  const run = await materialize([rawSales, cleanSales, salesSummary], { config, target });
  expect(run).toMatchObject({ success: true, failed: [] });
  expect(await load(rawSales.as(rows()), { config, target })).toEqual([
    { owner: "ana", amount: 10 },
    { owner: "ben", amount: null },
    { owner: "ana", amount: 5 },
  ]);
  expect(await run.value(cleanSales)).toEqual([
    { owner: "ana", amount: 10 },
    { owner: "ben", amount: 0 },
    { owner: "ana", amount: 5 },
  ]);
  const summary = await load(salesSummary.as(rows<{ owner: string; amount: number }>()), { config, target });
  expect(summary.toSorted((one, other) => one.owner.localeCompare(other.owner))).toEqual([
    { owner: "ana", amount: 15 },
    { owner: "ben", amount: 0 },
  ]);
});

it.each(["local", "staging", "test"] as const)("keeps what a blocking check refuses out of target %s", async (target) => {
  const seen: number[] = [];
  let value = [{ a: 1 }];
  const checked = asset("checked", { run: () => value });
  assetCheck(checked, {
    name: "not_empty",
    blocking: true,
    run: (staged) => {
      seen.push(staged.length);
      return staged.length > 0;
    },
  });
  expect(await materialize([checked], { config, target })).toMatchObject({ success: true });
  value = [];
  expect(await materialize([checked], { config, target })).toMatchObject({ success: false, failed: ["checked"] });
  expect(seen).toEqual([1, 0]);
  expect(await load(checked.as(rows()), { config, target })).toEqual([{ a: 1 }]);
});
