import { describe, expect, expectTypeOf, it } from "vitest";
import { asset } from "../assets/asset.ts";
import { ioManagerKey, resourceKey } from "../assets/keys.ts";
import { source } from "../assets/source.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { invoke, materializeToMemory } from "../testing.ts";

interface Sale {
  readonly owner: string;
  readonly amount: number | null;
}
const shop = resourceKey<{ readonly sales: readonly Sale[] }>()("shop");
const warehouse = ioManagerKey()("warehouse");
const rawSales = asset("raw_sales", { resources: { shop }, run: (_, { resources }) => [...resources.shop.sales] });
const cleanSales = asset("clean_sales", {
  inputs: { rawSales: rawSales.as(rows()) },
  ioManager: warehouse,
  params: { missing: 0 },
  run: ({ rawSales: sales }, { params, log }) => {
    log.info(`${sales.length} sales`);
    return sales.map((sale) => ({ owner: sale.owner, amount: sale.amount ?? params.missing }));
  },
});
const summary = asset("summary", {
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales: sales }) =>
    sql<{ owner: string; amount: number }>`select owner, sum(amount) as amount from ${sales} group by owner order by owner`,
});
const sales: readonly Sale[] = [
  { owner: "a", amount: 1 },
  { owner: "b", amount: null },
  { owner: "a", amount: 2 },
];

describe("invoke", () => {
  it("calls run with the inputs, defaults and what the context gives", async () => {
    const messages: string[] = [];
    const found = await invoke(
      cleanSales,
      { rawSales: sales },
      { params: { missing: 7 }, log: (level, message) => messages.push(`${level}: ${message}`) },
    );
    expectTypeOf(found).toEqualTypeOf<readonly { owner: string; amount: number }[]>();
    expect(found).toEqual([
      { owner: "a", amount: 1 },
      { owner: "b", amount: 7 },
      { owner: "a", amount: 2 },
    ]);
    expect(messages).toEqual(["info: 3 sales"]);
    expect(await invoke(rawSales, {}, { resources: { shop: { sales } } })).toEqual(sales);
  });

  it("refuses inputs that are missing or not the asset's", async () => {
    await expect(invoke(cleanSales)).rejects.toThrow('needs the input "rawSales"');
    await expect(invoke(cleanSales, { rawSales: [], other: 1 })).rejects.toThrow('has no input "other"');
    await expect(invoke(source("outside", { as: rows<Sale>() }))).rejects.toMatchObject({ code: "config/invalid" });
  });
});

describe("materializeToMemory", () => {
  it("runs assets in order through memory, with resources and any I/O manager key", async () => {
    const run = await materializeToMemory([summary, cleanSales, rawSales], { resources: { shop: { sales } } });
    expect(await run.value(summary.as(rows()))).toEqual([
      { owner: "a", amount: 3 },
      { owner: "b", amount: 0 },
    ]);
    expect(run.metadata["clean_sales"]).toMatchObject({ rows: 3 });
    expect(run.events.map((event) => event.type)).toContain("run-finished");
  });

  it("takes values for upstream assets that are not in the list", async () => {
    const run = await materializeToMemory([cleanSales], { values: { raw_sales: sales }, params: { missing: 5 } });
    expect((await run.value(cleanSales))[1]).toEqual({ owner: "b", amount: 5 });
    await expect(materializeToMemory([cleanSales])).rejects.toMatchObject({ code: "io/not-found" });
    await expect(materializeToMemory([cleanSales], { values: { nothing: 1 } })).rejects.toThrow("upstream of nothing here");
  });

  it("throws what an asset threw", async () => {
    const broken = asset("broken", {
      inputs: { rawSales },
      run: (): number => {
        throw new TypeError("no such sale");
      },
    });
    await expect(materializeToMemory([broken], { values: { raw_sales: sales } })).rejects.toMatchObject({ code: "run/failed", asset: "broken" });
  });
});
