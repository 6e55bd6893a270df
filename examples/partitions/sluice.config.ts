import { defineConfig, filesystem } from "sluice";
import { duckdb } from "sluice/duckdb";

export default defineConfig({
  assets: ["assets/**/*.ts"],
  targets: {
    local: { ioManager: duckdb({ database: "data/shop.duckdb" }) },
    files: { ioManager: filesystem({ baseDir: "data/files" }) },
  },
  defaultTarget: "local",
});
