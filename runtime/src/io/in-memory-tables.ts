import { type Data, Field, makeData, RecordBatch, Schema, Struct, Utf8, vectorFromArray } from "apache-arrow";
import { arrowColumns } from "../formats/arrow-columns.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { OutputContext, Relation, SqlQuery, TableStream } from "./manager.ts";
import { kind } from "./manager.ts";
import { inseparable, inseparableRows } from "./shapes.ts";

/* Tables as `inMemory()` holds them. DuckDB is loaded only for what Arrow cannot do by itself. */

/** A table in memory: its batches can be gone through many times. */
export interface HeldTable extends TableStream {
  readonly schema: Schema;
  readonly batches: readonly RecordBatch[];
}
export const rowsOf = (table: HeldTable): number => table.batches.reduce((sum, batch) => sum + batch.numRows, 0);
export const bytesOf = (table: HeldTable): number => table.batches.reduce((sum, batch) => sum + batch.data.byteLength, 0);

/** The columns in that order; Arrow's own `select` keeps the table's order for the names and not for the data. */
export const select = ({ schema, batches }: HeldTable, names: readonly string[]): HeldTable => {
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
export async function queryTable(context: OutputContext, query: SqlQuery): Promise<HeldTable> {
  const { collectQuery } = await import("../formats/memory-tables.ts");
  return collectQuery(query, { key: context.key, signal: context.signal });
}

/** What goes into each partition; for a single one the table as it is, held to what the partition says about its rows. */
export async function split(context: OutputContext, slices: readonly PartitionSlice[], table: HeldTable | undefined): Promise<readonly HeldTable[]> {
  const several = slices.length > 1;
  if (several && !table) throw inseparable(context, "which is no table", "Return a Map with a value for each of context.partitions.");
  const { key, signal } = context;
  const held = table as HeldTable;
  const said = slices.some(({ dimensions }) => dimensions.some(({ column, partitionExpr }) => column !== undefined || partitionExpr !== undefined));
  if (!several && !said) return [held];
  const [{ areSeparable, separate }, { collectQuery }] = await Promise.all([import("./slice-tables.ts"), import("../formats/memory-tables.ts")]);
  if (several && !areSeparable(slices)) throw inseparableRows(context);
  const relation: Relation = { store: "memory", memory: held, key };
  const conditions = await separate(relation, arrowColumns(held.schema), slices, signal);
  if (!several) return [held];
  const parts: HeldTable[] = [];
  for (const condition of conditions) parts.push(await collectQuery(selectFrom(key, held, condition), { key, signal }));
  return parts;
}

/** A partition's key along one dimension. */
export interface PartitionPlace {
  readonly name: string;
  readonly key: string;
}
export interface TablePart {
  readonly partition: string;
  readonly table: HeldTable;
  readonly places?: readonly PartitionPlace[];
}

/**
 * Partitions as one table. Those of one shape keep their batches. With a column for each dimension of their places that has none in the
 * tables.
 */
export async function concatenate(key: string, parts: readonly TablePart[], signal: AbortSignal): Promise<HeldTable> {
  const same = alike(parts.map(({ table }) => table));
  const tables = same ? withPlaces(parts) : [];
  const [first] = tables;
  if (first) return { schema: first.schema, batches: tables.flatMap(({ batches }) => batches) };
  const [{ unionQuery }, { collectQuery }] = await Promise.all([import("./union-tables.ts"), import("../formats/memory-tables.ts")]);
  const relations = parts.map(({ partition, table: memory, places }) => ({
    partition,
    ...(places ? { places } : {}),
    relation: { store: "memory", memory, key },
    columns: arrowColumns(memory.schema),
  }));
  return collectQuery(await unionQuery(relations, { key, signal }), { key, signal });
}

function withPlaces(parts: readonly TablePart[]): readonly HeldTable[] {
  const folded = (name: string): string => name.toLowerCase();
  const taken = new Set(parts.flatMap(({ table }) => table.schema.fields.map((field) => folded(field.name))));
  const names = new Map(parts.flatMap(({ places = [] }) => places.map(({ name }) => [folded(name), name] as const)));
  const added = [...names.values()].filter((name) => !taken.has(folded(name)));
  if (added.length === 0) return parts.map(({ table }) => table);
  return parts.map(({ table: { schema, batches }, places = [] }) => {
    const fields = [...schema.fields, ...added.map((name) => new Field(name, new Utf8(), true))];
    const wider = new Schema(fields);
    const keys = added.map((name) => places.find((place) => place.name === name)?.key ?? null);
    return {
      schema: wider,
      batches: batches.map(({ data, numRows }) => {
        const columns = keys.map((key) => vectorFromArray(new Array<string | null>(numRows).fill(key), new Utf8()).data[0] as Data);
        const children = [...data.children, ...columns];
        return new RecordBatch(wider, makeData({ type: new Struct(fields), length: numRows, nullCount: 0, children }));
      }),
    };
  });
}

/** What is stored and what is added, as one table. Rows added to a table of their shape keep their batches. */
export async function join({ key, write, schemaChange, signal }: OutputContext, stored: HeldTable | undefined, added: HeldTable): Promise<HeldTable> {
  const mode = write === "replace" ? "append" : write;
  if (mode === "append" && (!stored || alike([stored, added]))) return stored ? { ...stored, batches: [...stored.batches, ...added.batches] } : added;
  const [{ joinQuery }, { collectQuery }] = await Promise.all([import("./join-tables.ts"), import("../formats/memory-tables.ts")]);
  const side = (memory: HeldTable) => ({ query: selectFrom(key, memory), columns: arrowColumns(memory.schema) });
  const query = await joinQuery(stored && side(stored), side(added), { key, mode, schemaChange, signal });
  return collectQuery(query, { key, signal });
}

const selectFrom = (key: string, memory: HeldTable, condition = "true"): SqlQuery => ({
  [kind]: "sql",
  nodes: [
    { type: "text", text: "SELECT * FROM " },
    { type: "relation", relation: { store: "memory", memory, key } },
    { type: "text", text: ` WHERE ${condition}` },
  ],
});

/** Whether tables have the same columns, in words and in Arrow's own types. */
const alike = ([first, ...others]: readonly HeldTable[]): boolean => {
  const shape = ({ schema }: HeldTable): string => `${JSON.stringify(arrowColumns(schema))} ${String(schema)}`;
  return first === undefined || others.every((other) => shape(other) === shape(first));
};
