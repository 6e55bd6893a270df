import { describeValue } from "../formats/plain.ts";
import { SluiceError } from "../model/errors.ts";
import { keyParts } from "../model/keys.ts";
import type { Page, PageRequest } from "../model/page.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { ColumnSchema, SchemaChange, StoredMetadata, StoredRecord, Write } from "../model/values.ts";
import type { AnyHandler, AssetAddress, InputContext, IOManager, OutputContext, Reach, Relation, SqlQuery, TableStream } from "./manager.ts";
import { kind } from "./manager.ts";
import {
  cancellable,
  isQueryHandler,
  loadHandler,
  materializationOf,
  notFound,
  remembering,
  requireUpsertKeys,
  requireValue,
  storeHints,
} from "./shapes.ts";

/** Where a table lies in its store; unquoted. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}
/** What a table is made of: columns on their way, or a query that the store executes itself. */
export type TableContent = { readonly table: TableStream } | { readonly query: SqlQuery };
export interface TableWrite {
  /** Asset key, for messages. */
  readonly key: string;
  readonly runId: string;
  /** The partitions that the value is written as; empty for the whole value. */
  readonly slices: readonly PartitionSlice[];
  readonly mode: Write;
  readonly schemaChange: SchemaChange;
  /** Equal for attempts of one materialization: an append that is repeated is recognised by it. */
  readonly materialization: string;
  /** SQL types that the asset gives. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** The record to be written with the value, or with each partition, in the same transaction. */
  readonly recordOf: (rows: number | undefined, partition?: string) => StoredRecord;
  /** To be called once the rows lie in a table of their own and before they go to their place; that table can be read until it has ended. */
  readonly verify?: ((staged: TableName) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
  readonly log?: OutputContext["log"];
}
export interface TableRead {
  readonly key: string;
  /** Only the rows of these partitions; empty for the whole table. */
  readonly slices: readonly PartitionSlice[];
  readonly columns?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}
/** What is known of a stored table without reading its rows. */
export interface TableFacts {
  readonly record?: StoredRecord | undefined;
  readonly columns: readonly ColumnSchema[];
  /** Those of the partitions asked for that are stored, each with its record where it has one. */
  readonly partitions: ReadonlyMap<string, StoredRecord | undefined>;
}

/** A store of whole tables, which knows nothing of assets, handlers and shapes. */
export interface TableStore {
  /** For people: "duckdb". */
  readonly name: string;
  readonly reach: Reach;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Schema of tables that say none. */
  readonly schema: () => string | undefined;
  /** A table's place as the store compares names, without opening it. */
  readonly place: (name: TableName) => string;
  /** The same for people, in the letters that it was given. */
  readonly shown: (name: TableName) => string;
  /** Puts the rows in their place in one step, with their records; a failed or killed call leaves the former ones. */
  readonly write: (name: TableName, content: TableContent, write: TableWrite) => Promise<StoredMetadata>;
  /** `undefined` when there is no such table. */
  readonly facts: (name: TableName, read: TableRead) => Promise<TableFacts | undefined>;
  /** The record of every partition that was stored, by key. */
  readonly records: (name: TableName, signal: AbortSignal) => Promise<ReadonlyMap<string, StoredRecord>>;
  readonly read: (name: TableName, read: TableRead) => Promise<TableStream>;
  /** The table as queries of this store name it. */
  readonly relation: (name: TableName, read: TableRead) => Promise<Relation>;
  readonly page: (name: TableName, request: PageRequest, read: TableRead) => Promise<Page | undefined>;
  /** Removes the table, or the rows of the partitions given. */
  readonly drop: (name: TableName, read: TableRead) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Name and schema of an asset's table: what the asset says, else the last parts of its key. */
export function tableName(asset: AssetAddress, schema: string | undefined): TableName {
  const parts = keyParts(asset.key);
  return {
    schema: asset.table?.schema ?? schema ?? parts.at(-2) ?? "public",
    table: asset.table?.name ?? (parts.at(-1) as string),
  };
}

/**
 * Stores each asset as one table. The first handler that accepts a value turns it into columns; a query is executed by the store itself and
 * never passes through JavaScript. Partitions are rows of that table, found by the column or the expression that the definition names.
 */
export function tableIOManager<Value = unknown>(store: TableStore, handlers: readonly AnyHandler[]): IOManager<Value> {
  const nameOf = (asset: AssetAddress): TableName => tableName(asset, store.schema());
  const readOf = (context: InputContext): TableRead => {
    const { key, columns, signal } = context;
    return { key, columns, signal, slices: requireSlices(context) };
  };
  const missing = (context: InputContext, partitions: readonly string[] = context.partitions) =>
    partitions.length === 0
      ? notFound(context.key, store.shown(nameOf(context)))
      : partitionNotFound(context.key, partitions, store.shown(nameOf(context)));

  const content = async (context: OutputContext, handler: AnyHandler, value: unknown): Promise<TableContent> => {
    if (!handler.toTable) return { query: value as SqlQuery };
    const hints = storeHints(context, async () => {
      const { key, signal } = context;
      return (await store.facts(nameOf(context), { key, signal, slices: [] }))?.columns;
    });
    return { table: await handler.toTable(value, hints) };
  };

  /** A table in the shape asked for. */
  const shaped = async (name: TableName, read: TableRead, handler: AnyHandler, streams?: TableStream[]): Promise<unknown> => {
    if (isQueryHandler(handler)) {
      const relation = await store.relation(name, read);
      return relationQuery({ ...relation, stream: (signal = read.signal) => store.read(name, { ...read, signal }) });
    }
    const stream = await store.read(name, read);
    streams?.push(stream);
    return handler.fromTable?.(stream, { key: read.key });
  };

  /** Shows whoever checks it what lies in a staging table. */
  const verify = async (context: OutputContext, slices: readonly PartitionSlice[], staged: TableName, stored: AnyHandler): Promise<void> => {
    const { key, signal } = context;
    const streams: TableStream[] = [];
    try {
      await context.verify?.(async ({ columns, handler = stored, partition }) => {
        const facts = await store.facts(staged, { key, signal, slices: [] });
        requireColumns(key, columns, facts?.columns ?? []);
        const wanted = partition === undefined ? [] : slices.filter((slice) => slice.key === partition);
        return shaped(staged, { key, columns, signal, slices: wanted }, remembering(handler, [context.record]), streams);
      });
    } finally {
      for (const stream of streams) await stream.close?.();
    }
  };

  return {
    [kind]: "io-manager",
    name: store.name,
    reach: store.reach,
    settings: store.settings,
    place: (asset) => store.place(nameOf(asset)),
    shown: (asset) => store.shown(nameOf(asset)),

    handleOutput: (context, value) =>
      cancellable(context, async () => {
        const slices = requireSlices(context);
        requireColumn(context);
        requireUpsertKeys(context);
        requireValue(context, value);
        const handler = handlers.find((known) => known.accepts(value));
        if (!handler) throw noHandler(context.key, store.name, value, handlers);
        const { key, columns, signal, log, record, write: mode, schemaChange } = context;
        return store.write(nameOf(context), await content(context, handler, value), {
          key,
          columns,
          signal,
          log,
          slices,
          mode,
          schemaChange,
          runId: record.runId,
          materialization: materializationOf(context),
          recordOf: (rows, partition) => recordOf(context, handler.name, rows, partition),
          ...(context.verify ? { verify: (staged) => verify(context, slices, staged, handler) } : {}),
        });
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        const name = nameOf(context);
        const read = readOf(context);
        requireColumn(context);
        const facts = await store.facts(name, read);
        if (!facts) throw missing(context);
        const absent = context.partitions.filter((key) => !facts.partitions.has(key));
        if (absent.length > 0) throw missing(context, absent);
        requireColumns(context.key, context.columns, facts.columns);
        return shaped(name, read, loadHandler(context, handlers, recordsOf(context, facts)));
      }),

    inspect: async (context) => {
      const facts = await store.facts(nameOf(context), readOf(context));
      const [partition] = context.partitions;
      if (!facts || partition === undefined) return facts && (facts.record ?? {});
      return facts.partitions.has(partition) ? (facts.partitions.get(partition) ?? {}) : undefined;
    },
    list: async (context) => [...(await store.records(nameOf(context), context.signal)).keys()],
    inspectPartitions: (context) => store.records(nameOf(context), context.signal),

    preview: (context, request) =>
      cancellable(context, async () => {
        const page = await store.page(nameOf(context), request, readOf(context));
        if (!page) throw missing(context);
        return page;
      }),

    delete: (context) => store.drop(nameOf(context), readOf(context)),
    release: store.release,
    close: store.release,
  };
}

const relationQuery = (relation: Relation): SqlQuery => ({ [kind]: "sql", nodes: [{ type: "relation", relation }] });

function noHandler(key: string, store: string, value: unknown, handlers: readonly AnyHandler[]): SluiceError {
  return new SluiceError("io/unsupported-value", `Asset "${key}" returned ${describeValue(value)}, and the ${store} I/O manager stores tables.`, {
    asset: key,
    hint: `It takes ${handlers.map((handler) => handler.name).join(", ")}. Return one of these, give it a handler for this type, or bind the asset to filesystem().`,
  });
}

function requireColumns(key: string, asked: readonly string[] | undefined, columns: readonly ColumnSchema[]): void {
  const unknown = asked?.find((name) => !columns.some((column) => column.name === name));
  if (unknown === undefined) return;
  throw new SluiceError("io/schema-mismatch", `Column "${unknown}" is asked for of asset "${key}", whose table has no such column.`, {
    asset: key,
    hint: `Its columns are ${columns.map((column) => column.name).join(", ")}.`,
  });
}

/** The record of the value, or of every partition of it that is loaded. */
const recordsOf = ({ partitions }: InputContext, { record, partitions: stored }: TableFacts): readonly (StoredRecord | undefined)[] =>
  partitions.length === 0 ? [record] : partitions.map((key) => stored.get(key));

function recordOf(context: OutputContext, handler: string, rows: number | undefined, partition: string | undefined): StoredRecord {
  const counted = rows === undefined ? {} : { rows };
  if (partition === undefined) return { ...context.record, handler, ...counted };
  return { ...(context.partitionRecords?.[partition] ?? context.record), partition, handler, ...counted };
}

/** The partitions of a call, as slices. A key alone is one dimension that lies nowhere. */
function requireSlices({ key, partitions, slices = partitions.map(unplaced) }: OutputContext | InputContext): readonly PartitionSlice[] {
  if (partitions.length === slices.length && partitions.every((partition, i) => partition === slices[i]?.key)) return slices;
  throw new SluiceError("config/invalid", `The slices of asset "${key}" are not those of its partitions.`, {
    asset: key,
    hint: "Give the context one of `slices` for each of `partitions`, in the same order.",
  });
}

const unplaced = (key: string): PartitionSlice => ({ key, dimensions: [{ name: "partition", key }] });

/** Refuses partitions of which nothing says where they lie in a table. Throws `partition/missing-column`. */
function requireColumn(context: OutputContext | InputContext): void {
  const { key } = context;
  const [first] = requireSlices(context);
  const lost = first?.dimensions.find(({ column, partitionExpr }) => column === undefined && partitionExpr === undefined);
  if (!lost) return;
  const dimension = first?.dimensions.length === 1 ? "it" : `dimension "${lost.name}"`;
  throw new SluiceError(
    "partition/missing-column",
    `Asset "${key}" is partitioned, and nothing says which column of its table ${dimension} is found by.`,
    {
      asset: key,
      hint: 'Name it in the definition: dailyPartitions({ start: "2026-01-01", column: "date" }), or give partitionExpr, an SQL expression.',
    },
  );
}

function partitionNotFound(key: string, partitions: readonly string[], place: string): SluiceError {
  const shown = partitions.slice(0, 5).map((partition) => JSON.stringify(partition));
  const more = partitions.length > shown.length ? ` and ${partitions.length - shown.length} more` : "";
  const what = `partition${partitions.length > 1 ? "s" : ""} ${shown.join(", ")}${more}`;
  return new SluiceError("io/not-found", `Nothing is stored for ${what} of asset "${key}" at ${place}.`, {
    asset: key,
    hint: `Materialize ${partitions.length > 1 ? "these partitions" : "this partition"} of "${key}" first.`,
  });
}
