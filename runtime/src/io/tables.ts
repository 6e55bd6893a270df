import { describeValue } from "../formats/plain.ts";
import { SluiceError } from "../model/errors.ts";
import { keyParts } from "../model/keys.ts";
import type { Page, PageRequest } from "../model/page.ts";
import type { ColumnSchema, StoredMetadata, StoredRecord } from "../model/values.ts";
import type { AnyHandler, AssetAddress, InputContext, IOManager, OutputContext, Reach, Relation, SqlQuery, TableStream } from "./manager.ts";
import { kind } from "./manager.ts";
import { cancellable, completeRecord, isQueryHandler, loadHandler, notFound, requireValue, requireWholeValue, storeHints } from "./shapes.ts";

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
  /** SQL types that the asset gives. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** The record to be written with the table, in the same transaction. */
  readonly recordOf: (rows: number) => StoredRecord;
  readonly signal: AbortSignal;
}
export interface TableRead {
  readonly key: string;
  readonly columns?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}
/** What is known of a stored table without reading its rows. */
export interface TableFacts {
  readonly record?: StoredRecord | undefined;
  readonly columns: readonly ColumnSchema[];
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
  /** Puts the table in place of the former one in one step, with its record; a failed or killed call leaves the former one. */
  readonly replace: (name: TableName, content: TableContent, write: TableWrite) => Promise<StoredMetadata>;
  /** `undefined` when there is no such table. */
  readonly facts: (name: TableName, signal: AbortSignal) => Promise<TableFacts | undefined>;
  readonly read: (name: TableName, read: TableRead) => Promise<TableStream>;
  /** The table as queries of this store name it. */
  readonly relation: (name: TableName, read: TableRead) => Promise<Relation>;
  readonly page: (name: TableName, request: PageRequest, read: TableRead) => Promise<Page | undefined>;
  readonly drop: (name: TableName, signal: AbortSignal) => Promise<void>;
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
 * never passes through JavaScript. Partitions, append and upsert are refused.
 */
export function tableIOManager<Value = unknown>(store: TableStore, handlers: readonly AnyHandler[]): IOManager<Value> {
  const nameOf = (asset: AssetAddress): TableName => tableName(asset, store.schema());
  const readOf = ({ key, columns, signal }: InputContext): TableRead => ({ key, columns, signal });
  const missing = (context: InputContext) => notFound(context.key, store.shown(nameOf(context)));

  const content = async (context: OutputContext, handler: AnyHandler, value: unknown): Promise<TableContent> => {
    if (!handler.toTable) return { query: value as SqlQuery };
    const hints = storeHints(context, async () => (await store.facts(nameOf(context), context.signal))?.columns);
    return { table: await handler.toTable(value, hints) };
  };

  return {
    [kind]: "io-manager",
    name: store.name,
    reach: store.reach,
    settings: store.settings,
    place: (asset) => store.place(nameOf(asset)),

    handleOutput: (context, value) =>
      cancellable(context, async () => {
        requireWholeValue(context, store.name);
        requireValue(context, value);
        const handler = handlers.find((known) => known.accepts(value));
        if (!handler) throw noHandler(context.key, store.name, value, handlers);
        const { key, columns, signal, record } = context;
        return store.replace(nameOf(context), await content(context, handler, value), {
          key,
          columns,
          signal,
          runId: record.runId,
          recordOf: (rows) => completeRecord(context, handler.name, rows),
        });
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        requireWholeValue(context, store.name);
        const name = nameOf(context);
        const facts = await store.facts(name, context.signal);
        if (!facts) throw missing(context);
        requireColumns(context, facts.columns);
        const handler = loadHandler(context, handlers, facts.record?.handler);
        if (isQueryHandler(handler)) return relationQuery(await store.relation(name, readOf(context)));
        const stream = await store.read(name, readOf(context));
        return handler.fromTable?.(stream, { key: context.key });
      }),

    inspect: async (context) => {
      requireWholeValue(context, store.name);
      const facts = await store.facts(nameOf(context), context.signal);
      return facts && (facts.record ?? {});
    },

    preview: (context, request) =>
      cancellable(context, async () => {
        requireWholeValue(context, store.name);
        const page = await store.page(nameOf(context), request, readOf(context));
        if (!page) throw missing(context);
        return page;
      }),

    delete: async (context) => {
      requireWholeValue(context, store.name);
      await store.drop(nameOf(context), context.signal);
    },
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

function requireColumns(context: InputContext, columns: readonly ColumnSchema[]): void {
  const unknown = context.columns?.find((name) => !columns.some((column) => column.name === name));
  if (unknown === undefined) return;
  throw new SluiceError("io/schema-mismatch", `Column "${unknown}" is asked for of asset "${context.key}", whose table has no such column.`, {
    asset: context.key,
    hint: `Its columns are ${columns.map((column) => column.name).join(", ")}.`,
  });
}
