import { type Data, type Field, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { arrowColumns } from "../formats/arrow-columns.ts";
import { existingColumns } from "../formats/existing-columns.ts";
import { freezePlain } from "../formats/freeze.ts";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { relationQuery, sql } from "../handlers/sql.ts";
import type { ColumnSchema, StoredRecord } from "../model/values.ts";
import type { AnyHandler, InputContext, IOManager, OutputContext, SqlQuery, TableStream } from "./manager.ts";
import { kind } from "./manager.ts";
import {
  cancellable,
  completeRecord,
  isQueryHandler,
  loadHandler,
  noTable,
  notFound,
  requireValue,
  requireWholeValue,
  storeHints,
  watched,
} from "./shapes.ts";

export interface InMemoryOptions {
  /** Shapes of tables it takes beside rows, arrow, batches and sql. */
  readonly handlers?: readonly AnyHandler[];
  /** Whether arrays and plain objects are frozen when they are stored, since all who load one share it. True unless NODE_ENV is "production". */
  readonly freeze?: boolean;
}

/** A table in memory: its batches can be gone through many times. */
interface HeldTable extends TableStream {
  readonly schema: Schema;
  readonly batches: readonly RecordBatch[];
}
interface Entry {
  readonly value: unknown;
  readonly record: StoredRecord;
  readonly table?: HeldTable | undefined;
}

let opened = 0;

/**
 * Keeps values in this process's memory, by reference: for tests, and for steps that share a process. A table also loads as any
 * handler asks; streams and queries are read once, when they are stored.
 */
export function inMemory(options: InMemoryOptions = {}): IOManager<unknown> {
  const handlers: readonly AnyHandler[] = [...(options.handlers ?? []), rows(), arrow, batches, sql];
  const freeze = options.freeze ?? process.env["NODE_ENV"] !== "production";
  const entries = new Map<string, Entry>();
  opened += 1;
  const instance = opened;
  const placeOf = (key: string): string => `memory:${instance}/${key}`;

  const columnsOf = async (key: string): Promise<readonly ColumnSchema[] | undefined> => {
    const table = entries.get(key)?.table;
    return table && arrowColumns(table.schema);
  };

  /** The value as a table; `undefined` for one that no handler takes. */
  const collect = async (context: OutputContext, handler: AnyHandler, value: unknown): Promise<HeldTable> => {
    if (!handler.toTable) return queryTable(context, value as SqlQuery);
    const source = watched(
      await handler.toTable(
        value,
        storeHints(context, () => columnsOf(context.key)),
      ),
      context.signal,
    );
    const held: RecordBatch[] = [];
    for await (const batch of source.stream.batches) held.push(batch);
    return { schema: source.stream.schema, batches: held };
  };

  const get = (context: InputContext): Entry => {
    requireWholeValue(context, "in-memory");
    const entry = entries.get(context.key);
    if (entry) return entry;
    throw notFound(context.key, "memory");
  };

  return {
    [kind]: "io-manager",
    name: "memory",
    reach: "process",
    place: (asset) => placeOf(asset.key),

    handleOutput: (context, value) =>
      cancellable(context, async () => {
        requireWholeValue(context, "in-memory");
        requireValue(context, value);
        const emptyList = Array.isArray(value) && value.length === 0 && entries.has(context.key) && !entries.get(context.key)?.table;
        const handler = emptyList ? undefined : handlers.find((known) => known.accepts(value));
        const table = handler && (await collect(context, handler, value));
        context.signal.throwIfAborted();
        const count = table?.batches.reduce((sum, batch) => sum + batch.numRows, 0);
        if (freeze) freezePlain(value);
        entries.set(context.key, { value, record: completeRecord(context, handler?.name ?? "reference", count), table });
        return {
          place: placeOf(context.key),
          ...(table === undefined || count === undefined ? {} : { rows: count, columns: arrowColumns(table.schema), bytes: bytesOf(table) }),
        };
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        const { value, record, table } = get(context);
        const { key, columns } = context;
        if (!table) {
          if (context.handler) throw noTable(key, "memory", "a value of its own", context.handler.name);
          return value;
        }
        const handler = loadHandler(context, handlers, record.handler);
        const byReference = !context.handler && columns === undefined && !isQueryHandler(handler) && handler.name !== "batches";
        if (byReference) return value;
        const wanted =
          columns &&
          existingColumns(
            key,
            table.schema.fields.map((field) => field.name),
            columns,
          );
        if (isQueryHandler(handler)) {
          return relationQuery({ store: placeOf(""), memory: table, key, ...(wanted ? { columns: wanted } : {}) });
        }
        const selected = wanted ? select(table, wanted) : table;
        return handler.fromTable!(watched(selected, context.signal).stream, { key });
      }),

    inspect: async (context) => {
      requireWholeValue(context, "in-memory");
      return entries.get(context.key)?.record;
    },

    preview: (context, request) =>
      cancellable(context, async () => {
        const { value, table } = get(context);
        const { pageOfStream } = await import("../formats/memory-tables.ts");
        const shown = table ?? (await import("./value-table.ts")).valueTable(value);
        return pageOfStream(shown, request, context.signal);
      }),

    delete: async (context) => {
      requireWholeValue(context, "in-memory");
      entries.delete(context.key);
    },
    release: async () => {},
    close: async () => {},
  };
}

const bytesOf = (table: HeldTable): number => table.batches.reduce((sum, batch) => sum + batch.data.byteLength, 0);

/** The columns in that order; Arrow's own `select` keeps the table's order for the names and not for the data. */
const select = ({ schema, batches }: HeldTable, names: readonly string[]): HeldTable => {
  const indices = names.map((name) => schema.fields.findIndex((field) => field.name === name));
  const fields = indices.map((index) => schema.fields[index] as Field);
  const chosen = new Schema(fields);
  const type = new Struct(fields);
  return {
    schema: chosen,
    batches: batches.map(({ data, numRows }) => {
      const children = indices.map((index) => data.children[index] as Data);
      return new RecordBatch(chosen, makeData({ type, length: numRows, nullCount: 0, children }));
    }),
  };
};

/** Runs a query in the embedded DuckDB and keeps its answer. */
async function queryTable(context: OutputContext, query: SqlQuery): Promise<HeldTable> {
  const { collectQuery } = await import("../formats/memory-tables.ts");
  return collectQuery(query, { key: context.key, signal: context.signal });
}
