import { rm, stat } from "node:fs/promises";
import type { RecordBatch } from "apache-arrow";
import type { ArrowBatch, ArrowField } from "../duckdb/arrow-shape.ts";
import type { Connection } from "../duckdb/connection.ts";
import { openDatabase } from "../duckdb/database.ts";
import { query, rowsOf, run } from "../duckdb/query.ts";
import { renderQuery, statementOf } from "../duckdb/render.ts";
import { scratch } from "../duckdb/scratch.ts";
import { checkColumns } from "../duckdb/sources.ts";
import { quoteName, quoteText } from "../duckdb/sql-text.ts";
import type { SqlQuery, SqlValue, TableStream } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { Page, PageRequest } from "../model/page.ts";
import type { ColumnSchema, StoredRecord } from "../model/values.ts";
import { parquetType } from "./parquet-types.ts";

/** Types to cast columns to, by column, in DuckDB's words. */
export type Casts = Readonly<Record<string, string>>;
export interface ParquetFacts {
  readonly rows: number;
  /** With the exact types, after the casts. */
  readonly columns: readonly ColumnSchema[];
  readonly casts: Casts;
}
export interface WriteOptions {
  /** Asset key, for messages. */
  readonly key: string;
  /** Types, in SQL's words, of columns that hold only nulls. */
  readonly declared?: Readonly<Record<string, string>> | undefined;
  /** Lies in the file's metadata, so that the file alone says what it is. */
  readonly record: Omit<StoredRecord, "rows">;
  readonly signal: AbortSignal;
}

/** Bytes of Arrow batches held in memory at a time. A longer stream goes through files beside the one written. */
const heldBytes = 64 << 20;
const recordKey = "sluice";
const castsKey = "sluice.casts";
/** DuckDB's own column of Parquet files. */
const rowNumber = "file_row_number";

/** What a file holds in terms of SQL: columns as they are written, and what they are cast back to. */
interface Plan {
  readonly select: string;
  readonly columns: readonly ColumnSchema[];
  readonly casts: Casts;
}

/** Plans how the columns of a query lie in Parquet. Throws `io/unsupported-value` naming the column that has no exact place there. */
async function plan(connection: Connection, text: string, values: readonly SqlValue[], key: string): Promise<Plan> {
  // DuckDB knows the types of a query with parameters only once it runs
  await run(
    connection,
    `CREATE OR REPLACE TEMP TABLE described AS SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM (${text}\n))`,
    values,
  );
  const described = await rowsOf(connection, "SELECT * FROM temp.described");
  const columns = described.map((row) => ({
    name: String(row["column_name"]),
    type: row["column_type"] === '"NULL"' ? "INTEGER" : String(row["column_type"]),
  }));
  checkColumns(columns.map((column) => column.name));
  const casts: Record<string, string> = {};
  const selected = columns.map(({ name, type }) => {
    const kept = parquetType(type);
    if (kept === undefined) {
      throw new SluiceError("io/unsupported-value", `Column "${name}" of asset "${key}" is ${type}, which Parquet cannot keep exactly.`, {
        asset: key,
        hint: "Cast the column to a type that tables have in files, such as varchar.",
      });
    }
    if (kept === type) return quoteName(name);
    casts[name] = type;
    return `CAST(${quoteName(name)} AS ${kept}) AS ${quoteName(name)}`;
  });
  return { select: selected.join(", "), columns, casts };
}

/** Writes a query's rows. Resolves to their number. */
async function copy(
  connection: Connection,
  source: string,
  values: readonly SqlValue[],
  file: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<number> {
  const entries = Object.entries(metadata).map(([name, value]) => `${quoteName(name)}: ${quoteText(value)}`);
  const options = ["FORMAT parquet", "USE_TMP_FILE false", ...(entries.length > 0 ? [`KV_METADATA {${entries.join(", ")}}`] : [])];
  return run(connection, `COPY (${source}\n) TO ${quoteText(file)} (${options.join(", ")})`, values);
}

/** A cast that fails on the way into the file is about a value that has no place there. */
function refusedValue(error: unknown, casts: Casts, key: string): unknown {
  const message = error instanceof Error ? error.message : "";
  const [column] = Object.entries(casts).find(([, type]) => /HUGEINT/.test(type)) ?? [];
  if (column === undefined || !/DECIMAL\(38,0\)/.test(message)) return error;
  return new SluiceError(
    "io/unsupported-value",
    `Asset "${key}" has an integer of more than 38 digits (column "${column}"?), which Parquet cannot keep: ${message}`,
    {
      asset: key,
      hint: "Cast the column to varchar, or store the asset in DuckDB.",
      cause: error,
    },
  );
}

const metadataOf = (options: WriteOptions, casts: Casts): Record<string, string> => ({
  [recordKey]: JSON.stringify(options.record),
  ...(Object.keys(casts).length === 0 ? {} : { [castsKey]: JSON.stringify(casts) }),
});

/**
 * Writes a table, or the answer of a query, to a file that is not there yet; every value as it is.
 * Throws `io/unsupported-value` for types and values that Parquet cannot keep, `sql/failed`, `run/cancelled`. A failed call may leave the file.
 */
export function writeParquet(
  file: string,
  source: { readonly table: TableStream } | { readonly query: SqlQuery },
  options: WriteOptions,
): Promise<ParquetFacts> {
  return scratch().lease(
    (connection) => ("query" in source ? writeQuery(connection, file, source.query, options) : writeTable(connection, file, source.table, options)),
    {
      signal: options.signal,
    },
  );
}

async function writeQuery(connection: Connection, file: string, value: SqlQuery, options: WriteOptions): Promise<ParquetFacts> {
  const rendered = await renderQuery(connection, value, { store: "parquet", asset: options.key });
  try {
    const text = statementOf(value, rendered.text);
    const { select, columns, casts } = await plan(connection, text, rendered.values, options.key);
    try {
      const rows = await copy(connection, `SELECT ${select} FROM (${text}\n)`, rendered.values, file, metadataOf(options, casts));
      return { rows, columns, casts };
    } catch (error) {
      throw refusedValue(error, casts, options.key);
    }
  } finally {
    await rendered.end();
  }
}

const bytesOf = (batch: RecordBatch): number => batch.data.byteLength;

async function writeTable(connection: Connection, file: string, { schema, batches }: TableStream, options: WriteOptions): Promise<ParquetFacts> {
  const source = connection.sources.add(schema.fields as unknown as readonly ArrowField[], options.declared);
  const parts: string[] = [];
  try {
    const text = `SELECT * FROM ${source.sql}`;
    const { select, columns, casts } = await plan(connection, text, [], options.key);
    const metadata = metadataOf(options, casts);
    const write = async (held: readonly RecordBatch[], to: string, more?: Record<string, string>): Promise<number> => {
      source.batches = held as unknown as readonly ArrowBatch[];
      try {
        return await copy(connection, `SELECT ${select} FROM (${text})`, [], to, more);
      } catch (error) {
        throw source.failure ?? refusedValue(error, casts, options.key);
      }
    };
    let held: RecordBatch[] = [];
    let size = 0;
    for await (const batch of batches) {
      if (size > heldBytes) {
        const part = `${file.slice(0, file.lastIndexOf("."))}-${parts.length}.part`;
        parts.push(part);
        await write(held, part);
        held = [];
        size = 0;
      }
      held.push(batch);
      size += bytesOf(batch);
    }
    if (parts.length === 0) return { rows: await write(held, file, metadata), columns, casts };
    const last = `${file.slice(0, file.lastIndexOf("."))}-${parts.length}.part`;
    parts.push(last);
    await write(held, last);
    return { rows: await join(parts, file, metadata, options.signal), columns, casts };
  } finally {
    source.end();
    for (const part of parts) await rm(part, { force: true });
  }
}

/**
 * Writes the rows of several files to one, in order. In a database of its own with one thread: with more, DuckDB holds whatever it has
 * read and cannot write yet, and memory grows with the stream.
 */
async function join(parts: readonly string[], file: string, metadata: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number> {
  const database = openDatabase(":memory:");
  try {
    return await database.lease(
      async (connection) => {
        await run(connection, "SET threads = 1");
        return copy(connection, `SELECT * FROM ${readFiles(parts)}`, [], file, metadata);
      },
      { signal },
    );
  } finally {
    await database.release();
  }
}

const readFiles = (files: readonly string[]): string => `read_parquet([${files.map(quoteText).join(", ")}], hive_partitioning = false)`;

const selectFrom = (file: string, casts: Casts): string => {
  const replaced = Object.entries(casts).map(([name, type]) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`);
  return `SELECT *${replaced.length === 0 ? "" : ` REPLACE (${replaced.join(", ")})`} FROM ${readFiles([file])}`;
};

const columnNames = async (connection: Connection, file: string): Promise<readonly string[]> => {
  const described = await rowsOf(connection, `DESCRIBE SELECT * FROM ${readFiles([file])}`);
  return described.map((row) => String(row["column_name"]));
};

/** The query that shows files, for people. */
export const showQuery = (files: readonly string[]): string =>
  `SELECT * FROM read_parquet(${files.length === 1 ? quoteText(files[0] as string) : `[${files.map(quoteText).join(", ")}]`})`;

/** The rows of a query over files as a stream, each column with its exact type. `done` is called once the stream has ended, or failed. */
export async function readTable(
  value: SqlQuery,
  { key, signal, done }: { readonly key: string; readonly signal: AbortSignal; readonly done: () => Promise<void> },
): Promise<TableStream> {
  try {
    const stream = await scratch().stream(
      async (connection) => {
        const { text, values } = await renderQuery(connection, value, { asset: key });
        return query(connection, text.trimStart().startsWith("SELECT") ? text : `SELECT * FROM ${text}`, values);
      },
      { signal },
    );
    const close = async (): Promise<void> => {
      await stream.close();
      await done();
    };
    return {
      schema: stream.schema,
      close,
      batches: (async function* () {
        try {
          yield* stream.batches;
        } finally {
          await close();
        }
      })(),
    };
  } catch (error) {
    await done();
    throw error;
  }
}

/** What a file says about itself. */
export function describeParquet(file: string, signal?: AbortSignal): Promise<ParquetFacts & { readonly record: Partial<StoredRecord> }> {
  return scratch().lease(
    async (connection) => {
      const entries = await rowsOf(connection, `SELECT decode(key) AS name, decode(value) AS value FROM parquet_kv_metadata(${quoteText(file)})`);
      const entry = (name: string): string => String(entries.find((row) => row["name"] === name)?.["value"] ?? "{}");
      const casts = JSON.parse(entry(castsKey)) as Casts;
      const [counted] = await rowsOf(connection, `SELECT num_rows AS n FROM parquet_file_metadata(${quoteText(file)})`);
      const described = await rowsOf(connection, `DESCRIBE ${selectFrom(file, casts)}`);
      const columns = described.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
      return { rows: Number(counted?.["n"] ?? 0), columns, casts, record: JSON.parse(entry(recordKey)) as Partial<StoredRecord> };
    },
    { signal },
  );
}

/** A page of one file. Filter, sort and columns are pushed down. */
export function pageOfParquet(file: string, casts: Casts, request: PageRequest, signal: AbortSignal): Promise<Page> {
  const database = scratch();
  return database.lease(
    async (connection) => {
      const [{ pageOf }, version] = await Promise.all([import("../duckdb/page.ts"), versionOf(file)]);
      // a file's rows are numbered by a column that a subquery hides, and that one of the file's own with its name hides too
      const numbered = Object.keys(casts).length === 0 && !(await columnNames(connection, file)).some((name) => name.toLowerCase() === rowNumber);
      const source = numbered
        ? { from: readFiles([file]), version, rowId: rowNumber, byRange: true }
        : { from: `(${selectFrom(file, casts)})`, version };
      return pageOf(connection, database, source, request);
    },
    { signal, purpose: "preview" },
  );
}

/** A page of a query over several files. */
export function pageOfTables(value: SqlQuery, files: readonly string[], request: PageRequest, signal: AbortSignal): Promise<Page> {
  const database = scratch();
  return database.lease(
    async (connection) => {
      const [{ pageOf }, versions, { text }] = await Promise.all([
        import("../duckdb/page.ts"),
        Promise.all(files.map(versionOf)),
        renderQuery(connection, value),
      ]);
      const from = text.trimStart().startsWith("SELECT") ? `(${text})` : text;
      return pageOf(connection, database, { from, version: versions.join("\n") }, request);
    },
    { signal, purpose: "preview" },
  );
}

const versionOf = async (file: string): Promise<string> => {
  const found = await stat(file);
  return `${file} ${found.size} ${found.mtimeMs}`;
};
