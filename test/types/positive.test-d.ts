// biome-ignore-all lint/suspicious/noExplicitAny: what users hand in may be any
// biome-ignore-all format: one definition per line, to be read as a list
import type { RecordBatch, Table } from "apache-arrow";
import type { DataFrame, Expr, LazyDataFrame } from "nodejs-polars";
import {
  type Asset, 
  arrow, asset, assetCheck, assets, type Batches, batches, type Config, dailyPartitions, defineConfig, dynamicPartitions, env, filesystem, hourlyPartitions, type IOManager, inMemory, ioManagerKey, link, load as loadStored, materialize, md,
  monthlyPartitions, multiPartitions, output, type PartitionMap, type Received,type Rows, readCsv, resource, resourceKey, rows, type SqlQuery, self, source, sql, staticPartitions, type TableValue, type TypeHandler, table, weeklyPartitions,
} from "sluice";
import { polars, polarsLazy } from "sluice/polars";
import { z } from "zod";

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
declare function same<A, B>(...e: Equal<A, B> extends true ? [] : [expected: B, found: A]): void;
type V<A> = A extends Asset<infer T, any> ? T : never;

// ---- page
interface Sale { readonly owner: string; readonly amount: number | null }
export const rawSales = asset("raw_sales", { run: () => readCsv("data/raw_sales.csv") });
same<V<typeof rawSales>, Batches<unknown>>();
export const cleanSales = asset("clean_sales", {
  inputs: { rawSales: rawSales.as(rows<Sale>()) },
  run: ({ rawSales }) => rawSales.map((s) => ({ ...s, amount: s.amount ?? 0 })),
});
same<V<typeof cleanSales>, readonly { amount: number; owner: string }[]>();
export const salesSummary = asset("sales_summary", {
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales }) => sql`select owner, sum(amount) as amount from ${cleanSales} group by owner`,
});
same<V<typeof salesSummary>, SqlQuery<unknown>>();
// ---- no .as() downstream of sql, batches
asset("d1", { inputs: { salesSummary, rawSales, cleanSales }, run: ({ salesSummary, rawSales, cleanSales }) => {
  same<typeof salesSummary, SqlQuery<unknown>>(); same<typeof rawSales, Batches<unknown>>();
  same<typeof cleanSales, Rows<{ amount: number; owner: string }>>();
  return sql`select * from ${salesSummary}`;
} });
// ---- shape with upstream's row type
asset("d2", { inputs: { r: cleanSales.as(rows()), q: cleanSales.as(sql), b: cleanSales.as(batches), t: cleanSales.as(arrow), one: cleanSales.as(rows()).with({ columns: ["owner"] }), plain: cleanSales.with({ columns: ["amount"] }) },
  run: ({ r, q, b, t, one, plain }) => {
    same<typeof r, Rows<{ amount: number; owner: string }>>(); same<typeof q, SqlQuery<{ amount: number; owner: string }>>(); same<typeof b, Batches<{ amount: number; owner: string }>>();
    const table: Table = t; const owner: string | undefined = one[0]?.owner; const amount: number | undefined = plain[0]?.amount;
    return { table: table.numRows, owner: owner ?? "", amount: amount ?? 0 };
  } });
const typed = asset("typed", { run: () => sql<{ id: bigint; name: string }>`select 1` });
asset("d3", { inputs: { typed: typed.as(rows()), part: typed.as(rows()).with({ columns: ["id"] }), narrowed: typed.as(rows<{ id: bigint }>()) }, run: ({ typed, part, narrowed }) => { const a: bigint | undefined = typed[0]?.id ?? part[0]?.id ?? narrowed[0]?.id; return [{ a: a ?? 0n }]; } });
// ---- validators that take what is stored and give something else
asset("validated", { inputs: { s: cleanSales.as(rows(z.object({ owner: z.string(), amount: z.number().transform(String) }))), loose: rawSales.as(rows(z.object({ n: z.coerce.number() }))) }, run: ({ s, loose }) => { same<typeof s, Rows<{ owner: string; amount: string }>>(); same<typeof loose, Rows<{ n: number }>>(); return s; } });
// ---- frames of Polars
const framed = asset("framed", { inputs: { eager: cleanSales.as(polars), lazy: cleanSales.as(polarsLazy) }, run: ({ eager, lazy }) => { same<typeof eager, DataFrame>(); same<typeof lazy, LazyDataFrame>(); return eager.head(1); } });
asset("framed_rows", { inputs: { framed, typed: framed.as(rows<Sale>()), query: framed.as(sql), merged: asset("framed_daily", { partitions: dailyPartitions({ start: "2026-01-01" }), run: () => framedOf }).as(polarsLazy).all().merged() }, run: ({ framed, typed, query, merged }) => { same<typeof query, SqlQuery<unknown>>(); void typed.length; void framed.height; return merged.filter(framedExpr); } });
const framedKey = ioManagerKey()("frames"); asset("framed_keyed", { ioManager: framedKey, run: async () => framedLazy });
declare const framedOf: DataFrame; declare const framedLazy: LazyDataFrame; declare const framedExpr: Expr;
// ---- async, interface rows, readonly, union returns
interface Plain { id: number; tags: readonly string[]; at: Date }
const asyncRows = asset("async_rows", { run: async () => [] as Plain[] });
same<V<typeof asyncRows>, Rows<Plain>>();
const union = asset("union", { run: () => (Math.random() > 0.5 ? [{ a: 1 }] : { empty: true as boolean }) });
same<V<typeof union>, Rows<{ a: number }> | { empty: boolean }>();
async function* gen(): AsyncIterable<RecordBatch> {}
const streamed = asset("streamed", { run: () => gen() });
asset("d4", { inputs: { streamed, rowsOf: streamed.as(rows<Sale>()) }, run: async ({ streamed, rowsOf }) => { for await (const b of streamed) void b.numRows; return rowsOf.length; } });
// ---- void, deps, resources
interface Shop { get(path: string): Promise<string> }
const shop = resourceKey<Shop>()("shop");
const selfStored = asset("self_stored", { deps: [rawSales, "legacy/table"], resources: { shop }, run: async (_, { resources, partition, log }) => { same<typeof partition, undefined>(); log.info(await resources.shop.get("/x")); } });
same<V<typeof selfStored>, void>();
asset("after", { deps: [selfStored], run: () => 1 });
// ---- keys
const warehouse = ioManagerKey()("warehouse");
interface Model { readonly weights: Float64Array; predict(x: number): number }
const models = ioManagerKey<Model>()("models");
asset("in_warehouse", { ioManager: warehouse, inputs: { cleanSales }, run: ({ cleanSales }) => cleanSales.filter((s) => s.amount > 0) });
asset("in_warehouse_2", { ioManager: warehouse, run: () => gen() });
const model = asset("model", { ioManager: models, run: (): Model => ({ weights: new Float64Array(), predict: (x) => x }) });
asset("predict", { inputs: { model }, run: ({ model }) => model.predict(1) });
// ---- partitions
const days = dailyPartitions({ start: "2026-01-01", column: "day" });
const days2 = dailyPartitions({ start: "2026-03-01", column: "d" });
const hours = hourlyPartitions({ start: "2026-01-01" });
const months = monthlyPartitions({ start: "2026-01-01" });
const weeks = weeklyPartitions({ start: "2026-01-01" });
const regions = staticPartitions(["eu", "us"]);
const grid = multiPartitions({ date: days, region: regions });
const customers = dynamicPartitions("customers");
const daily = asset("daily", { partitions: days, run: (_, { partition }) => { same<typeof partition, { readonly key: string; readonly start: Date; readonly end: Date }>(); return [{ day: partition.key, n: 1 }]; } });
type DailyRows = Rows<{ day: string; n: number }>;
const hourly = asset("hourly", { partitions: hours, run: () => [{ h: 1 }] });
const gridded = asset("gridded", { partitions: grid, run: (_, { partition }) => { same<typeof partition.dimensions.region.key, "eu" | "us">(); return [{ region: partition.dimensions.region.key, start: partition.dimensions.date.start }]; } });
asset("p1", { partitions: days2, inputs: { daily, hourly, cleanSales }, run: ({ daily, hourly, cleanSales }) => { same<typeof daily, DailyRows>(); same<typeof hourly, PartitionMap<Rows<{ h: number }>>>(); return cleanSales.length; } });
asset("p2", { partitions: hours, inputs: { daily }, run: ({ daily }) => { same<typeof daily, DailyRows>(); return 1; } });
asset("p3", { partitions: weeks, inputs: { m: asset("m", { partitions: months, run: () => 1 }), daily: daily.window({ start: -1, end: 0 }), merged: daily.window({ start: 0, end: 6 }).merged() }, run: ({ m, daily, merged }) => { same<typeof m, PartitionMap<number>>(); same<typeof daily, PartitionMap<DailyRows>>(); same<typeof merged, DailyRows>(); return 1; } });
asset("p4", { inputs: { all: daily.all(), last: daily.latest(), one: daily.partition("2026-01-01"), merged: daily.all().merged(), sqlAll: daily.as(sql).all().merged(), g: gridded.partition({ date: "2026-01-01", region: "eu" }), maybe: daily.latest().with({ allowMissingPartitions: true }) },
  run: async ({ all, last, one, merged, sqlAll, g, maybe }) => {
    same<typeof all, PartitionMap<DailyRows>>(); same<typeof last, DailyRows>(); same<typeof one, DailyRows>(); same<typeof merged, DailyRows>(); same<typeof sqlAll, SqlQuery<{ day: string; n: number }>>(); same<typeof maybe, DailyRows | undefined>();
    for await (const [k, v] of all) void [k.length, v.length];
    return g.length + (await all.load({ concurrency: 8 })).size;
  } });
asset("p5", { partitions: grid, inputs: { gridded, daily, regional: asset("regional", { partitions: staticPartitions(["eu", "us", "asia"]), run: () => "x" }) }, run: ({ gridded, daily, regional }) => { same<typeof daily, DailyRows>(); same<typeof regional, string>(); return gridded.length; } });
asset("p6", { partitions: days, inputs: { g: gridded.all("region"), m: gridded.as(rows()).all("region").merged() }, run: ({ g, m }) => { const n: number = g.size; same<typeof m, Rows<{ region: "eu" | "us"; start: Date }>>(); return n + m.length; } });
interface Balance { readonly account: string; readonly amount: number }
asset("balance", { partitions: days, inputs: { previous: self(rows<Balance>()).window({ start: -1, end: -1 }), daily }, run: async ({ previous, daily }) => { same<typeof previous, PartitionMap<Rows<Balance>>>(); return daily.map((d): Balance => ({ account: d.day, amount: d.n })); } });
const together = asset("together", { partitions: days, range: true, inputs: { daily, cleanSales }, run: async ({ daily, cleanSales }, { partition, partitions }) => { same<typeof partition, undefined>(); same<typeof daily, PartitionMap<DailyRows>>(); void partitions[0]?.start; await partitions.add(customers, "ada"); void cleanSales.length; return daily.load(); } });
asset("of_together", { partitions: days, inputs: { together }, run: ({ together }) => { same<typeof together, DailyRows>(); return together; } });
asset("per_customer", { partitions: customers, inputs: { c: asset("c", { partitions: dynamicPartitions("customers"), run: () => 1 }) }, run: ({ c }) => c + 1 });
const threeDims = asset("three", { partitions: multiPartitions({ date: days, region: regions, customer: customers }), run: () => 1 });
asset("p7", { partitions: grid, inputs: { t: threeDims.all("customer") }, run: ({ t }) => t.size });
// ---- schema
const saleSchema = z.object({ id: z.string().transform((s) => BigInt(s)), owner: z.string() });
const validated = asset("validated", { rowSchema: saleSchema, run: () => [{ id: "12", owner: "a" }] });
same<V<typeof validated>, Rows<{ id: bigint; owner: string }>>();
asset("d5", { inputs: { v: rawSales.as(rows(saleSchema)), validated }, run: ({ v, validated }) => (v[0]?.id ?? 0n) + (validated[0]?.id ?? 0n) });
// ---- several outputs
const split = assets("split", { inputs: { cleanSales }, outputs: { good: output(), bad: output({ optional: true }), model: output({ ioManager: models }) },
  run: ({ cleanSales }) => ({ good: cleanSales.map((c) => ({ ...c })), bad: cleanSales.length > 3 ? [{ reason: "x" }] : undefined, model: { weights: new Float64Array(), predict: (x: number) => x } }) });
same<V<typeof split.good>, Rows<{ amount: number; owner: string }>>(); same<V<typeof split.bad>, Rows<{ reason: string }>>();
const badKey: "split/bad" = split.bad.key; void badKey;
const sub = assets("sub", { subset: true, outputs: { a: output(), b: output() }, run: (_, { selected }) => ({ a: selected.has("a") ? [{ x: 1 }] : undefined, b: selected.has("b") ? 2 : undefined }) });
same<V<typeof sub.b>, number>();
const checked = assets("checked", { outputs: { a: output({ rowSchema: saleSchema }), b: output({ optional: true, rowSchema: saleSchema }), c: output() },
  run: () => ({ a: [{ id: "12", owner: "a" }], b: Math.random() > 0.5 ? [{ id: "1", owner: "b" }] : undefined, c: 1 }) });
same<V<typeof checked.a>, Rows<{ id: bigint; owner: string }>>(); same<V<typeof checked.b>, Rows<{ id: bigint; owner: string }>>(); same<V<typeof checked.c>, number>();
const ranged = assets("ranged", { partitions: days, range: true, inputs: { daily }, outputs: { a: output(), b: output() },
  run: async ({ daily }, { partition, partitions }) => { same<typeof partition, undefined>(); void partitions[0]?.start; return { a: await daily.load(), b: new Map(partitions.map(({ key }) => [key, 1])) }; } });
same<V<typeof ranged.a>, DailyRows>(); same<V<typeof ranged.b>, number>();
// ---- source
const orders = source("orders", { as: rows<Sale>(), partitions: days });
asset("o", { partitions: days, inputs: { orders }, run: ({ orders }) => orders.length });
const ext = source("ext"); asset("e", { inputs: { ext: ext.as(rows<Sale>()) }, run: ({ ext }) => ext.length });
// ---- checks
assetCheck(cleanSales, { name: "not_empty", blocking: true, run: (v) => v.length > 0 });
assetCheck(cleanSales.as(sql), { name: "unique", run: (v) => { void v; return { passed: true, severity: "warn", metadata: { n: 1 } }; } });
assetCheck(daily, { name: "per_day", run: (v, { partition }) => v.every((r) => r.day === partition.key) });
// ---- project
declare function duckdb(o: { database: string; schema?: string }): IOManager<TableValue>;
declare const modelManager: IOManager<Model>;
const keys = [warehouse, models, shop] as const;
const shopResource = resource({ open: (): Shop => ({ get: async (p) => p }), close: (s) => { void s.get; } });
export const config = defineConfig({ assets: ["assets/**/*.ts"], keys, targets: {
  local: { ioManager: duckdb({ database: "x" }), warehouse: duckdb({ database: "y" }), models: modelManager, shop: shopResource },
  files: { ioManager: filesystem(), warehouse: filesystem({ baseDir: env("DIR") }), models: inMemory(), shop: shopResource },
  prod: { protected: true, warehouse: duckdb({ database: "y" }), models: modelManager, shop: shopResource },
}, defaultTarget: "local" });
defineConfig({ assets: ["a"], targets: { local: { ioManager: duckdb({ database: "x" }) } }, defaultTarget: "local" });
void materialize("+sales_summary", { config, target: "prod" });
void materialize([daily], { config, partition: "2026-01-01" }); void materialize([daily], { config, partitions: ["2026-01-01", "a..b"], range: "2026-01-01..", params: { limit: 1 } });
void materialize("*", { config, partition: { date: "2026-01-01", region: "eu" } });
void (async () => {
  const one = await loadStored(daily, { config, partition: "2026-01-01" }); same<typeof one, DailyRows>();
  const inGrid = await loadStored(threeDims, { config, partition: { date: "2026-01-01", region: "eu", customer: "ada" } }); same<typeof inGrid, number>();
  void loadStored(threeDims, { config, partition: "customer=ada|date=2026-01-01|region=eu" });
  const every = await loadStored(daily.all(), { config }); same<typeof every, PartitionMap<DailyRows>>();
  const merged = await loadStored(daily.as(rows()).all().merged(), { config }); same<typeof merged, DailyRows>();
  const named = await loadStored(asset("by_region", { partitions: regions, run: () => 1 }).partition("eu"), { config, target: "prod" }); same<typeof named, number>();
  const whole = await loadStored(cleanSales, { config }); void whole.length;
  const run = await materialize([daily], { config, range: ".." }); const value = await run.value(daily, { partition: "2026-01-01" }); same<typeof value, DailyRows>(); void run.value(daily); void run.value(cleanSales);
});
const custom: TypeHandler<{ readonly mine: true }> = null!; void custom;
type _r = Received<number[]>;
// ---- order of properties, method shorthand, generators, async several outputs
asset("order", { run({ sales }) { return sales.length; }, inputs: { sales: cleanSales } });
asset("generator", { inputs: { streamed }, async *run({ streamed }) { for await (const b of streamed) yield b; } });
assets("async_split", { outputs: { a: output(), b: output() }, run: async () => ({ a: [{ x: 1 }], b: "b" }) });
// ---- factories
declare const anyRows: any[]; asset("any_rows", { run: () => anyRows });
export const load = <const Key extends string>(key: Key, path: string) => asset(key, { run: () => readCsv<Sale>(path) });
const loaded = load("loaded", "x.csv"); const loadedKey: "loaded" = loaded.key; void loadedKey;
asset("uses_loaded", { inputs: { loaded: loaded.as(rows()) }, run: ({ loaded }) => loaded.map((s) => s.owner.length) });
for (const region of ["eu", "us"]) asset(`sales_${region}`, { partitions: days, inputs: { daily }, run: ({ daily }, { partition }) => daily.filter((d) => d.day === partition.key) });
// ---- streams written without our Batches type can still be shaped, merged and narrowed
asset("shapes", { inputs: { s: streamed.as(sql), m: asset("md", { partitions: days, run: () => gen() }).as(arrow).all().merged() }, run: ({ s, m }) => { void m.numRows; return sql`select * from ${s}`; } });

// ---- params, optional, columns, what the context offers
asset("params", { params: { limit: 10, name: "x", exact: true, ids: [1, 2] }, run: (_, { params }) => { same<typeof params, { readonly limit: number; readonly name: string; readonly exact: boolean; readonly ids: number[] }>(); return params.limit; } });
asset("no_params", { run: (_, { params }) => { same<typeof params, {}>(); return 1; } });
const maybe = asset("maybe", { optional: true, run: () => (Math.random() > 0.5 ? [{ a: 1 }] : undefined) });
same<V<typeof maybe>, Rows<{ a: number }>>();
asset("columns", { columns: { amount: "decimal(18,2)", tags: "varchar[]", at: "TIMESTAMPTZ", place: "struct(x double, y double)" }, timeout: 60_000, pool: "api", retry: { max: 3, delay: 100, backoff: "exponential", jitter: true }, run: (_, context) => {
  context.log.debug("begun"); context.metadata({ note: md("**done**"), more: link("https://example.org"), top: table([{ a: 1 }]) }); context.progress(1, 2); context.dataVersion("7");
  return [{ amount: "1.20", tags: ["a"], at: new Date(), place: { x: 1, y: 2 } }];
} });
const arrowSource = source("arrow_source", { as: arrow });
asset("from_arrow_source", { inputs: { arrowSource }, run: ({ arrowSource }) => { const t: Table = arrowSource; return t.numRows; } });
asset("exact", { inputs: { cleanSales: cleanSales.as(rows({ integers: "bigint", decimals: "number", timestamps: "string" })) }, run: ({ cleanSales }) => cleanSales.length });
asset("named", { run: () => sql`select * from ${sql.id("public", "order")} where id = ${1n}` });
defineConfig({ assets: ["a"], targets: { local: {}, prod: { readFrom: "local", protected: true } }, defaultTarget: "local" });
const target: Config<"local" | "prod"> = defineConfig({ assets: ["a"], targets: { local: {}, prod: {} }, defaultTarget: "local" }); void target;
