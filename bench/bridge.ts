import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as arrow from "apache-arrow";
import { makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import type { Connection } from "../runtime/src/duckdb/connection.ts";
import { openDatabase } from "../runtime/src/duckdb/database.ts";
import { pageOf } from "../runtime/src/duckdb/page.ts";
import { run as execute, query } from "../runtime/src/duckdb/query.ts";
import { renderQuery } from "../runtime/src/duckdb/render.ts";
import { writeTable } from "../runtime/src/duckdb/write.ts";
import { relationQuery, sql } from "../runtime/src/handlers/sql.ts";

/** One figure of a benchmark; `target` is the most that it should be. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
}

/** Milliseconds of processor time, over all threads, that work takes; the least of several times, since other programs only add to it. */
async function cpu(times: number, work: () => Promise<void>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i <= times; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (i > 0) taken.push((user + system) / 1000); // The first warms up.
  }
  return Math.min(...taken);
}
async function wall(times: number, work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    await work();
    taken.push(performance.now() - before);
  }
  return median(taken);
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number;

const columns = `i AS id, random() AS x, substr(md5(i::VARCHAR), 1, (8 + i % 9)::INT) AS s,
  TIMESTAMP '2023-11-14' + INTERVAL (i) MILLISECOND AS ts, CASE WHEN i % 7 = 0 THEN NULL ELSE (i % 1000)::INT END AS k`;
const target = ["memory", "main", "o"] as const;

async function collect(connection: Connection, sql: string): Promise<{ readonly schema: Schema; readonly batches: RecordBatch[] }> {
  const stream = await query(connection, sql);
  const batches: RecordBatch[] = [];
  for await (const batch of stream.batches) batches.push(batch);
  return { schema: stream.schema, batches };
}

/** Processor time of the bridge against CREATE TABLE AS SELECT of the same rows, all in memory. */
async function bridge(rows: number, times: number): Promise<Row[]> {
  const database = openDatabase(":memory:");
  try {
    return await database.lease(async (connection) => {
      await execute(connection, `CREATE TABLE base AS SELECT ${columns} FROM range(${rows}) t(i)`);
      const fresh = () => execute(connection, "DROP TABLE IF EXISTS o");
      const value = sql`select * from ${relationQuery({ store: "bench", table: ["memory", "main", "base"], key: "base" })}`;
      const inside = await cpu(times, async () => {
        await fresh();
        await execute(connection, "CREATE TABLE o AS SELECT * FROM base");
      });
      const out = await cpu(times, async () => {
        let seen = 0;
        for await (const batch of (await query(connection, "SELECT * FROM base")).batches) seen += batch.numRows;
        if (seen !== rows) throw new Error(`read ${seen} of ${rows} rows`);
      });
      const table = await collect(connection, "SELECT * FROM base");
      const into = await cpu(times, async () => {
        await fresh();
        await writeTable(connection, target, table);
      });
      const asQuery = await cpu(times, async () => {
        await fresh();
        const { text, values, end } = await renderQuery(connection, value, { store: "bench" });
        await execute(connection, `CREATE TABLE o AS ${text}`, values);
        end();
      });
      await fresh();
      const label = `${(rows / 1e6).toFixed(0)}e6 rows`;
      return [
        { name: `CREATE TABLE AS, ${label}`, value: inside, unit: "ms CPU" },
        { name: `Arrow into DuckDB, ${label}`, value: into / inside, unit: "x", target: 1.7 },
        { name: `DuckDB into Arrow, ${label}`, value: out / inside, unit: "x", target: 1.5 },
        { name: `a sql value, ${label}`, value: asQuery / inside, unit: "x", target: 1.05 },
      ];
    });
  } finally {
    await database.release();
  }
}

/** A batch of 131,072 rows made anew each time, as a user's generator makes them. */
function madeBatch(schema: Schema, from: number): RecordBatch {
  const rows = 131_072;
  const id = BigInt64Array.from({ length: rows }, (_, i) => BigInt(from + i));
  const x = Float64Array.from({ length: rows }, (_, i) => i / 3);
  const children = [
    makeData({ type: new arrow.Int64(), length: rows, nullCount: 0, data: id }),
    makeData({ type: new arrow.Float64(), length: rows, nullCount: 0, data: x }),
  ];
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}

/** How much more memory a stream of four times the batches takes at its peak. */
async function streamMemory(): Promise<Row[]> {
  const file = join(tmpdir(), `sluice-bench-stream-${process.pid}.duckdb`);
  const schema = new Schema([new arrow.Field("id", new arrow.Int64()), new arrow.Field("x", new arrow.Float64())]);
  const peak = async (batches: number): Promise<number> => {
    rmSync(file, { force: true });
    const database = openDatabase(file);
    let most = 0;
    async function* stream() {
      for (let i = 0; i < batches; i++) {
        yield madeBatch(schema, i * 131_072);
        most = Math.max(most, process.memoryUsage().rss);
      }
    }
    await database.lease(async (connection) => {
      await writeTable(connection, [connection.catalog, "main", "o"], { schema, batches: stream() });
    });
    await database.release();
    return most / 2 ** 20;
  };
  await peak(60); // The allocator's own growth is not the stream's.
  const small = await peak(60);
  const large = await peak(240);
  rmSync(file, { force: true });
  return [
    { name: "resident memory, 8e6 rows streamed", value: small, unit: "MiB" },
    { name: "resident memory, 31e6 rows streamed, against that", value: large / small, unit: "x", target: 1.2 },
  ];
}

/** Pages of a stored table, and a `sql` value against the engine's own statement. */
async function stored(rows: number): Promise<Row[]> {
  const file = join(tmpdir(), `sluice-bench-pages-${process.pid}.duckdb`);
  rmSync(file, { force: true });
  const database = openDatabase(file);
  const label = `of ${(rows / 1e6).toFixed(0)}e6 rows`;
  try {
    await database.lease((connection) => execute(connection, `CREATE TABLE base AS SELECT ${columns} FROM range(${rows}) t(i)`));
    await database.release();
    const page = (offset: number, sort?: string) =>
      database.lease(
        (connection) =>
          pageOf(
            connection,
            database,
            { from: "base", version: "base", rowId: "rowid", byRange: true },
            { offset, limit: 100, ...(sort ? { sort: [{ column: sort }] } : {}) },
          ),
        { purpose: "preview" },
      );
    const cold = await wall(1, () => page(0));
    let at = 0;
    const later = await wall(9, () => {
      at = (at + rows / 10) % rows;
      return page(at);
    });
    const last = await wall(5, () => page(rows - 100));
    const sorted = await wall(1, () => page(0, "x"));
    const deep = await wall(5, () => page(rows * 0.9, "x"));
    return [
      { name: `first page ${label}, file closed before`, value: cold, unit: "ms", target: 100 },
      { name: `a later page ${label}`, value: later, unit: "ms", target: 50 },
      { name: `the last page ${label}`, value: last, unit: "ms", target: 50 },
      { name: `first page of a new sort ${label}`, value: sorted, unit: "ms", target: 2000 },
      { name: `a deep page of that sort ${label}`, value: deep, unit: "ms", target: 500 },
    ];
  } finally {
    await database.release();
    rmSync(file, { force: true });
  }
}

/** Every figure of this page. */
export async function run(): Promise<Row[]> {
  return [...(await bridge(1e6, 15)), ...(await bridge(1e7, 4)), ...(await streamMemory()), ...(await stored(1e7))];
}

if (process.argv[1]?.endsWith("bridge.ts")) {
  for (const { name, value, unit, target: most } of await run()) {
    process.stdout.write(`${name.padEnd(60)} ${value.toFixed(2).padStart(10)} ${unit}${most === undefined ? "" : ` (at most ${most})`}\n`);
  }
}
