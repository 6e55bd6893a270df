import type * as Bindings from "@duckdb/node-bindings";
import { SluiceError } from "../model/errors.ts";

/** DuckDB's C API as `@duckdb/node-bindings` shows it. */
export type Native = typeof Bindings;
export type RawConnection = Bindings.Connection;
export type LogicalType = Bindings.LogicalType;
export type Vector = Bindings.Vector;
export type DataChunk = Bindings.DataChunk;
export type Prepared = Bindings.PreparedStatement;
export type Result = Bindings.Result;
export type RawDatabase = Bindings.Database;

/** Type ids of the C API. */
export const typeIds = {
  BOOLEAN: 1,
  TINYINT: 2,
  SMALLINT: 3,
  INTEGER: 4,
  BIGINT: 5,
  UTINYINT: 6,
  USMALLINT: 7,
  UINTEGER: 8,
  UBIGINT: 9,
  FLOAT: 10,
  DOUBLE: 11,
  TIMESTAMP: 12,
  DATE: 13,
  TIME: 14,
  INTERVAL: 15,
  HUGEINT: 16,
  VARCHAR: 17,
  BLOB: 18,
  DECIMAL: 19,
  TIMESTAMP_S: 20,
  TIMESTAMP_MS: 21,
  TIMESTAMP_NS: 22,
  ENUM: 23,
  LIST: 24,
  STRUCT: 25,
  MAP: 26,
  UUID: 27,
  UNION: 28,
  BIT: 29,
  TIME_TZ: 30,
  TIMESTAMP_TZ: 31,
  UHUGEINT: 32,
  ARRAY: 33,
  BIGNUM: 35,
  SQLNULL: 36,
  TIME_NS: 39,
  GEOMETRY: 40,
  VARIANT: 41,
} as const;

let loaded: Promise<Native> | undefined;

/** Loads the native engine on first need. Throws `io/sdk-missing` where this platform's package is not installed. */
export function loadNative(): Promise<Native> {
  loaded ??= import("@duckdb/node-bindings").then(
    (module) => (module as unknown as { default?: Native }).default ?? module,
    (cause: unknown) => {
      loaded = undefined;
      throw new SluiceError("io/sdk-missing", `DuckDB could not be loaded on ${process.platform}-${process.arch}: ${String(cause)}`, {
        hint: "Install @duckdb/node-api with its optional dependencies (npm install --include=optional @duckdb/node-api).",
        cause,
      });
    },
  );
  return loaded;
}
