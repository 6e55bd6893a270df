import type { SqlValue } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { engineError, isInterrupt } from "./errors.ts";
import type { Native, Prepared, RawConnection } from "./native.ts";
import type { Sources } from "./sources.ts";

/** One connection of a database, for one operation. */
export interface Connection {
  /** The engine that made `raw`: handles of one copy of the native module are unknown to another. */
  readonly native: Native;
  readonly raw: RawConnection;
  readonly sources: Sources;
  /** Name of the database in this connection, first part of qualified names. */
  readonly catalog: string;
  /** Whether queries are kept from reading and writing files. */
  readonly sealed: boolean;
  /**
   * Runs work that one thread of the engine can do alone, with that one thread, while nothing else uses the database: others would only
   * spin, waiting for the thread that waits for JavaScript.
   */
  readonly singly: <Value>(work: () => Promise<Value>) => Promise<Value>;
  /** Lets go of the blocks of stored tables that the engine keeps in memory for later, where nothing else uses the database. */
  readonly trim: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  /** For messages. */
  readonly path?: string | undefined;
}

/** The error of a statement: cancelled when the signal says so. */
export function statementError(connection: Connection, thrown: unknown): SluiceError {
  if (connection.signal?.aborted && isInterrupt(thrown)) {
    return new SluiceError("run/cancelled", "The statement was cancelled.", { cause: thrown });
  }
  return engineError(thrown, { path: connection.path });
}

const refuseCancelled = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) throw new SluiceError("run/cancelled", "The operation was cancelled.", { cause: signal.reason });
};

/** Runs native work that the connection's signal interrupts; rejects with our errors. */
export async function interruptible<Value>(connection: Connection, work: () => Promise<Value>): Promise<Value> {
  const { native, raw, signal } = connection;
  refuseCancelled(signal);
  const interrupt = () => native.interrupt(raw);
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    return await work();
  } catch (thrown) {
    throw statementError(connection, thrown);
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

const int64 = (value: bigint) => BigInt.asIntN(64, value) === value;

/** Binds values to `$1`, `$2`, ... Throws `io/unsupported-value` for what DuckDB has no value for. */
export function bind(native: Native, prepared: Prepared, values: readonly SqlValue[]): void {
  values.forEach((value, i) => {
    const index = i + 1;
    if (value === null) native.bind_null(prepared, index);
    else if (typeof value === "string") native.bind_varchar(prepared, index, value);
    else if (typeof value === "boolean") native.bind_boolean(prepared, index, value);
    else if (typeof value === "number") {
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) native.bind_int64(prepared, index, BigInt(value));
      else native.bind_double(prepared, index, value);
    } else if (typeof value === "bigint") {
      if (int64(value)) native.bind_int64(prepared, index, value);
      else if (BigInt.asIntN(128, value) === value) native.bind_hugeint(prepared, index, value);
      else throw new SluiceError("io/unsupported-value", `Parameter ${index} is an integer of more than 128 bits.`);
    } else if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw new SluiceError("io/unsupported-value", `Parameter ${index} is an invalid Date.`);
      native.bind_value(prepared, index, native.create_timestamp_tz({ micros: BigInt(value.getTime()) * 1000n }));
    } else if (ArrayBuffer.isView(value)) native.bind_blob(prepared, index, value);
    else throw new SluiceError("io/unsupported-value", `Parameter ${index} is ${typeof value}, which SQL has no value for.`);
  });
}
