import { join } from "node:path";
import { duckdb } from "../io/duckdb.ts";

export const create = (folder: string) => duckdb({ database: join(folder, "store.duckdb") });
