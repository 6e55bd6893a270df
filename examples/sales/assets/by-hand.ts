// The same three assets without an I/O manager: each reads and writes its tables itself, through a resource.
// `deps` give the order and the lineage; nothing is loaded, and nothing is returned.
import { asset, resourceKey } from "sluice";
import type { DuckdbConnection } from "sluice/duckdb";

export const database = resourceKey<DuckdbConnection>()("database");

export const rawSales = asset("by_hand/raw_sales", {
  group: "by_hand",
  resources: { database },
  run: async (_, { resources }) => {
    await resources.database.run("create schema if not exists by_hand");
    await resources.database.run("create or replace table by_hand.raw_sales as select * from read_csv('data/raw_sales.csv')");
  },
});

export const cleanSales = asset("by_hand/clean_sales", {
  group: "by_hand",
  deps: [rawSales],
  resources: { database },
  run: async (_, { resources }) => {
    await resources.database.run(
      "create or replace table by_hand.clean_sales as select * replace (coalesce(amount, 0) as amount) from by_hand.raw_sales",
    );
  },
});

export const salesSummary = asset("by_hand/sales_summary", {
  group: "by_hand",
  deps: [cleanSales],
  resources: { database },
  run: async (_, { resources }) => {
    await resources.database.run(
      "create or replace table by_hand.sales_summary as select owner, count(*) as sales, sum(amount)::decimal(18, 2) as amount from by_hand.clean_sales group by owner order by amount desc",
    );
  },
});
