// Values into stores and out of them: each path against CREATE TABLE AS SELECT of the same rows inside DuckDB, by processor time.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RecordBatch, type Schema, Table } from "apache-arrow";
import type { Connection } from "../runtime/src/duckdb/connection.ts";
import { openDatabase } from "../runtime/src/duckdb/database.ts";
import { run as execute, query } from "../runtime/src/duckdb/query.ts";
import { renderQuery } from "../runtime/src/duckdb/render.ts";
import { writeTable } from "../runtime/src/duckdb/write.ts";
import { arrow } from "../runtime/src/handlers/arrow.ts";
import { batches } from "../runtime/src/handlers/batches.ts";
import { rows } from "../runtime/src/handlers/rows.ts";
import { relationQuery, sql } from "../runtime/src/handlers/sql.ts";
import { duckdb } from "../runtime/src/io/duckdb.ts";
import { filesystem } from "../runtime/src/io/filesystem.ts";
import { type AnyHandler, type AnyIOManager, isKind } from "../runtime/src/io/manager.ts";
import { inputContext, outputContext } from "../runtime/src/testing/contexts.ts";
import { type BenchOptions, compare, type Figure, type Path } from "./support/figures.ts";

const columns = `i AS id, random() AS x, substr(md5(i::VARCHAR), 1, (8 + i % 9)::INT) AS s,
  TIMESTAMP '2023-11-14' + INTERVAL (i) MILLISECOND AS ts, CASE WHEN i % 7 = 0 THEN NULL ELSE (i % 1000)::INT END AS k`;
const bridged = ["memory", "main", "o"] as const;

async function collect(connection: Connection, text: string): Promise<{ readonly schema: Schema; readonly batches: RecordBatch[] }> {
  const stream = await query(connection, text);
  const found: RecordBatch[] = [];
  for await (const batch of stream.batches) found.push(batch);
  return { schema: stream.schema, batches: found };
}

function expectRows(found: number, wanted: number, what: string): void {
  if (found !== wanted) throw new Error(`${what} gave ${found} of ${wanted} rows.`);
}

async function drain(stream: AsyncIterable<RecordBatch>, wanted: number, what: string): Promise<void> {
  let seen = 0;
  for await (const batch of stream) seen += batch.numRows;
  expectRows(seen, wanted, what);
}

/** The bridge between Arrow and the engine alone, all in memory: nothing is compressed or written to a disk, which would make ratios look better. */
async function bridge(count: number, rounds: number): Promise<Figure[]> {
  const database = openDatabase(":memory:");
  const label = `${count / 1e6}e6 rows`;
  try {
    return await database.lease(async (connection) => {
      await execute(connection, `CREATE TABLE base AS SELECT ${columns} FROM range(${count}) t(i)`);
      const fresh = () => execute(connection, "DROP TABLE IF EXISTS o");
      const value = sql`select * from ${relationQuery({ store: "bench", table: ["memory", "main", "base"], key: "base" })}`;
      const table = await collect(connection, "SELECT * FROM base");
      return compare(
        rounds,
        {
          name: `CREATE TABLE AS, ${label}`,
          work: async () => {
            await fresh();
            await execute(connection, "CREATE TABLE o AS SELECT * FROM base");
          },
        },
        [
          {
            name: `Arrow table into DuckDB, ${label}`,
            target: 1.7,
            work: async () => {
              await fresh();
              expectRows(await writeTable(connection, bridged, table), count, "Writing");
            },
          },
          {
            name: `DuckDB table into Arrow, ${label}`,
            target: 1.5,
            work: async () => drain((await query(connection, "SELECT * FROM base")).batches, count, "Reading"),
          },
          {
            name: `sql value, ${label}`,
            target: 1.05,
            work: async () => {
              await fresh();
              const { text, values, end } = await renderQuery(connection, value, { store: "bench" });
              await execute(connection, `CREATE TABLE o AS ${text}`, values);
              end();
            },
          },
        ],
      );
    });
  } finally {
    await database.release();
  }
}

/** Every shape through an I/O manager: staged, checked, recorded and swapped, on a disk; against CREATE TABLE AS in a file, checkpoint included. */
async function managers(count: number, rounds: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-tables-"));
  const plain = openDatabase(join(folder, "plain.duckdb"));
  const stores: Readonly<Record<string, AnyIOManager>> = {
    DuckDB: duckdb({ database: join(folder, "warehouse.duckdb"), schema: "main" }),
    Parquet: filesystem({ baseDir: join(folder, "files") }),
  };
  const label = `${count / 1e6}e6 rows`;
  const handlers: Readonly<Record<string, AnyHandler>> = { arrow, batches, rows: rows({ timestamps: "string" }) };
  const made = await plain.lease(async (connection) => {
    await execute(connection, `CREATE TABLE base AS SELECT ${columns} FROM range(${count}) t(i)`);
    return collect(connection, "SELECT * FROM base");
  });
  const table = new Table(made.schema, made.batches);
  const objects = table.toArray().map(({ id, x, s, k }) => ({ id: Number(id), x, s, k }));
  async function* stream() {
    yield* made.batches;
  }
  const values: Readonly<Record<string, () => unknown>> = { arrow: () => table, batches: stream, rows: () => objects };
  const counted = async (value: unknown, what: string): Promise<void> => {
    if (Array.isArray(value)) return expectRows(value.length, count, what);
    if (value instanceof Table) return expectRows(value.numRows, count, what);
    return drain(value as AsyncIterable<RecordBatch>, count, what);
  };
  const paths: Path[] = [];
  for (const [store, io] of Object.entries(stores)) {
    for (const [shape, handler] of Object.entries(handlers)) {
      const key = `of_${shape}`;
      paths.push({ name: `${shape} into ${store}, ${label}`, work: () => io.handleOutput(outputContext(key), values[shape]?.()) });
      paths.push({
        name: `${store} into ${shape}, ${label}`,
        work: async () => counted(await io.loadInput(inputContext(key, { handler })), `${store} into ${shape}`),
      });
    }
    const upstream = () => io.loadInput(inputContext("of_arrow", { handler: sql }));
    paths.push({
      name: `sql value inside ${store}, ${label}`,
      work: async () => {
        const loaded = await upstream();
        if (!isKind(loaded, "sql")) throw new Error("An input loaded as sql is no query.");
        await io.handleOutput(outputContext("of_sql"), sql`select * from ${loaded as ReturnType<typeof sql>}`);
      },
    });
  }
  const base: Path = {
    name: `CREATE TABLE AS in a file, ${label}`,
    work: () =>
      plain.lease(async (connection) => {
        await execute(connection, "DROP TABLE IF EXISTS o");
        await execute(connection, "CREATE TABLE o AS SELECT * FROM base");
        await execute(connection, "CHECKPOINT");
      }),
  };
  try {
    return await compare(rounds, base, paths);
  } finally {
    await plain.release();
    for (const io of Object.values(stores)) await io.close?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  return [...(await bridge(1e6, quick ? 7 : 25)), ...(quick ? [] : await bridge(1e7, 7)), ...(await managers(quick ? 2e5 : 1e6, quick ? 3 : 7))];
}
