// One stream in a process of its own: `node stream-child.ts <path> <rows> <folder>`. Prints the memory it took at its peak.
import { join } from "node:path";
import * as arrow from "apache-arrow";
import { makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { readCsv } from "../../runtime/src/duckdb/readers.ts";
import { batches } from "../../runtime/src/handlers/batches.ts";
import { duckdb } from "../../runtime/src/io/duckdb.ts";
import { filesystem } from "../../runtime/src/io/filesystem.ts";
import type { AnyIOManager } from "../../runtime/src/io/manager.ts";
import { inputContext, outputContext } from "../../runtime/src/testing/contexts.ts";

const [path = "", rowsText = "0", folder = ""] = process.argv.slice(2);
const rows = Number(rowsText);
const warehouse: AnyIOManager = duckdb({ database: join(folder, "warehouse.duckdb"), schema: "main" });
const files: AnyIOManager = filesystem({ baseDir: join(folder, "files") });

const schema = new Schema([new arrow.Field("id", new arrow.Int64()), new arrow.Field("x", new arrow.Float64())]);

/** A batch made anew each time, as a user's generator makes them. */
function madeBatch(from: number, length: number): RecordBatch {
  const id = BigInt64Array.from({ length }, (_, i) => BigInt(from + i));
  const x = Float64Array.from({ length }, (_, i) => (from + i) / 3);
  const children = [
    makeData({ type: new arrow.Int64(), length, nullCount: 0, data: id }),
    makeData({ type: new arrow.Float64(), length, nullCount: 0, data: x }),
  ];
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }));
}
async function* generated() {
  for (let from = 0; from < rows; from += 131_072) yield madeBatch(from, Math.min(131_072, rows - from));
}

const into = async (io: AnyIOManager, value: unknown) => ((await io.handleOutput(outputContext("made"), value)) as { readonly rows: number }).rows;
const from = (io: AnyIOManager) => io.loadInput(inputContext("stored", { handler: batches }));
const paths: Readonly<Record<string, () => Promise<number>>> = {
  prepare: async () => {
    await warehouse.handleOutput(outputContext("stored"), generated());
    await files.handleOutput(outputContext("stored"), await from(warehouse));
    return rows;
  },
  "a generator into DuckDB": () => into(warehouse, generated()),
  "a generator into Parquet": () => into(files, generated()),
  "readCsv into DuckDB": () => into(warehouse, readCsv(join(folder, `${rows}.csv`))),
  "readCsv into Parquet": () => into(files, readCsv(join(folder, `${rows}.csv`))),
  "DuckDB into DuckDB": async () => into(warehouse, await from(warehouse)),
  "DuckDB into Parquet": async () => into(files, await from(warehouse)),
  "Parquet into DuckDB": async () => into(warehouse, await from(files)),
};

const work = paths[path];
if (!work) throw new Error(`There is no path "${path}".`);
const stored = await work();
if (stored !== rows) throw new Error(`${path} stored ${stored} of ${rows} rows.`);
await warehouse.close?.();
await files.close?.();
// Kibibytes on every platform of Node: what the operating system counted, between any two samples too.
process.stdout.write(JSON.stringify({ peak: process.resourceUsage().maxRSS / 1024 }));
