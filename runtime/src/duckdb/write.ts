import type { TableStream } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { ArrowBatch, ArrowField } from "./arrow-shape.ts";
import type { Connection } from "./connection.ts";
import { run } from "./query.ts";
import { quoteNames } from "./sql-text.ts";
import { sizeOf } from "./write-column.ts";

/** Bytes of a stream that are held at a time; twice that, since the next ones are pulled while the engine takes these. */
const windowBytes = 32 * 1024 * 1024;
/** Rows that are held at a time; small row groups would cost, so several times DuckDB's 122,880. */
const windowRows = 491_520;

/** Windows of a stream after which the engine's cache is emptied. */
const trimEvery = 4;

export interface WriteOptions {
  /** SQL types by column, for columns of Arrow's null type. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
}

/**
 * Creates a table from an Arrow stream and answers its number of rows. Batches in an array are read in one statement; a stream is taken a
 * window at a time, so that memory does not grow with it. The event loop stays free: the engine asks for 2048 rows at a time.
 * Interrupted by the connection's signal; what was created by then is left to the caller, who drops it.
 */
export async function writeTable(connection: Connection, name: readonly string[], table: TableStream, options: WriteOptions = {}): Promise<number> {
  const fields = table.schema.fields as readonly ArrowField[];
  const source = connection.sources.add(fields, options.columns ?? {});
  const target = quoteNames(name);
  const create = `CREATE ${name[0] === "temp" ? "TEMPORARY " : ""}TABLE ${target} AS`;
  const store = async (verb: string, batches: readonly ArrowBatch[]): Promise<number> => {
    source.batches = batches;
    delete source.failure;
    try {
      return await connection.singly(() => run(connection, `${verb} SELECT * FROM ${source.sql}`));
    } catch (thrown) {
      // The engine passes only the message of what a callback threw on.
      throw source.failure ?? thrown;
    }
  };
  try {
    const { batches } = table;
    if (Array.isArray(batches)) return await store(create, batches as readonly ArrowBatch[]);
    const windows = windowsOf(batches as AsyncIterable<ArrowBatch>);
    try {
      let rows = 0;
      let count = 0;
      let verb = create;
      let next = windows.next();
      for (;;) {
        const { value, done } = await unlessAborted(next, connection.signal);
        if (done && rows > 0) return rows;
        const stored = store(verb, value ?? []);
        if (!done) {
          next = windows.next();
          next.catch(() => undefined); // It is awaited, and throws, in the next round.
        }
        rows += await stored;
        if (done) return rows;
        // What was written stays in the engine's cache otherwise, and memory would grow with the stream.
        if (++count % trimEvery === 0) await connection.trim();
        verb = `INSERT INTO ${target}`;
      }
    } finally {
      // A stream that is stuck must not keep a cancelled write waiting.
      const ended = windows.return(undefined);
      if (connection.signal?.aborted) ended.catch(() => undefined);
      else await ended;
    }
  } finally {
    source.end();
  }
}

/** What a promise gives, unless the signal comes first. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new SluiceError("run/cancelled", "The write was cancelled.", { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Groups the batches of a stream; the last window may be smaller, and an empty stream has none. */
async function* windowsOf(batches: AsyncIterable<ArrowBatch> | Iterable<ArrowBatch>): AsyncGenerator<readonly ArrowBatch[], undefined> {
  let held: ArrowBatch[] = [];
  let rows = 0;
  let bytes = 0;
  for await (const batch of batches) {
    if (batch.numRows === 0) continue;
    held.push(batch);
    rows += batch.numRows;
    bytes += sizeOf(batch.data);
    if (rows < windowRows && bytes < windowBytes) continue;
    yield held;
    held = [];
    rows = 0;
    bytes = 0;
  }
  if (held.length > 0) yield held;
  return undefined;
}
