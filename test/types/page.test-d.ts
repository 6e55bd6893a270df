// The example of docs/api: what a project with three assets looks like, and what the compiler knows of it.
import { type Asset, asset, defineConfig, env, load, materialize, type Rows, readCsv, rows, type SqlQuery, sql } from "sluice";
import { duckdb } from "sluice/duckdb";

interface Sale {
  readonly owner: string;
  readonly amount: number | null;
}

export const rawSales = asset("raw_sales", {
  run: () => readCsv<Sale>("data/raw_sales.csv"),
});

export const cleanSales = asset("clean_sales", {
  inputs: { rawSales: rawSales.as(rows()) },
  run: ({ rawSales }) => rawSales.map((s) => ({ ...s, amount: s.amount ?? 0 })),
});

export const salesSummary = asset("sales_summary", {
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales }) => sql`select owner, sum(amount) as amount from ${cleanSales} group by owner`,
});

export const config = defineConfig({
  assets: ["assets/**/*.ts"],
  targets: {
    local: { ioManager: duckdb({ database: "data/sales.duckdb", schema: "public" }) },
    prod: { protected: true, ioManager: duckdb({ database: env.secret("SALES_DATABASE") }) },
  },
  defaultTarget: "local",
});

const clean: Asset<Rows<{ readonly owner: string; readonly amount: number }>> = cleanSales;
const summary: Asset<SqlQuery> = salesSummary;
const run = await materialize([salesSummary], { config, target: "local", upstream: true });
const stored: Rows<{ readonly owner: string; readonly amount: number }> = await run.value(cleanSales);
const loaded: Rows<{ readonly owner: string; readonly amount: number }> = await load(salesSummary.as(rows<{ owner: string; amount: number }>()), {
  config,
});

export { clean, loaded, stored, summary };
