// What users import from "sluice/duckdb".
export { type DuckdbConnection, type DuckdbResourceOptions, duckdbResource } from "./io/duckdb/resource.ts";
export { type DuckdbOptions, duckdb } from "./io/duckdb.ts";
