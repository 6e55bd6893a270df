import { defineConfig, env, filesystem } from "sluice";
import { duckdb, duckdbResource } from "sluice/duckdb";
import { database } from "./assets/by-hand.ts";

// One definition of each asset, three places to store it: choose with --target, or in the editor's status bar.
export default defineConfig({
  assets: ["assets/**/*.ts"],
  keys: [database],
  targets: {
    local: {
      ioManager: duckdb({ database: "data/sales.duckdb" }),
      database: duckdbResource({ database: "data/sales.duckdb" }),
    },
    staging: {
      ioManager: filesystem({ baseDir: "data/staging" }),
      database: duckdbResource({ database: "data/staging.duckdb" }),
    },
    prod: {
      protected: true,
      ioManager: duckdb({ database: env("SALES_DATABASE") }),
      database: duckdbResource({ database: env("SALES_DATABASE") }),
    },
  },
  defaultTarget: "local",
});
