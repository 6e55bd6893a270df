import { type Field, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import type { SqlValue, TableStream } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { arrowField, castForReading, typeName } from "./arrow-types.ts";
import { bind, type Connection, interruptible } from "./connection.ts";
import type { LogicalType, Native, Prepared, Result } from "./native.ts";
import { type ColumnReader, columnReader } from "./read-column.ts";
import { quoteName } from "./sql-text.ts";

/** Rows of a batch that `query` gives, but for the last one and for rows with much text. */
export const batchRows = 131_072;
/** Bytes at which a batch ends before it has that many rows. */
const batchBytes = 64 * 1024 * 1024;

/** A query's answer; `types` are the columns' types in DuckDB's words. */
export interface QueryStream extends TableStream {
  readonly batches: AsyncIterable<RecordBatch>;
  readonly types: readonly string[];
  /** Ends the query; idempotent. Reading to the end, or leaving a loop over `batches`, ends it too. */
  readonly close: () => Promise<void>;
}

/** A query that runs, and what its columns arrive as. */
interface Running {
  readonly result: Result;
  readonly fields: readonly Field[];
  readonly types: readonly string[];
}
/** Type of a column that depends on a parameter, before that has a value. */
const undecided = 0;

/** Runs a query so that every column can be read: types without a vector layout of ours are cast to text, inside the engine. */
async function start(connection: Connection, sql: string, values: readonly SqlValue[]): Promise<Running> {
  const { native } = connection;
  return prepared(connection, sql, async (statement) => {
    let originals = columnTypes(native, statement);
    let result: Result | undefined;
    if (originals.some((type) => (native.get_type_id(type) as number) === undecided)) {
      bind(native, statement, values);
      const running = await native.execute_prepared_streaming(statement);
      originals = originals.map((_, i) => native.column_logical_type(running, i));
      result = running;
    }
    const names = originals.map((_, i) => (result ? native.column_name(result, i) : native.prepared_statement_column_name(statement, i)));
    const types = originals.map((type) => typeName(native, type));
    const casts = originals.map((type) => castForReading(native, type));
    if (!casts.some((cast) => cast !== undefined)) {
      if (!result) {
        bind(native, statement, values);
        result = await native.execute_prepared_streaming(statement);
      }
      return { result, types, fields: originals.map((type, i) => arrowField(native, names[i] as string, type)) };
    }
    if (result) await finish(connection, result);
    const columns = casts.map((cast, i) => `${cast === undefined ? `c${i}` : `CAST(c${i} AS ${cast})`} AS ${quoteName(names[i] || `c${i}`)}`);
    const aliases = casts.map((_, i) => `c${i}`).join(", ");
    return prepared(connection, `SELECT ${columns.join(", ")} FROM (${sql}\n) AS q(${aliases})`, async (readable) => {
      bind(native, readable, values);
      const running = await native.execute_prepared_streaming(readable);
      const fields = originals.map((type, i) => arrowField(native, names[i] as string, native.column_logical_type(running, i), type));
      return { result: running, types, fields };
    });
  });
}

async function prepared<Value>({ native, raw }: Connection, sql: string, work: (statement: Prepared) => Promise<Value>): Promise<Value> {
  const statement = await native.prepare(raw, sql);
  try {
    return await work(statement);
  } finally {
    native.destroy_prepare_sync(statement);
  }
}

/** Ends an answer: one that is not read to its end would hold the file until it is collected; an interrupted one ends when it is read on. */
async function finish({ native, raw }: Connection, result: Result): Promise<void> {
  native.interrupt(raw);
  for (let more = true; more; ) {
    more = await native.fetch_chunk(result).then(
      (chunk) => chunk !== null && native.data_chunk_get_size(chunk) > 0,
      () => false, // Interrupted, as wanted.
    );
  }
}

const columnTypes = (native: Native, prepared: Prepared): readonly LogicalType[] =>
  Array.from({ length: native.prepared_statement_column_count(prepared) }, (_, i) => native.prepared_statement_column_logical_type(prepared, i));

/**
 * Runs a query and streams its answer as record batches. The connection is busy until the stream has ended.
 * Parameters are `$1`, `$2`, ... Throws `sql/failed`, `run/cancelled`.
 */
export async function query(connection: Connection, sql: string, values: readonly SqlValue[] = []): Promise<QueryStream> {
  const { native } = connection;
  const { result, fields, types } = await interruptible(connection, () => start(connection, sql, values));
  const schema = new Schema([...fields]);
  let ended = false;
  let pending: Promise<unknown> | undefined;
  const close = async () => {
    if (ended) return;
    ended = true;
    await pending?.catch(() => undefined); // Its error went to whoever pulled.
    await finish(connection, result);
  };
  const pull = async () => {
    const reading = interruptible(connection, () => native.fetch_chunk(result));
    pending = reading;
    const chunk = await reading;
    return chunk && native.data_chunk_get_size(chunk) > 0 ? chunk : undefined;
  };
  async function* batches(): AsyncGenerator<RecordBatch> {
    try {
      let readers: readonly ColumnReader[] | undefined;
      let rows = 0;
      let next = ended ? undefined : pull();
      for (;;) {
        const chunk = await next;
        if (ended) throw new SluiceError("io/unavailable", "The stream was closed before it was read to its end.");
        // The engine works on the next chunk while this one is read.
        next = chunk && pull();
        next?.catch(() => undefined); // It is awaited, and throws, in the next round.
        if (!chunk) break;
        const count = native.data_chunk_get_size(chunk);
        readers ??= readersOf(native, result, fields, count);
        for (let i = 0; i < readers.length; i++) (readers[i] as ColumnReader).read(native.data_chunk_get_vector(chunk, i), 0, count);
        rows += count;
        if (rows + 2048 > batchRows || readers.reduce((sum, reader) => sum + reader.size(), 0) > batchBytes) {
          yield batchOf(schema, readers, rows);
          rows = 0;
        }
      }
      if (readers && rows > 0) yield batchOf(schema, readers, rows);
      ended = true;
    } finally {
      await close();
    }
  }
  return { schema, types, batches: batches(), close };
}

const readersOf = (native: Native, result: Result, fields: readonly Field[], expected: number): readonly ColumnReader[] =>
  fields.map((field, i) => columnReader(native, native.column_logical_type(result, i), field, expected));

function batchOf(schema: Schema, readers: readonly ColumnReader[], rows: number): RecordBatch {
  const children = readers.map((reader) => reader.take());
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}

/** All of a small answer, as plain objects; for what the engine is asked about itself. Integers and booleans as JavaScript has them. */
export async function rowsOf(
  connection: Connection,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const stream = await query(connection, sql, values);
  const rows: Record<string, unknown>[] = [];
  for await (const batch of stream.batches) {
    for (let i = 0; i < batch.numRows; i++) {
      rows.push(Object.fromEntries(stream.schema.fields.map((field, k) => [field.name, batch.getChildAt(k)?.get(i) ?? null])));
    }
  }
  return rows;
}

/** Runs one statement, or several without values, to its end; answers the number of rows it changed. */
export async function run(connection: Connection, sql: string, values: readonly SqlValue[] = []): Promise<number> {
  const { native, raw } = connection;
  if (values.length === 0) return interruptible(connection, async () => changed(native, await native.query(raw, sql)));
  return interruptible(connection, async () => {
    const prepared = await native.prepare(raw, sql);
    try {
      bind(native, prepared, values);
      return changed(native, await native.execute_prepared(prepared));
    } finally {
      native.destroy_prepare_sync(prepared);
    }
  });
}

/** INSERT and its like count by themselves; CREATE TABLE AS answers a row with the count. */
function changed(native: Native, result: Result): number {
  const rows = native.rows_changed(result);
  if (rows > 0 || native.column_count(result) !== 1 || native.column_name(result, 0) !== "Count") return rows;
  if (native.row_count(result) !== 1) return rows;
  const view = native.vector_get_data(native.data_chunk_get_vector(native.result_get_chunk(result, 0), 0), 8);
  return Number(new DataView(view.buffer, view.byteOffset, 8).getBigInt64(0, true));
}
