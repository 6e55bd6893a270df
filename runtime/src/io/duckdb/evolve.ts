import type { Connection } from "../../duckdb/connection.ts";
import { rowsOf } from "../../duckdb/query.ts";
import { sliceKind } from "../../duckdb/slices.ts";
import { quoteName } from "../../duckdb/sql-text.ts";
import { SluiceError } from "../../model/errors.ts";
import type { ColumnSchema, SchemaChange } from "../../model/values.ts";
import { folded } from "./catalog.ts";
import { wider } from "./wider.ts";

/** A value on its way into a table that keeps other rows. */
export interface Joining {
  /** Asset key, for messages. */
  readonly key: string;
  readonly schemaChange: SchemaChange;
  /** As they stand after FROM. */
  readonly target: string;
  readonly stage: string;
  readonly stored: readonly ColumnSchema[];
  readonly staged: readonly ColumnSchema[];
  /** Condition of the rows that stay. */
  readonly staying: string;
  /** Columns by which the table is partitioned. */
  readonly partitionColumns: readonly string[];
}
/** What has to be done to the table so that both fit. */
export interface Evolution {
  /** What follows `ALTER TABLE name`, in order. */
  readonly alterations: readonly string[];
  /** Those of the table afterwards, in order. */
  readonly columns: readonly ColumnSchema[];
  /** What to insert: `SELECT ...` over the staged table, by name. */
  readonly select: string;
  /** Where the two differ, in words; empty when they are alike. */
  readonly differences: readonly string[];
}

/**
 * How a table takes rows whose columns differ: columns are added, types widened where every value of both sides stays exact, missing ones
 * filled with null. Throws `io/schema-mismatch` where that cannot be, or where `schemaChange` is "error".
 */
export async function evolution(connection: Connection, joining: Joining): Promise<Evolution> {
  const { stored, staged, stage, target, staying, schemaChange } = joining;
  const alterations: string[] = [];
  const types = new Map(stored.map(({ name, type }) => [name, type]));
  const select: string[] = [];
  const differences: string[] = [];
  const failures: string[] = [];
  for (const column of staged) {
    const name = quoteName(column.name);
    const former = stored.find((one) => folded(one.name) === folded(column.name));
    if (!former) {
      differences.push(`column "${column.name}" is new`);
      alterations.push(`ADD COLUMN ${name} ${column.type}`);
      types.set(column.name, column.type);
      select.push(name);
      continue;
    }
    if (former.type === column.type) {
      select.push(name);
      continue;
    }
    differences.push(`column "${column.name}" is ${former.type} and would be ${column.type}`);
    if (schemaChange !== "evolve") continue;
    const found = await commonType(connection, joining, former, column);
    if (typeof found === "object") {
      failures.push(found.failure);
      continue;
    }
    if (found !== former.type) {
      types.set(former.name, found);
      const stays = quoteName(former.name);
      // Rows that go may hold values that the new type has not.
      alterations.push(`ALTER COLUMN ${stays} TYPE ${found} USING TRY_CAST(${stays} AS ${found})`);
    }
    select.push(found === column.type ? name : `CAST(${name} AS ${found}) AS ${name}`);
  }
  for (const { name } of stored) {
    if (!staged.some((one) => folded(one.name) === folded(name))) differences.push(`column "${name}" is missing`);
  }
  if (schemaChange === "error" && differences.length > 0)
    throw mismatch(joining, differences, 'It says schemaChange: "error". Return the stored columns, or use "evolve".');
  if (failures.length > 0) {
    const hint = "Give the column one type with columns: { ... }, or materialize the asset as a whole, which takes the new columns as they are.";
    throw mismatch(joining, failures, hint);
  }
  const columns = [...types].map(([name, type]) => ({ name, type }));
  return { alterations, columns, select: `SELECT ${select.join(", ")} FROM ${stage}`, differences };

  /** The type that both sides take, or why there is none. */
  async function commonType(at: Connection, { partitionColumns }: Joining, former: ColumnSchema, column: ColumnSchema) {
    const name = quoteName(former.name);
    const all = async (condition: string, from: string): Promise<boolean> =>
      (await rowsOf(at, `SELECT 1 AS one FROM ${from} WHERE ${condition} LIMIT 1`)).length === 0;
    const stay = `(${staying}) AND`;
    const partitions = partitionColumns.some((one) => folded(one) === folded(former.name));
    const was = `column "${former.name}" is ${former.type} and would be ${column.type}`;
    const common = wider(former.type, column.type);
    if (common && !(partitions && (sliceKind(common.type) !== sliceKind(former.type) || sliceKind(former.type) === "other"))) {
      const stays = (type: string) => `${name} IS DISTINCT FROM TRY_CAST(TRY_CAST(${name} AS ${common.type}) AS ${type})`;
      if (!common.inexact) return common.type;
      if ((await all(`${stay} ${stays(former.type)}`, target)) && (await all(stays(column.type), stage))) return common.type;
      return { failure: `${was}, and not every value stays exact as ${common.type}` };
    }
    // Nulls are of any type.
    if (await all(`${name} IS NOT NULL`, stage)) return former.type;
    if (!partitions && (await all(`${stay} ${name} IS NOT NULL`, target))) return column.type;
    return { failure: partitions && common ? `${was}, by which it is partitioned` : was };
  }
}

const mismatch = ({ key }: Joining, what: readonly string[], hint: string): SluiceError =>
  new SluiceError("io/schema-mismatch", `The new rows of asset "${key}" do not fit its table, which keeps others: ${what.join("; ")}.`, {
    asset: key,
    hint,
  });
