import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { RecordBatch, Schema } from "apache-arrow";
import { SluiceError } from "../model/errors.ts";
import type { LogLevel } from "../model/events.ts";
import type { Page, PageRequest } from "../model/page.ts";
import type { PartitionSlice, PartitionWindow } from "../model/partition.ts";
import type { ColumnSchema, SchemaChange, StoredMetadata, StoredRecord, TableOptions, Write } from "../model/values.ts";

/** Marks our own objects, whichever copy of the package made them; `instanceof` would not see another copy's. */
export const kind: unique symbol = Symbol.for("sluice.kind") as never;
/** Present in types only. */
export declare const types: unique symbol;

/** True for an object of ours of that kind. */
export const isKind = <Kind extends string>(value: unknown, expected: Kind): value is { readonly [kind]: Kind } =>
  ((typeof value === "object" && value !== null) || typeof value === "function") && (value as { [kind]?: unknown })[kind] === expected;

/** A string, or an environment variable that holds it: `env("X")`. Read when a store opens, in the runner only. */
export interface EnvRef<out Value> {
  readonly [kind]: "env";
  readonly name: string;
  readonly secret: boolean;
  readonly [types]?: Value;
  /** Throws `config/missing-env` or `config/invalid`; never puts the value into a message. */
  readonly read: (environment: Readonly<Record<string, string | undefined>>) => Value;
}
export type Setting<Value> = Value | EnvRef<Value>;

/** The value of a setting, now. */
export const readSetting = <Value>(setting: Setting<Value>, environment: Readonly<Record<string, string | undefined>> = process.env): Value =>
  isKind(setting, "env") ? (setting as EnvRef<Value>).read(environment) : (setting as Value);

// ---------------------------------------------------------------- tables in memory, as `run` sees them

/** An array of row objects. */
export type Rows<Row = object> = readonly Row[];

/** Rows as a validator makes them of rows that it takes; the mark exists for the compiler only. */
export type ValidRows<Row, Taken> = Rows<Row> & { readonly [types]: Taken };

/** An Arrow `Table` of any copy or version of `apache-arrow`: its classes carry private symbols, so the class types of two versions do not fit. */
export interface ArrowTable {
  readonly numRows: number;
  readonly numCols: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  readonly batches: readonly ArrowBatch[];
}
export interface ArrowBatch {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  readonly data: object;
}

/** A `DataFrame` of nodejs-polars, by its shape: the package is optional. */
export interface PolarsFrame {
  readonly height: number;
  readonly width: number;
  readonly columns: readonly string[];
  writeIPCStream(): Uint8Array;
}
/** A `LazyDataFrame` of nodejs-polars, by its shape. */
export interface PolarsLazyFrame {
  collect(): Promise<PolarsFrame>;
  collectSync(): PolarsFrame;
}

/** A stream of Arrow record batches; consumed once. `Row` is known to the compiler only. */
export interface Batches<Row = unknown> extends AsyncIterable<RecordBatch> {
  readonly [types]?: Row;
  /** Columns without reading a batch, where the stream knows them: an empty one needs them. */
  readonly schema?: () => Promise<Schema>;
}

/** Stands for "the row type the upstream asset has" in the shape that a handler asks for. */
export interface UpstreamRow {
  readonly [kind]: "upstream-row";
}

// ---------------------------------------------------------------- what handlers and stores exchange

/** A table on its way: columns first, then record batches, each with the same columns. May be consumed once. */
export interface TableStream {
  readonly schema: Schema;
  readonly batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>;
  /** Lets go of what it reads from, whether it was read or not. Idempotent. */
  readonly close?: () => Promise<void>;
}

/** What a type handler may need to know to turn a value into a table. */
export interface StoreHints {
  /** Asset key, for messages. */
  readonly key: string;
  /** Column types given by the asset, in SQL's words: `{ amount: "decimal(18,2)" }`. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** What the rows have passed already: says the columns of a value that shows none. */
  readonly rowSchema?: StandardSchemaV1 | undefined;
  /** Columns of the value that is stored now, for a new value that does not show its own. */
  readonly storedColumns?: (() => Promise<readonly ColumnSchema[] | undefined>) | undefined;
}
export interface LoadHints {
  readonly key: string;
  /** Columns that held bigints when they were stored, as the record says. */
  readonly bigints?: readonly string[] | undefined;
}

/**
 * One in-memory shape of a table. A handler never learns where its value is stored.
 * `Value` is what `run` receives and returns.
 */
export interface TypeHandler<Value> {
  readonly [kind]: "handler";
  readonly name: string;
  readonly [types]?: Value;
  /** Whether a value returned by `run` is of this shape. */
  readonly accepts: (value: unknown) => boolean;
  /** Left out where the store itself executes the value (`sql`). Throws `io/unsupported-value`, `io/unknown-columns`. */
  readonly toTable?: (value: Value, hints: StoreHints) => Promise<TableStream>;
  /** Left out like `toTable`. Throws `io/inexact-value`, `run/invalid-row`. */
  readonly fromTable?: (table: TableStream, hints: LoadHints) => Promise<Value>;
}
// biome-ignore lint/suspicious/noExplicitAny: a handler of whatever value; `unknown` would not accept one, since it both takes and gives
export type AnyHandler = TypeHandler<any>;

/** What the rows of a stored slice have in common along one dimension, as plain data. */
export interface SliceCondition {
  readonly column?: string;
  /** Trusted SQL, instead of `column`. */
  readonly partitionExpr?: string;
  /** Type of the column or the expression, in the store's words. */
  readonly type: string;
  /** What its value equals, as text, where there is no `window`. */
  readonly key: string;
  readonly window?: PartitionWindow;
}
/** Where something that SQL can read in place lies. */
export interface Relation {
  /** Identity of the engine that reads it in place: equal for two values of one database. */
  readonly store: string;
  /** Qualified name in that store, unquoted. */
  readonly table?: readonly string[];
  /** Parquet files, absolute, which any DuckDB on this machine can read too. */
  readonly parquet?: readonly string[];
  /** Columns of those files whose exact type Parquet has no name for, such as `{ total: "HUGEINT" }`: whoever reads casts them, in DuckDB's words. */
  readonly casts?: Readonly<Record<string, string>>;
  /** A table in this process's memory, which any DuckDB in it can read too. */
  readonly memory?: TableStream;
  /** The same rows as a stream, `columns` and `where` heeded, for an engine that cannot read them in place and takes a copy. */
  readonly stream?: (signal: AbortSignal | undefined) => Promise<TableStream>;
  /** Columns asked for; all when left out. */
  readonly columns?: readonly string[];
  /** The rows meant, where not all are: those that hold all conditions of any of these slices. Only with `table`. */
  readonly where?: readonly (readonly SliceCondition[])[];
  /** For messages: the asset's key. */
  readonly key: string;
}
export type SqlValue = string | number | bigint | boolean | null | Date | Uint8Array;
export type SqlNode =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "value"; readonly value: SqlValue }
  | { readonly type: "name"; readonly name: readonly string[] }
  | { readonly type: "relation"; readonly relation: Relation }
  | { readonly type: "query"; readonly nodes: readonly SqlNode[] }
  /** The text in several dialects, by name; `inDialect` chooses one. */
  | { readonly type: "dialect"; readonly variants: Readonly<Record<string, readonly SqlNode[]>> };
/** A query that its store executes, as data: texts, bound values, quoted names and the stored slices it reads. */
export interface SqlQuery<Row = unknown> {
  readonly [kind]: "sql";
  readonly [types]?: Row;
  readonly nodes: readonly SqlNode[];
}

/** The query in a store's dialect, by the name that `sql.dialect` gives it. Throws `sql/failed` where there is no variant for it, naming those there are. */
export function inDialect<Row>(query: SqlQuery<Row>, dialect: string, asset?: string): SqlQuery<Row> {
  const chosen = (nodes: readonly SqlNode[]): readonly SqlNode[] =>
    nodes.flatMap((node): readonly SqlNode[] => {
      if (node.type === "query") return [{ type: "query", nodes: chosen(node.nodes) }];
      if (node.type !== "dialect") return [node];
      if (Object.hasOwn(node.variants, dialect)) return chosen(node.variants[dialect] as readonly SqlNode[]);
      const names = Object.keys(node.variants);
      const where = asset === undefined ? "The query" : `The query of asset "${asset}"`;
      throw new SluiceError("sql/failed", `${where} runs in ${dialect}, and sql.dialect() has no variant for it: it has ${names.join(" and ")}.`, {
        asset,
        hint: `Add one: sql.dialect({ ${[...names, dialect].map((name) => `${name}: sql\`...\``).join(", ")} }).`,
      });
    });
  return { ...query, nodes: chosen(query.nodes) };
}

// ---------------------------------------------------------------- the interface

export interface AssetAddress {
  readonly key: string;
  readonly table?: TableOptions | undefined;
}
/** How a value that is not in its place yet is asked for. */
export interface StagedRead extends Pick<InputContext, "columns" | "handler"> {
  /** Of several partitions that are written together, the one that is wanted; all that is written when left out. */
  readonly partition?: string | undefined;
}
export interface OutputContext extends AssetAddress {
  /** Keys of the partitions being written; empty for the whole value. One value is given for all of them: rows outside are refused. */
  readonly partitions: readonly string[];
  /** The same partitions, in the same order, with what a store needs to find their rows. Left out for the whole value. */
  readonly slices?: readonly PartitionSlice[] | undefined;
  readonly write: Write;
  readonly schemaChange: SchemaChange;
  readonly columns?: Readonly<Record<string, string>> | undefined;
  readonly rowSchema?: StandardSchemaV1 | undefined;
  /** To be written with the value, in the same atomic act. The I/O manager adds `handler` and `rows`, and keeps one per partition, with `partition`. */
  readonly record: Omit<StoredRecord, "handler" | "rows">;
  /** Of several partitions, the record of each by its key; `record` is what they share. */
  readonly partitionRecords?: Readonly<Record<string, Omit<StoredRecord, "handler" | "rows">>> | undefined;
  /**
   * To be called, where the store can do so, when the value is staged and the former one is still what readers see: with a way to load what
   * is written, in any shape. When it throws, the former value stays and the staged one goes. Never called: checked after it is stored.
   */
  readonly verify?: ((load: (read: StagedRead) => Promise<unknown>) => Promise<void>) | undefined;
  /** Aborts the work at the store, not only the waiting. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, message: string) => void;
}
export interface InputContext extends AssetAddress {
  /** Keys of the partitions wanted; empty for the whole value. Several are loaded as one value; "io/not-found" when one of them is not stored. */
  readonly partitions: readonly string[];
  /** The same partitions, in the same order. Left out for the whole value. */
  readonly slices?: readonly PartitionSlice[] | undefined;
  /** Columns asked for; all when left out. */
  readonly columns?: readonly string[] | undefined;
  /** The shape asked for with `.as`; left out: the recorded one. */
  readonly handler?: AnyHandler | undefined;
  readonly signal: AbortSignal;
}

/** Who else can read what is stored. */
export type Reach = "process" | "machine" | "network";

/**
 * Stores what assets return and loads what they name as inputs. `Value` is what it can store.
 * Members are properties, not methods, so that `Value` is checked strictly. `docs/guides/io-managers.md` says what each must hold.
 */
export interface IOManager<in Value = never> {
  readonly [kind]?: "io-manager";
  /** For people: "duckdb", "filesystem". */
  readonly name?: string;
  readonly reach?: Reach;
  /** Its settings, so that missing environment variables are found before a run. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where an asset lies, as the store compares names, without opening the store: two assets with equal places collide. */
  readonly place?: (asset: AssetAddress) => string;
  /** The same for people, in the letters that it was given; `place` when left out. */
  readonly shown?: (asset: AssetAddress) => string;
  /** Stores the value, atomically: a failed or killed call leaves the former one. */
  readonly handleOutput: (context: OutputContext, value: Value) => Promise<StoredMetadata>;
  /** Resolves to the shape of `context.handler`, or of the recorded handler. Throws `io/not-found`. */
  readonly loadInput: (context: InputContext) => Promise<unknown>;
  /** The record of what is stored; `undefined` when nothing is. A value without a record gives `{}`. */
  readonly inspect?: (context: InputContext) => Promise<Partial<StoredRecord> | undefined>;
  /** Keys of the stored partitions. */
  readonly list?: (context: InputContext) => Promise<readonly string[]>;
  /** Records of all stored partitions by key, in one go; without it, each that `list` names is inspected. */
  readonly inspectPartitions?: (context: InputContext) => Promise<ReadonlyMap<string, Partial<StoredRecord>>>;
  readonly preview?: (context: InputContext, request: PageRequest) => Promise<Page>;
  readonly delete?: (context: InputContext) => Promise<void>;
  /** Most steps of a run that may load from it or store into it at once; without one, only the run's own limit holds. */
  readonly concurrency?: number;
  /** Lets go of locks and handles; the next call opens again. Idempotent. */
  readonly release?: () => Promise<void>;
  /** For good. Idempotent. */
  readonly close?: () => Promise<void>;
}
// biome-ignore lint/suspicious/noExplicitAny: an I/O manager of whatever value, as the engine holds it after the compiler has checked the binding
export type AnyIOManager = IOManager<any>;
