import { asset, readCsv, rows, sql } from "sluice";

interface Sale {
  readonly id: number;
  readonly date: string;
  readonly owner: string;
  readonly amount: number | null;
}

export const rawSales = asset("raw_sales", {
  description: "Sales as they were exported.",
  group: "sales",
  run: () => readCsv<Sale>("data/raw_sales.csv"),
});

export const cleanSales = asset("clean_sales", {
  description: "Sales without an amount count as nothing.",
  group: "sales",
  inputs: { rawSales: rawSales.as(rows()) },
  run: ({ rawSales }) => rawSales.map((sale) => ({ ...sale, amount: sale.amount ?? 0 })),
});

export const salesSummary = asset("sales_summary", {
  description: "What each owner sold.",
  group: "sales",
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales }) =>
    sql`select owner, count(*) as sales, sum(amount)::decimal(18, 2) as amount from ${cleanSales} group by owner order by amount desc`,
});
