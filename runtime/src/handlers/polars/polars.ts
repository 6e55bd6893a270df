import type { RecordBatch, Schema } from "apache-arrow";
import { RecordBatch as Batch, makeData, Struct, Table, Schema as TableSchema, tableFromIPC, tableToIPC } from "apache-arrow";
import type { DataFrame, LazyDataFrame } from "nodejs-polars";
import type { LoadHints, StoreHints, TableStream, TypeHandler } from "../../io/manager.ts";
import { kind } from "../../io/manager.ts";
import { SluiceError } from "../../model/errors.ts";
import { schemaOfKinds } from "../columns.ts";
import { knownColumns, unknownColumns } from "../known-columns.ts";
import { type Conversion, columnFromPolars, columnsForPolars } from "./columns.ts";
import { loadPolars } from "./package.ts";

/** Rows that cross at a time, so that neither side needs room for a second copy of the whole. */
const windowRows = 131_072;

const tagged = (value: unknown, tag: string, method: string): boolean =>
  typeof value === "object" &&
  value !== null &&
  (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === tag &&
  typeof (value as Readonly<Record<string, unknown>>)[method] === "function";
const isFrame = (value: unknown): value is DataFrame => tagged(value, "DataFrame", "writeIPCStream");
const isLazyFrame = (value: unknown): value is LazyDataFrame => tagged(value, "LazyDataFrame", "collect");

/** What Polars throws names neither the asset nor what was done. */
function failed(code: "run/failed" | "io/unsupported-value", asset: string, what: string, cause: unknown): SluiceError {
  const [message = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
  return new SluiceError(code, `${what}: ${message}`, { asset, cause });
}

function converted(batch: RecordBatch, conversions: readonly Conversion[], schema: Schema): RecordBatch {
  const children = batch.data.children.map((child, i) => conversions[i]?.convert?.(child) ?? child);
  return new Batch(schema, makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }));
}

async function frameToTable(frame: DataFrame, hints: StoreHints): Promise<TableStream> {
  const { key } = hints;
  if (frame.width === 0) {
    const known = await knownColumns(hints);
    if (known.size === 0 || frame.height > 0) throw unknownColumns(key, []);
    return { schema: schemaOfKinds(known), batches: [] };
  }
  const read = (from: number): Table => {
    let ipc: Buffer;
    try {
      ipc = frame.slice(from, windowRows).writeIPCStream();
    } catch (cause) {
      throw failed("io/unsupported-value", key, `The frame of asset "${key}" has a column that Polars does not hand out`, cause);
    }
    return tableFromIPC(ipc);
  };
  const first = read(0);
  const conversions = first.schema.fields.map((field) => columnFromPolars(field, key, hints.columns?.[field.name]));
  const schema = new TableSchema(conversions.map(({ field }) => field));
  function* batches(): Generator<RecordBatch> {
    for (let from = 0; from < frame.height; from += windowRows) {
      const window = from === 0 ? first : read(from);
      for (const batch of window.batches) if (batch.numRows > 0) yield converted(batch, conversions, schema);
    }
  }
  return { schema, batches: { [Symbol.iterator]: batches } };
}

async function tableToFrame(table: TableStream, { key }: LoadHints): Promise<DataFrame> {
  const conversions = columnsForPolars(table.schema, key);
  const { default: pl } = loadPolars();
  const schema = new TableSchema(conversions.map(({ field }) => field));
  const read = (batches: readonly RecordBatch[]): DataFrame => {
    try {
      return pl.readIPCStream(Buffer.from(tableToIPC(new Table(schema, [...batches]), "stream")));
    } catch (cause) {
      throw failed("io/unsupported-value", key, `Polars does not take what is stored of asset "${key}"`, cause);
    }
  };
  const frames: DataFrame[] = [];
  for await (const batch of table.batches) if (batch.numRows > 0) frames.push(read([converted(batch, conversions, schema)]));
  const [first] = frames;
  return first === undefined ? read([]) : frames.length === 1 ? first : pl.concat(frames);
}

/**
 * Polars `DataFrame`s of nodejs-polars, an optional package of the project. Returned frames are recognised by their shape.
 * Loading throws `io/sdk-missing` without the package, `io/unsupported-value` and `io/inexact-value` for what Polars cannot hold.
 */
export const polars: TypeHandler<DataFrame> = {
  [kind]: "handler",
  name: "polars",
  accepts: isFrame,
  toTable: frameToTable,
  fromTable: tableToFrame,
};

/** Polars `LazyDataFrame`s: collected when they are stored, and lazy again when they are loaded. Throws as `polars` does, and `run/failed` where collecting fails. */
export const polarsLazy: TypeHandler<LazyDataFrame> = {
  [kind]: "handler",
  name: "polarsLazy",
  accepts: isLazyFrame,
  toTable: async (value, hints) => {
    let frame: DataFrame;
    try {
      frame = await value.collect();
    } catch (cause) {
      throw failed("run/failed", hints.key, `The lazy frame of asset "${hints.key}" failed`, cause);
    }
    return frameToTable(frame, hints);
  },
  fromTable: async (table, hints) => (await tableToFrame(table, hints)).lazy(),
};
