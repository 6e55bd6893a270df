/** A column as a store reports it. */
export interface ColumnSchema {
  readonly name: string;
  /** The store's own type name, such as "BIGINT" or "DECIMAL(18,2)". */
  readonly type: string;
  readonly nullable?: boolean;
}

export type MetadataValue = string | number | boolean | null | readonly MetadataValue[] | { readonly [name: string]: MetadataValue };

/** What was stored where, as plain data. Never holds a secret or bound values. */
export interface StoredMetadata {
  /** Where the value lies: a path, a uri or a qualified table name. */
  readonly place: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly columns?: readonly ColumnSchema[];
  /** The query that shows the stored slice, without bound values. */
  readonly query?: string;
  /** What the I/O manager or the asset's `context.metadata` added. */
  readonly [more: string]: unknown;
}

/**
 * The record that travels with a stored value, written in the same atomic act and read back by `inspect`.
 * It decides what a value is and whether it is stale; the history is only this machine's log.
 */
export interface StoredRecord {
  /** Layout of this record. */
  readonly version: 1;
  /** Asset key. */
  readonly key: string;
  /** Key of the partition, where the asset has partitions. */
  readonly partition?: string;
  /** Name of the type handler or format that wrote the value: "rows", "arrow", "batches", "sql", "json", "structured-clone", "bytes". */
  readonly handler: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  /** Hash of what `run` depends on, or the asset's own `codeVersion`. */
  readonly codeVersion?: string;
  readonly dataVersion: string;
  /** Data version of every upstream asset at that time, by key. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly storedAt: string;
  readonly rows?: number;
  /** Columns whose rows held bigints, with paths into lists and structs: "id", "ids[]", "place.x". Rows load them as bigints again. */
  readonly bigints?: readonly string[];
}

export type Write = "replace" | "append" | { readonly upsert: readonly string[] };
export type SchemaChange = "evolve" | "error" | "recreate";
export interface TableOptions {
  readonly schema?: string;
  readonly name?: string;
}
