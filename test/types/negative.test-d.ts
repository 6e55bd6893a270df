// biome-ignore-all lint/correctness/noInvalidUseBeforeDeclaration: one of the misuses
// biome-ignore-all format: each misuse is one line, so that its directive stands above it

import {
  arrow, asset, assetCheck, assets, dailyPartitions, defineConfig, dynamicPartitions, filesystem, hourlyPartitions, type IOManager, ioManagerKey, load, materialize, multiPartitions, output, type Rows, readCsv,
  resource, resourceKey, rows, self, source, sql, staticPartitions, type TableValue,
} from "sluice";
import { z } from "zod";

declare function duckdb(o: { database: string }): IOManager<TableValue>;
interface Sale { readonly owner: string; readonly amount: number | null }
interface Shop { get(path: string): Promise<string> }
const warehouse = ioManagerKey()("warehouse");
const shop = resourceKey<Shop>()("shop");
const days = dailyPartitions({ start: "2026-01-01" });
const berlin = dailyPartitions({ start: "2026-01-01", timezone: "Europe/Berlin" });
const regions = staticPartitions(["eu", "us"]);
const grid = multiPartitions({ date: days, region: regions });
const sales = asset("sales", { run: () => [] as Sale[] });
const raw = asset("raw", { run: () => readCsv("x.csv") });
const query = asset("query", { run: () => sql`select 1` });
const none = asset("none", { run: () => {} });
const config1 = asset("config", { run: () => ({ threshold: 3 }) });
const daily = asset("daily", { partitions: days, run: () => [{ n: 1 }] });
const gridded = asset("gridded", { partitions: grid, run: () => [{ n: 1 }] });
const regional = asset("regional", { partitions: regions, run: () => 1 });

// 01 an upstream column that does not exist
// @ts-expect-error
asset("n01", { inputs: { sales }, run: ({ sales }) => sales.map((s) => s.amout) });
// 02 an input that is not declared
// @ts-expect-error
asset("n02", { inputs: { sales }, run: ({ sale }) => sale });
// 03 a value without .as(): a query has no rows
// @ts-expect-error
asset("n03", { inputs: { query }, run: ({ query }) => query.map((r) => r) });
// 04 a stream has no length
// @ts-expect-error
asset("n04", { inputs: { raw }, run: ({ raw }) => raw.length });
// 05 rows<T>() that upstream's rows do not fit
// @ts-expect-error
asset("n05", { inputs: { sales: sales.as(rows<{ owner: number }>()) }, run: () => 1 });
// 06 a shape asked of something that is no table
// @ts-expect-error
asset("n06", { inputs: { config1: config1.as(arrow) }, run: () => 1 });
// 07 an unknown column
// @ts-expect-error
asset("n07", { inputs: { sales: sales.with({ columns: ["ownr"] }) }, run: () => 1 });
// 08 a column that was not asked for
// @ts-expect-error
asset("n08", { inputs: { sales: sales.with({ columns: ["owner"] }) }, run: ({ sales }) => sales[0]?.amount ?? 0 });
// 09 loading what is never stored
// @ts-expect-error
asset("n09", { inputs: { none }, run: () => 1 });
// 10 a value the I/O manager cannot store
// @ts-expect-error
asset("n10", { ioManager: warehouse, run: () => 42 });
// 11 the same, async
// @ts-expect-error
asset("n11", { ioManager: warehouse, run: async () => ({ threshold: 3 }) });
// 12 undefined on some paths
// @ts-expect-error
asset("n12", { run: () => (Math.random() > 0.5 ? [{ a: 1 }] : undefined) });
// 13 a function in a row
// @ts-expect-error
asset("n13", { run: () => [{ a: 1, f: () => 2 }] });
// 14 a promise in a row (a forgotten await)
// @ts-expect-error
asset("n14", { inputs: { sales }, run: ({ sales }) => sales.map(async (s) => s) });
// 15 partitioned upstream, unpartitioned downstream
// @ts-expect-error
asset("n15", { inputs: { daily }, run: ({ daily }) => daily.length });
// 16 other partitions
// @ts-expect-error
asset("n16", { partitions: regions, inputs: { daily }, run: () => 1 });
// 17 another time zone
// @ts-expect-error
asset("n17", { partitions: berlin, inputs: { daily }, run: () => 1 });
// 18 a dimension that is missing downstream
// @ts-expect-error
asset("n18", { partitions: days, inputs: { gridded }, run: () => 1 });
// 19 a static key that upstream lacks
// @ts-expect-error
asset("n19", { partitions: staticPartitions(["eu", "mars"]), inputs: { regional }, run: () => 1 });
// 20 an unknown static key
// @ts-expect-error
asset("n20", { inputs: { r: regional.partition("mars") }, run: () => 1 });
// 21 windows of what has no time
// @ts-expect-error
asset("n21", { partitions: regions, inputs: { r: regional.window({ start: -1, end: 0 }) }, run: () => 1 });
// 22 merging what is no table
// @ts-expect-error
asset("n22", { inputs: { r: regional.all().merged() }, run: () => 1 });
// 23 several partitions used as one value
// @ts-expect-error
asset("n23", { inputs: { d: daily.all() }, run: ({ d }) => d.length });
// 24 dynamic partitions of another name
// @ts-expect-error
asset("n24", { partitions: dynamicPartitions("a"), inputs: { b: asset("b", { partitions: dynamicPartitions("b"), run: () => 1 }) }, run: () => 1 });
// 25 an unknown dimension
// @ts-expect-error
asset("n25", { partitions: days, inputs: { g: gridded.all("regoin") }, run: () => 1 });
// 26 rows that the schema does not take
// @ts-expect-error
asset("n26", { rowSchema: z.object({ id: z.string() }), run: () => [{ id: 1 }] });
// 27 an output that is missing
// @ts-expect-error
assets("n27", { outputs: { a: output(), b: output() }, run: () => ({ a: 1 }) });
// 28 an output that its I/O manager cannot store
// @ts-expect-error
assets("n28", { outputs: { a: output(), b: output({ ioManager: warehouse }) }, run: () => ({ a: 1, b: 2 }) });
// 29 an output that is not optional
// @ts-expect-error
assets("n29", { outputs: { a: output() }, run: () => ({ a: Math.random() > 0.5 ? 1 : undefined }) });
// 30 a binding that is missing
// @ts-expect-error
defineConfig({ assets: ["a"], keys: [warehouse, shop], targets: { local: { ioManager: filesystem(), warehouse: duckdb({ database: "x" }) } }, defaultTarget: "local" });
// 31 a binding of the wrong kind
// @ts-expect-error
defineConfig({ assets: ["a"], keys: [shop], targets: { local: { shop: resource({ open: () => 3 }) } }, defaultTarget: "local" });
// 32 an I/O manager that stores less than its key promises
declare const onlySales: IOManager<Rows<Sale>>;
// @ts-expect-error
defineConfig({ assets: ["a"], keys: [warehouse], targets: { local: { warehouse: onlySales } }, defaultTarget: "local" });
// 33 an unknown default target
// @ts-expect-error
defineConfig({ assets: ["a"], targets: { local: {}, prod: {} }, defaultTarget: "prd" });
// 34 a misspelt binding
// @ts-expect-error
defineConfig({ assets: ["a"], keys: [warehouse], targets: { local: { warehouse: duckdb({ database: "x" }), warehose: duckdb({ database: "x" }) } }, defaultTarget: "local" });
// 35 an unknown target
// @ts-expect-error
const config = defineConfig({ assets: ["a"], targets: { local: {}, prod: {} }, defaultTarget: "prod" }); void materialize("*", { config, target: "prd" });
// 36 a resource that was not asked for
// @ts-expect-error
asset("n36", { resources: { shop }, run: async (_, { resources }) => { await resources.shp.get("x"); } });
// 37 a check of a shape it did not get
// @ts-expect-error
assetCheck(sales, { name: "c", run: (v) => v.amount > 0 });
// 38 writing to a shared value
// @ts-expect-error
asset("n38", { inputs: { sales }, run: ({ sales }) => { sales.push({ owner: "", amount: 1 }); return sales; } });
// 39 self outside time partitions
// @ts-expect-error
asset("n39", { inputs: { previous: self(rows<Sale>()).window({ start: -1, end: -1 }) }, run: () => [] as Sale[] });
// 40 an object as a parameter of a query
// @ts-expect-error
asset("n40", { run: () => sql`select ${{ a: 1 }}` });
// 41 an asset used by its definition instead of its input in a query
// @ts-expect-error
asset("n41", { run: () => sql`select * from ${sales}` });
// 42 spec misspelt
// @ts-expect-error
asset("n42", { input: { sales }, run: () => 1 });
// 43 a key without a name
// @ts-expect-error
source("s", { ioManager: "warehouse" });
// 44 hourly downstream must not read another zone's day
// @ts-expect-error
asset("n44", { partitions: hourlyPartitions({ start: "2026-01-01", timezone: "Europe/Berlin" }), inputs: { daily }, run: () => 1 });
// 46 an output that is not declared
// @ts-expect-error
assets("n46", { outputs: { a: output() }, run: () => ({ a: 1, c: 2 }) });
// 47 a function
// @ts-expect-error
asset("n47", { run: () => () => 1 });
// 45 a self reference
// @ts-expect-error
const loop = asset("n45", { inputs: { loop }, run: () => 1 });

// 48 a column type that does not exist
// @ts-expect-error
asset("n48", { columns: { n: "decimel(18,2)" }, run: () => [{ n: 1 }] });
// 49 a param that has no default
// @ts-expect-error
asset("n49", { params: { limit: 1 }, run: (_, { params }) => params.limt });
// 50 a param that is not plain data
// @ts-expect-error
asset("n50", { params: { since: new Date() }, run: () => 1 });
// 51 a downstream of an optional asset cannot be handed undefined
// @ts-expect-error
asset("n51", { inputs: { maybe: asset("maybe", { optional: true, run: (): number | undefined => undefined }) }, run: ({ maybe }) => { const none: undefined = maybe; return [{ none: none ?? 1 }]; } });
// 52 a validator's output that is used as its input
// @ts-expect-error
asset("n52", { inputs: { sales: sales.as(rows(z.object({ owner: z.string().transform((s) => s.length) }))) }, run: ({ sales }) => sales[0]?.owner.trim() ?? "" });
// 53 a target that reads from no target at all
// @ts-expect-error
defineConfig({ assets: ["a"], targets: { local: { readFrom: 3 } }, defaultTarget: "local" });
const local = defineConfig({ assets: ["a"], targets: { local: {} }, defaultTarget: "local" });
// 54 a partition of an asset that has none
// @ts-expect-error
void load(sales, { config: local, partition: "2026-01-01" });
// 55 no partition of an asset that has some
// @ts-expect-error
void load(daily, { config: local });
// 56 a partition that static partitions do not have
// @ts-expect-error
void load(regional, { config: local, partition: "cn" });
// 57 a partition of an input that says which it takes
// @ts-expect-error
void load(daily.all(), { config: local, partition: "2026-01-01" });
// 58 one partition under the name of several
// @ts-expect-error
void materialize([daily], { config: local, partitions: "2026-01-01" });
// 59 a range without its dots
// @ts-expect-error
void materialize([daily], { config: local, range: "2026-01-01" });
// 60 an option of a run that does not exist
// @ts-expect-error
void materialize([daily], { config: local, partiton: "2026-01-01" });
// 61 a dimension that is missing
// @ts-expect-error
void load(gridded, { config: local, partition: { date: "2026-01-01" } });
// 62 a range to load
// @ts-expect-error
void load(daily, { config: local, range: ".." });
// 63 an output whose rows its validator does not take
// @ts-expect-error
assets("n63", { outputs: { a: output({ rowSchema: z.object({ id: z.number() }) }) }, run: () => ({ a: [{ id: "1" }] }) });
// 64 a validator of rows for what is no array of rows
// @ts-expect-error
asset("n64", { rowSchema: z.object({ id: z.number() }), run: () => sql`select 1 as id` });
// 65 a validator that takes other rows than the upstream asset's
// @ts-expect-error
asset("n65", { inputs: { sales: sales.as(rows(z.object({ owner: z.number() }))) }, run: ({ sales }) => sales });
