import { describeValue } from "../formats/plain.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { ColumnSchema, StoredRecord } from "../model/values.ts";
import type { AnyHandler, InputContext, OutputContext, StoreHints, TableStream } from "./manager.ts";

/* What the I/O managers that keep whole values share: which handler a value has, what is refused, how cancelling is said. */

/** Refuses to merge by nothing. Throws `config/invalid`. */
export function requireUpsertKeys({ key, write }: OutputContext): void {
  if (typeof write === "string" || write.upsert.length > 0) return;
  throw new SluiceError("config/invalid", `Asset "${key}" is merged by no columns.`, {
    asset: key,
    hint: 'Name the keys: write: { upsert: ["id"] }.',
  });
}

const addedTo = ({ write }: OutputContext): string => (write === "append" ? "is added to" : "is merged");

/** A value that is no table is added to what is stored. */
export const notAddable = (context: OutputContext, value: unknown): SluiceError =>
  new SluiceError("io/unsupported-value", `Asset "${context.key}" ${addedTo(context)} and returned ${describeValue(value)}, which is no table.`, {
    asset: context.key,
    hint: 'Return rows, an Arrow table, batches or a query, or store the asset with write: "replace".',
  });

/** A table is added to what is no table. */
export const notAddedTo = (context: OutputContext, place: string, stored: string): SluiceError =>
  new SluiceError(
    "io/unsupported-value",
    `Asset "${context.key}" ${addedTo(context)}, and what is stored at ${place} is ${stored}, which is no table.`,
    {
      asset: context.key,
      hint: 'Store a table once with write: "replace", or delete what is stored.',
    },
  );

/** A whole value is not begun beside the partitions that hold the rows it would be added to. */
export const wholeOfPartitions = ({ key, write }: OutputContext, stored: number): SluiceError =>
  new SluiceError(
    "io/conflict",
    `Asset "${key}" is written as a whole with ${JSON.stringify(write)}, and ${stored === 1 ? "a partition of it is" : `${stored} partitions of it are`} stored.`,
    { asset: key, hint: 'Store it once with write: "replace", or give the asset its partitions again.' },
  );

/** Equal for attempts of one materialization: an append that is repeated is recognised by it. */
export const materializationOf = ({ record, partitions }: OutputContext): string => JSON.stringify([record.runId, record.step, ...partitions]);

/** What is addressed: none for the whole value. A key alone is one dimension without a name of its own. */
export const slicesOf = ({ slices, partitions }: OutputContext | InputContext): readonly PartitionSlice[] =>
  slices ?? partitions.map((key) => ({ key, dimensions: [{ name: "partition", key }] }));

/** `undefined` must never look like a stored value. Throws `run/no-value`. */
export function requireValue(context: OutputContext, value: unknown): void {
  if (value !== undefined) return;
  throw new SluiceError("run/no-value", `Asset "${context.key}" returned undefined.`, {
    asset: context.key,
    hint: "Return the value, or null where there is none.",
  });
}

export const handlerNamed = (handlers: readonly AnyHandler[], name: string): AnyHandler | undefined =>
  handlers.find((handler) => handler.name === name);

/** True for the handler whose values the store itself executes. */
export const isQueryHandler = (handler: AnyHandler): boolean => handler.fromTable === undefined;

export const storeHints = (context: OutputContext, storedColumns: () => Promise<readonly ColumnSchema[] | undefined>): StoreHints => ({
  key: context.key,
  columns: context.columns,
  rowSchema: context.rowSchema,
  storedColumns,
});

export const completeRecord = (context: OutputContext, handler: string, partition: string | undefined, rows?: number): StoredRecord => ({
  ...((partition === undefined ? undefined : context.partitionRecords?.[partition]) ?? context.record),
  ...(partition === undefined ? {} : { partition }),
  handler,
  ...(rows === undefined ? {} : { rows }),
});

export function notFound(key: string, place: string, partition?: string, more = ""): SluiceError {
  const what = partition === undefined ? `asset "${key}"` : `partition ${JSON.stringify(partition)} of asset "${key}"`;
  const first = partition === undefined ? `Materialize "${key}" first.` : `Materialize this partition of "${key}" first.`;
  return new SluiceError("io/not-found", `Nothing is stored for ${what} at ${place}.${more && ` ${more}`}`, { asset: key, hint: first });
}

/** One value was returned for several partitions, and nothing says which part of it belongs to which. */
export function inseparable(context: OutputContext, what: string, hint: string): SluiceError {
  const { key, partitions } = context;
  return new SluiceError("partition/missing-column", `Asset "${key}" returned one value for ${partitions.length} partitions, ${what}.`, {
    asset: key,
    hint,
  });
}

/** Several partitions are returned as one table, which does not say where their rows are. */
export const inseparableRows = (context: OutputContext): SluiceError =>
  inseparable(
    context,
    "and nothing says in which column its rows say which is theirs",
    "Give the partitions a column: dailyPartitions({ column: ... }). Or return a Map with a value for each of context.partitions.",
  );

/** What was stored is no table, and a table was asked for. */
export function noTable(key: string, place: string, stored: string, asked: string): SluiceError {
  return new SluiceError(
    "io/unsupported-value",
    `Asset "${key}" at ${place} is stored as ${stored}, which is no table: it cannot be loaded as ${asked}.`,
    {
      asset: key,
      hint: `Leave out .as(${asked}), or have "${key}" return rows, an Arrow table, batches or a query.`,
    },
  );
}

/** Several partitions are wanted as one value, and one of them is no table. */
export const severalValues = (key: string, partition: string, stored: string): SluiceError =>
  new SluiceError(
    "io/unsupported-value",
    `Partition ${JSON.stringify(partition)} of asset "${key}" is stored as ${stored}, which is no table: several load as one value only where all are tables.`,
    { asset: key, hint: "Load partitions one by one, or as a map: each is a value of its own." },
  );

/** The handler of a value that no handler and no format accepts. */
export function unsupported(key: string, store: string, value: unknown, handlers: readonly AnyHandler[], mistake?: string): SluiceError {
  const takes = handlers.map((handler) => handler.name).join(", ");
  return new SluiceError(
    "io/unsupported-value",
    `Asset "${key}" returned ${describeValue(value)}, which the ${store} I/O manager cannot store${mistake ? `: ${mistake}` : ""}.`,
    {
      asset: key,
      hint: `It takes ${takes} and values that structured clone keeps. Return one of these, or give the I/O manager a format or a handler for this type.`,
    },
  );
}

/** The handler, told which columns held bigints. */
export function remembering(handler: AnyHandler, records: readonly (Pick<StoredRecord, "bigints"> | undefined)[]): AnyHandler {
  const bigints = [...new Set(records.flatMap((record) => record?.bigints ?? []))];
  const { fromTable } = handler;
  if (bigints.length === 0 || !fromTable) return handler;
  return { ...handler, fromTable: (table, hints) => fromTable(table, { ...hints, bigints }) };
}

/** The handler a value is loaded with: the one asked for, else the recorded one, else `arrow`. Throws `io/unsupported-value` when the recorded one is not known here. */
export function loadHandler(
  context: InputContext,
  handlers: readonly AnyHandler[],
  records: readonly (Partial<StoredRecord> | undefined)[],
): AnyHandler {
  const names = new Set(records.map((record) => record?.handler));
  const recorded = names.size === 1 ? [...names][0] : undefined;
  const found = context.handler ?? handlerNamed(handlers, recorded ?? "arrow");
  if (found) return remembering(found, records);
  throw new SluiceError("io/unsupported-value", `Asset "${context.key}" was stored by the handler "${recorded}", which is not known here.`, {
    asset: context.key,
    hint: `Load it with .as(...), or give the I/O manager that handler. Known: ${handlers.map((handler) => handler.name).join(", ")}.`,
  });
}

/** Runs work that a signal may cut short; whatever it throws then is the signal's reason, or `run/cancelled`. */
export async function cancellable<Value>(
  context: { readonly key: string; readonly signal: AbortSignal },
  work: () => Promise<Value>,
): Promise<Value> {
  const { signal, key } = context;
  const cancelled = (cause: unknown): unknown => {
    const reason: unknown = signal.reason;
    return reason instanceof SluiceError ? reason : new SluiceError("run/cancelled", `Asset "${key}" was cancelled.`, { asset: key, cause });
  };
  if (signal.aborted) throw cancelled(signal.reason);
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? cancelled(error) : error;
  }
}

/**
 * A stream that remembers what its source threw: an engine that reads it may report the same in its own words, but the user's error,
 * with the user's line, is the one to show. It also stops at the next batch after `signal`.
 */
export function watched(
  stream: TableStream,
  signal: AbortSignal,
): { readonly stream: TableStream; readonly thrown: () => { readonly error: unknown } | undefined } {
  let thrown: { readonly error: unknown } | undefined;
  const { schema } = stream;
  return {
    thrown: () => thrown,
    stream: {
      schema,
      batches: (async function* () {
        try {
          for await (const batch of stream.batches) {
            signal.throwIfAborted();
            yield batch;
          }
        } catch (error) {
          thrown = { error };
          throw error;
        }
      })(),
    },
  };
}

/** Holds a table on its way into partitions to `schemaChange`. Throws `io/schema-mismatch` where others stay and its columns are not theirs. */
export function requireSameColumns(
  { key, partitions, schemaChange }: OutputContext,
  columns: readonly ColumnSchema[],
  stored: readonly { readonly key: string; readonly columns: readonly ColumnSchema[] }[],
): void {
  if (schemaChange === "evolve") return;
  const shape = (of: readonly ColumnSchema[]): string => JSON.stringify(of.map(({ name, type }) => `${name.toLowerCase()} ${type}`).sort());
  // "error" holds a partition to what it was before, too; "recreate" is there to change it
  const others = schemaChange === "error" ? stored : stored.filter((other) => !partitions.includes(other.key));
  const other = others.find((each) => shape(each.columns) !== shape(columns));
  if (!other) return;
  const words = (of: readonly ColumnSchema[]): string => of.map(({ name, type }) => `${name} ${type}`).join(", ");
  throw new SluiceError(
    "io/schema-mismatch",
    `Asset "${key}" has the columns ${words(columns)} and, in partition ${JSON.stringify(other.key)}, ${words(other.columns)}.`,
    {
      asset: key,
      hint: `It says schemaChange: "${schemaChange}". Return the stored columns, use "evolve", or delete the other partitions first.`,
    },
  );
}
