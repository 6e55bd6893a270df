import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { RecordBatch, Schema } from "apache-arrow";
import { RecordBatch as Batch, makeData, Struct } from "apache-arrow";
import type { AnyHandler, Rows, StoreHints, TableStream, TypeHandler, UpstreamRow, ValidRows } from "../io/manager.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { validateRows } from "../model/validate-rows.ts";
import { buildColumn } from "./build.ts";
import type { ColumnKind } from "./columns.ts";
import { schemaOfKinds } from "./columns.ts";
import { isBytes, isDate, isPlain, kindOfSeen, observeColumn, valueAt } from "./infer.ts";
import { columnOverrides, knownColumns, schemaColumns, unknownColumns } from "./known-columns.ts";
import { objectMaker } from "./object-maker.ts";
import type { ReadOptions } from "./read.ts";
import { columnReader } from "./read.ts";
import { mostCharacters } from "./text.ts";

export interface RowOptions {
  /**
   * 64-bit integers and wider. "number" refuses a value beyond 2^53 - 1 with `io/inexact-value`. When left out, columns that were stored from
   * bigints are bigints again, and all others numbers.
   */
  readonly integers?: "number" | "bigint";
  /** "string" (default) keeps the scale; "number" refuses a value that it would round. */
  readonly decimals?: "string" | "number";
  /** "date" (default) refuses a value with microseconds; "string" is ISO 8601 with all of its digits. */
  readonly timestamps?: "date" | "string";
}
type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  (isPlain(value) || !(isDate(value) || isBytes(value) || Symbol.iterator in value));

/**
 * An array of row objects. Called for a type (`rows<Sale>()`), for the upstream asset's type (`rows()`), or with a Standard Schema
 * validator that each loaded row must pass.
 * Loading throws `io/inexact-value` where a value would be changed, `run/invalid-row` where the validator refuses a row.
 */
export function rows<Row = UpstreamRow>(options?: RowOptions): TypeHandler<Rows<Row>>;
export function rows<Schema extends StandardSchemaV1>(
  schema: Schema,
  options?: RowOptions,
): TypeHandler<ValidRows<StandardSchemaV1.InferOutput<Schema>, StandardSchemaV1.InferInput<Schema>>>;
export function rows(first?: StandardSchemaV1 | RowOptions, second?: RowOptions): AnyHandler {
  const validator = isValidator(first) ? first : undefined;
  const given = validator === undefined ? (first as RowOptions | undefined) : second;
  const options = readOptions(given);
  return {
    [kind]: "handler",
    name: "rows",
    accepts: (value) => Array.isArray(value) && value.every(isRow),
    toTable: rowsToTable,
    fromTable: async (table, hints) => {
      const bigints = given?.integers === undefined && hints.bigints ? new Set(hints.bigints) : undefined;
      const loaded = await tableToRows(table, hints.key, bigints ? { ...options, bigints } : options);
      return validator === undefined ? loaded : validateRows(validator, loaded, hints.key);
    },
  };
}

const isValidator = (value: unknown): value is StandardSchemaV1 =>
  ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value;

function readOptions(options: RowOptions = {}): ReadOptions {
  const { integers = "number", decimals = "string", timestamps = "date", ...rest } = options;
  const [unknown] = Object.keys(rest);
  const wrong = (message: string) =>
    new SluiceError("config/invalid", `rows(): ${message}`, { hint: "It takes integers, decimals and timestamps, or a validator first." });
  if (unknown !== undefined) throw wrong(`there is no option "${unknown}".`);
  if (integers !== "number" && integers !== "bigint") throw wrong(`integers is "number" or "bigint".`);
  if (decimals !== "string" && decimals !== "number") throw wrong(`decimals is "string" or "number".`);
  if (timestamps !== "date" && timestamps !== "string") throw wrong(`timestamps is "date" or "string".`);
  return { integers, decimals, timestamps };
}

// ---------------------------------------------------------------- storing

/** Rows of one record batch: a multiple of DuckDB's vectors, small enough that building it does not hold up the event loop. */
const batchRows = 65_536;

async function rowsToTable(value: Rows<Row>, hints: StoreHints): Promise<TableStream> {
  const strange = value.findIndex((row) => !isRow(row));
  if (strange >= 0) {
    throw new SluiceError("io/unsupported-value", `Row ${strange + 1} of asset "${hints.key}" is no object.`, {
      asset: hints.key,
      hint: "Return an array of objects, one per row.",
    });
  }
  const kinds = await columnKinds(value, hints);
  const schema = schemaOfKinds(kinds);
  return { schema, batches: { [Symbol.iterator]: () => recordBatches(value, kinds, schema, hints.key) } };
}

/** Names of all columns, in the order in which rows show them. */
function columnNames(rows: readonly Row[]): readonly string[] {
  const names = new Set<string>();
  let last: readonly string[] = [];
  for (const row of rows) {
    const keys = Object.keys(row);
    // Rows are mostly alike: the same keys as in the row before add nothing.
    if (keys.length === last.length && keys.every((name, index) => name === last[index])) continue;
    for (const name of keys) names.add(name);
    last = keys;
  }
  return [...names];
}

async function columnKinds(rows: readonly Row[], hints: StoreHints): Promise<ReadonlyMap<string, ColumnKind>> {
  const overrides = columnOverrides(hints);
  const names = columnNames(rows);
  let known: Promise<ReadonlyMap<string, ColumnKind>> | undefined;
  const lookUp = () => {
    known ??= knownColumns(hints);
    return known;
  };
  if (names.length === 0) {
    const columns = await lookUp();
    if (columns.size === 0) throw unknownColumns(hints.key, []);
    return columns;
  }
  const kinds = new Map<string, ColumnKind>();
  const unknown: string[] = [];
  for (const name of names) {
    const place = { asset: hints.key, column: name };
    const override = overrides.get(name);
    const seen = override === undefined ? observeColumn(rows, name, place) : undefined;
    const columnKind =
      override ??
      kindOfSeen(seen!, place, undefined, []) ??
      kindOfSeen(seen!, place, (await lookUp()).get(name) ?? schemaColumns(hints.rowSchema).get(name), unknown);
    if (columnKind !== undefined) kinds.set(name, columnKind);
  }
  if (unknown.length > 0) throw unknownColumns(hints.key, unknown);
  for (const [name, columnKind] of overrides) if (!kinds.has(name)) kinds.set(name, columnKind);
  return kinds;
}

function* recordBatches(rows: readonly Row[], kinds: ReadonlyMap<string, ColumnKind>, schema: Schema, asset: string): Generator<RecordBatch> {
  const texts = Array.from(kinds).flatMap(([name, { type }]) => (type === "text" ? [name] : []));
  for (let from = 0; from < rows.length; ) {
    const to = fittingEnd(rows, texts, from);
    yield buildBatch(rows, from, to, kinds, schema, asset);
    from = to;
  }
}

/** Where a batch must end so that the texts of a column can be joined: long texts make short batches. */
function fittingEnd(rows: readonly Row[], texts: readonly string[], from: number): number {
  const end = Math.min(rows.length, from + batchRows);
  let fitting = end;
  for (const name of texts) {
    let characters = 0;
    for (let row = from; row < fitting; row++) {
      const value = rows[row]![name];
      if (typeof value === "string") characters += value.length;
      if (characters > mostCharacters && row > from) fitting = row;
    }
  }
  return fitting;
}

function buildBatch(rows: readonly Row[], from: number, to: number, kinds: ReadonlyMap<string, ColumnKind>, schema: Schema, asset: string) {
  const children = Array.from(kinds, ([name, columnKind]) => {
    const at = name in Object.prototype ? (index: number) => valueAt(rows[from + index]!, name) : (index: number) => rows[from + index]![name];
    return buildColumn(columnKind, { length: to - from, at, place: { asset, column: name }, rowOf: (index) => from + index });
  });
  return new Batch(schema, makeData({ type: new Struct(schema.fields), length: to - from, nullCount: 0, children }));
}

// ---------------------------------------------------------------- loading

async function tableToRows(table: TableStream, asset: string, options: ReadOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const make = objectMaker(table.schema.fields.map((field) => field.name));
  for await (const batch of table.batches) {
    const start = rows.length;
    const readers = batch.schema.fields.map((field, index) =>
      columnReader(batch.data.children[index]!, field, { asset, column: field.name, options, rowOf: (row) => start + row }),
    );
    for (let i = 0; i < batch.numRows; i++) rows.push(make(readers, i));
  }
  return rows;
}
