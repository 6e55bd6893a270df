import { inspect } from "node:util";
import { Binary, Bool, type DataType, Field, Float64, makeData, RecordBatch, Schema, Struct, Utf8, type Vector, vectorFromArray } from "apache-arrow";
import { isPlainObject } from "../formats/plain.ts";
import type { TableStream } from "./manager.ts";

/*
 * Values that are no tables, as tables for people: an array of objects has their properties for columns, other collections have one
 * row per item, everything else is one cell.
 */

/** Bytes of a long binary value that one cell shows. */
const shownBytes = 65_536;

const cellText = (value: unknown): string => {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 10_000, maxArrayLength: 1000 });
};

const every = (values: readonly unknown[], type: string): boolean =>
  values.some((value) => value != null) && values.every((value) => value == null || typeof value === type);

/** The narrowest of number, boolean, bytes and text that shows every value. */
function column(values: readonly unknown[]): Vector {
  const type: DataType = every(values, "number")
    ? new Float64()
    : every(values, "boolean")
      ? new Bool()
      : values.length > 0 && values.every((value) => value instanceof Uint8Array)
        ? new Binary()
        : new Utf8();
  if (type instanceof Utf8)
    return vectorFromArray(
      values.map((value) => (value == null ? null : cellText(value))),
      type,
    );
  if (type instanceof Binary)
    return vectorFromArray(
      values.map((value) => (value as Uint8Array).subarray(0, shownBytes)),
      type,
    );
  return vectorFromArray(
    values.map((value) => value ?? null),
    type,
  );
}

function table(columns: readonly (readonly [name: string, values: readonly unknown[]])[]): TableStream {
  const vectors = columns.map(([, values]) => column(values));
  const fields = columns.map(([name], index) => new Field(name, (vectors[index] as Vector).type as DataType, true));
  const length = columns[0]?.[1].length ?? 0;
  const children = vectors.map((vector) => vector.data[0]!);
  const schema = new Schema(fields);
  return { schema, batches: [new RecordBatch(schema, makeData({ type: new Struct(fields), length, nullCount: 0, children }))] };
}

/** Any value as a table to look at. */
export function valueTable(value: unknown): TableStream {
  const items = Array.isArray(value) ? (value as readonly unknown[]) : value instanceof Set ? [...(value as ReadonlySet<unknown>)] : undefined;
  if (items) {
    const names = new Map<string, string>();
    // names that differ in case only would be one column to the engine
    if (items.length > 0 && items.every(isPlainObject))
      for (const item of items) for (const name of Object.keys(item)) if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
    if (names.size === 0 || names.has("")) return table([["value", items]]);
    return table([...names.values()].map((name) => [name, items.map((item) => (item as Record<string, unknown>)[name])]));
  }
  const entries = value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : isPlainObject(value) ? Object.entries(value) : undefined;
  if (entries && entries.length > 0) {
    return table([
      ["key", entries.map(([key]) => cellText(key))],
      ["value", entries.map(([, item]) => item)],
    ]);
  }
  return table([["value", [value]]]);
}
