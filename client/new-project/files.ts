/** Compiler options under which the editor finds the types in `.sluice/types`; an installed copy of a package wins over them. */
export const compilerOptions = {
  target: "ES2022",
  module: "ESNext",
  moduleResolution: "bundler",
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  isolatedModules: true,
  typeRoots: ["./.sluice/types", "./node_modules/@types"],
  types: ["node"],
} as const;

const config = `import { defineConfig, filesystem } from "sluice";
import { duckdb } from "sluice/duckdb";

export default defineConfig({
  assets: ["assets/**/*.ts"],
  // The same assets, stored elsewhere: choose the target in the status bar.
  targets: {
    local: { ioManager: duckdb({ database: "data/sales.duckdb" }) },
    files: { ioManager: filesystem({ baseDir: "data/files" }) },
  },
  defaultTarget: "local",
});
`;

const assets = `import { asset, readCsv, rows, sql } from "sluice";

interface Sale {
  readonly owner: string;
  readonly amount: number | null;
}

/** Read as it is. What is returned is stored by the target's I/O manager. */
export const rawSales = asset("raw_sales", {
  run: () => readCsv<Sale>("data/raw_sales.csv"),
});

/** An input is loaded by the I/O manager that stored it; here it arrives as typed rows. */
export const cleanSales = asset("clean_sales", {
  inputs: { rawSales: rawSales.as(rows()) },
  run: ({ rawSales }) => rawSales.map((sale) => ({ ...sale, amount: sale.amount ?? 0 })),
});

/** A query runs inside the database; nothing passes through JavaScript. */
export const salesSummary = asset("sales_summary", {
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales }) => sql\`select owner, sum(amount) as amount from \${cleanSales} group by owner order by owner\`,
});
`;

const sales = `owner,amount
Ada,120.5
Bo,75
Chidi,
Ada,42.25
Dana,310
Bo,
Ella,18.75
Chidi,96.4
Dana,54
Ada,
Ella,203.1
Bo,61.95
`;

const ignored = `.sluice/
node_modules/
data/*.duckdb
data/*.duckdb.wal
data/files/
.env
`;

/** The files of a new project by their path, with "/" between folders. */
export const projectFiles: Readonly<Record<string, string>> = {
  "sluice.config.ts": config,
  "assets/sales.ts": assets,
  "data/raw_sales.csv": sales,
  "tsconfig.json": `${JSON.stringify({ compilerOptions, include: ["sluice.config.ts", "assets"] }, null, 2)}\n`,
  ".gitignore": ignored,
};
/** What is opened first. */
export const firstFile = "assets/sales.ts";
