import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { kind, Rows } from "../io/manager.ts";
import type { SchemaChange, TableOptions, Write } from "../model/values.ts";
import type { IOManagerKey } from "./keys.ts";
import type { Callable, IsAny, Mistake, Nothing, Promisable } from "./mistake.ts";

export type Metadata = Readonly<Record<string, unknown>>;

type NamedColumnType =
  | "boolean"
  | "tinyint"
  | "smallint"
  | "integer"
  | "bigint"
  | "hugeint"
  | "utinyint"
  | "usmallint"
  | "uinteger"
  | "ubigint"
  | "uhugeint"
  | "real"
  | "double"
  | "varchar"
  | "blob"
  | "uuid"
  | "date"
  | "time"
  | "timestamp"
  | "timestamp_s"
  | "timestamp_ms"
  | "timestamp_ns"
  | "timestamptz"
  | "time_ns"
  | "timetz"
  | "interval"
  | "bit"
  | "json";
/** A column's type in SQL's words: `"decimal(18,2)"`, `"date"`, `"bigint[]"`, `"struct(x double, y double)"`. */
export type ColumnType =
  | NamedColumnType
  | Uppercase<NamedColumnType>
  | `decimal(${string})`
  | `DECIMAL(${string})`
  | `enum(${string})`
  | `ENUM(${string})`
  | `struct(${string})`
  | `STRUCT(${string})`
  | `${string}[]`;

/** What a reader sees about an asset. */
export interface Described {
  readonly description?: string;
  readonly group?: string;
  readonly kinds?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly owners?: readonly string[];
  readonly metadata?: Metadata;
  readonly codeVersion?: string;
}
/** Where and how a value is stored. */
export interface Storage<K> {
  readonly ioManager?: K;
  readonly table?: TableOptions;
  readonly write?: Write;
  readonly schemaChange?: SchemaChange;
  /** Column types where inference from rows is not enough: `{ amount: "decimal(18,2)" }`. */
  readonly columns?: Readonly<Record<string, ColumnType>>;
}
export interface Retry {
  readonly max: number;
  /** Milliseconds before the first repetition. */
  readonly delay?: number;
  readonly backoff?: "linear" | "exponential";
  readonly jitter?: boolean;
}

/** No `rowSchema` given. */
export interface NoSchema {
  readonly [kind]: "no-schema";
}
export type MaybeSchema = StandardSchemaV1 | NoSchema;

/** Always false without strictNullChecks, where `undefined` is part of every type. */
type HasUndefined<Value> = undefined extends 1 ? false : undefined extends Value ? true : false;
/** The columns that no store can hold; "(await)" where each row is still a promise. */
type BadColumn<Value> = Value extends readonly (infer Row)[]
  ? IsAny<Row> extends true
    ? never
    : [Row] extends [PromiseLike<unknown>]
      ? "(await)"
      : [Row] extends [object]
        ? Unstorable<Row>
        : never
  : never;
type Unstorable<Row> = { [C in keyof Row]-?: [Extract<Row[C], Callable | symbol | PromiseLike<unknown>>] extends [never] ? never : C }[keyof Row] &
  string;
type ColumnVerdict<Key extends string, Column extends string> = Column extends "(await)"
  ? Mistake<`asset "${Key}" returns an array of promises: await Promise.all(...)`>
  : Mistake<`asset "${Key}": column "${Column}" holds what no I/O manager stores`>;

/**
 * `unknown` where the I/O manager stores the value, or else the sentence that names both.
 * `Returned` is one conditional type around `Promisable<Value>`: an intersection would lose union return types to inference.
 */
export type Returned<Value, Verdict> = unknown extends Verdict ? Promisable<Value> : Verdict;
export type StorageVerdict<Key extends string, Value, K, Schema = NoSchema> = [Value] extends [Nothing]
  ? unknown
  : true extends HasUndefined<Value>
    ? Mistake<`asset "${Key}" returns undefined on some paths: return a value on every path, or nothing on all`>
    : [BadColumn<Value>] extends [never]
      ? K extends IOManagerKey<infer Name, infer Accepted>
        ? [Value] extends [Accepted]
          ? [Extract<Value, Callable>] extends [never]
            ? SchemaVerdict<Key, Value, Schema>
            : Mistake<`asset "${Key}" returns a function, which no I/O manager stores`>
          : Mistake<`I/O manager "${Name}" cannot store what asset "${Key}" returns`>
        : never
      : ColumnVerdict<Key, BadColumn<Value>>;
/** Rows must be what the validator takes; nothing else can be held to it. */
type SchemaVerdict<Key extends string, Value, Schema> = Schema extends StandardSchemaV1
  ? [Value] extends [Rows<StandardSchemaV1.InferInput<Schema>>]
    ? unknown
    : [Value] extends [readonly unknown[]]
      ? Mistake<`asset "${Key}" returns rows that its rowSchema does not take`>
      : Mistake<`asset "${Key}" has a rowSchema, which checks an array of rows, and returns something else`>
  : unknown;

/** What downstream receives. Arrays become read-only, since a value in memory is shared by reference; a validator's output type replaces its input type. */
export type Received<Value, Schema = NoSchema> = Value extends readonly (infer Row)[]
  ? Rows<Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : Row>
  : Value;
