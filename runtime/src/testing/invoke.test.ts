import { describe, expect, expectTypeOf, it } from "vitest";
import { asset } from "../assets/asset.ts";
import { assets, output } from "../assets/assets.ts";
import { ioManagerKey, resourceKey } from "../assets/keys.ts";
import { dailyPartitions, dynamicPartitions, monthlyPartitions } from "../assets/partitions.ts";
import { self, source } from "../assets/source.ts";
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

const days = dailyPartitions({ start: "2026-01-01", end: "2026-03-01", column: "day" });
const daily = asset("daily", { partitions: days, run: (_, { partition }) => [{ day: partition.key, n: partition.start.getUTCDate() }] });
const monthly = asset("monthly", {
  partitions: monthlyPartitions({ start: "2026-01-01", end: "2026-03-01" }),
  inputs: { daily },
  run: async ({ daily: map }, { partition }) => ({
    month: partition.key,
    n: [...(await map.load()).values()].flat().reduce((sum, { n }) => sum + n, 0),
  }),
});
const customers = dynamicPartitions("customers");
const customer = asset("customer", {
  partitions: customers,
  run: async (_, { partition, partitions }) => {
    await partitions.add(customers, `${partition.key} junior`);
    return { name: partition.key };
  },
});
const balance = asset("balance", {
  partitions: days,
  inputs: { before: self(rows<{ n: number }>()).window({ start: -1, end: -1 }), daily },
  run: async ({ before, daily: rowsOfDay }, { partition }) => {
    const [last] = before.keys;
    const sum = last === undefined ? 0 : (await before.get(last))[0]!.n;
    return [{ day: partition.key, n: sum + rowsOfDay[0]!.n }];
  },
});
const together = asset("together", {
  partitions: days,
  range: true,
  inputs: { daily },
  run: async ({ daily: map }, { partitions }) => ({ keys: partitions.map(({ key }) => key), of: map.keys }),
});
const split = assets("split", {
  subset: true,
  outputs: { good: output(), bad: output() },
  run: (_, { selected }) => ({ good: selected.has("good") ? [{ a: 1 }] : undefined, bad: selected.has("bad") ? [{ b: 2 }] : undefined }),
});

describe("invoke of an asset with partitions", () => {
  it("makes the partition that the context names, from maps where several are taken", async () => {
    expect(await invoke(daily, {}, { partition: "2026-01-05" })).toEqual([{ day: "2026-01-05", n: 5 }]);
    const given = new Map([
      ["2026-02-01", [{ day: "2026-02-01", n: 1 }]],
      ["2026-02-02", [{ day: "2026-02-02", n: 2 }]],
    ]);
    expect(await invoke(monthly, { daily: given }, { partition: "2026-02" })).toEqual({ month: "2026-02", n: 3 });
    expect(await invoke(balance, { before: new Map(), daily: [{ n: 4 }] }, { partition: "2026-01-01" })).toEqual([{ day: "2026-01-01", n: 4 }]);
    expect(await invoke(together, { daily: given }, { partitions: ["2026-01-01", "2026-01-02"] })).toEqual({
      keys: ["2026-01-01", "2026-01-02"],
      of: ["2026-02-01", "2026-02-02"],
    });
    const added: unknown[] = [];
    const context = { partition: "Ada & Co", addPartitions: (name: string, keys: readonly string[]) => added.push(name, ...keys) };
    expect(await invoke(customer, {}, context)).toEqual({ name: "Ada & Co" });
    expect(added).toEqual(["customers", "Ada & Co junior"]);
  });

  it("refuses a partition that is not there, is not said, or that the asset does not have", async () => {
    await expect(invoke(daily)).rejects.toMatchObject({ code: "partition/unknown", message: "daily has partitions; its run makes one of them." });
    await expect(invoke(daily, {}, { partition: "2026-03-01" })).rejects.toMatchObject({ message: 'daily has no partition "2026-03-01".' });
    await expect(invoke(together, { daily: new Map() })).rejects.toMatchObject({ hint: 'Give the context "partitions".' });
    await expect(invoke(rawSales, {}, { partition: "x" })).rejects.toThrow('raw_sales has no partitions, and "x" was given.');
    await expect(invoke(monthly, { daily: [] }, { partition: "2026-01" })).rejects.toMatchObject({
      code: "config/invalid",
      message: 'Asset "monthly" takes several partitions of daily as its input "daily".',
    });
  });
});

describe("invoke of several outputs", () => {
  it("gives the value of the output, or all of them, and asks for those selected", async () => {
    const good = await invoke(split.good);
    expectTypeOf(good).toEqualTypeOf<readonly { a: number }[]>();
    expect(good).toEqual([{ a: 1 }]);
    const all = await invoke(split, {}, { selected: ["bad"] });
    expectTypeOf(all.bad).toEqualTypeOf<readonly { b: number }[]>();
    expect(all).toEqual({ good: undefined, bad: [{ b: 2 }] });
    await expect(invoke(split, {}, { selected: ["ugly"] })).rejects.toMatchObject({ code: "config/invalid", hint: "Its outputs are good, bad." });
  });
});

describe("materializeToMemory", () => {
  it("makes partitions, of values given by partition", async () => {
    const run = await materializeToMemory([balance, daily], { range: "2026-01-01..2026-01-03" });
    expect(await run.value(balance, { partition: "2026-01-03" })).toEqual([{ day: "2026-01-03", n: 6 }]);
    expect(await run.value(daily.all().with({ allowMissingPartitions: true }).merged())).toHaveLength(3);
    await expect(run.value(balance, { partition: "2026-01-04" })).rejects.toMatchObject({ code: "io/not-found" });

    const days31 = Array.from({ length: 31 }, (_, i) => `2026-01-${String(i + 1).padStart(2, "0")}`);
    const values = { daily: new Map(days31.map((day) => [day, [{ day, n: 1 }]])) };
    const month = await materializeToMemory([monthly], { values, partition: "2026-01" });
    expect(await month.value(monthly)).toEqual({ month: "2026-01", n: 31 });
    await expect(materializeToMemory([monthly], { values: { daily: new Map() }, partition: "2026-01" })).rejects.toMatchObject({
      code: "io/not-found",
      message: expect.stringContaining("2026-01-01..2026-01-31"),
    });
    await expect(materializeToMemory([monthly], { values: { daily: [] }, partition: "2026-01" })).rejects.toThrow(
      "is no Map, and daily has partitions",
    );
    const strange = { daily: new Map([["2025-01-01", []]]) };
    await expect(materializeToMemory([monthly], { values: strange, partition: "2026-01" })).rejects.toThrow("which it does not have");
    const known = await materializeToMemory([customer], { dynamicPartitions: { customers: ["Ada"] }, partition: "Ada" });
    expect(await known.value(customer)).toEqual({ name: "Ada" });
  });

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
