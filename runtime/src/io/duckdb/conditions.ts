import type { Connection } from "../../duckdb/connection.ts";
import { rowsOf } from "../../duckdb/query.ts";
import { sliceExpression, slicesText } from "../../duckdb/slices.ts";
import { quoteName } from "../../duckdb/sql-text.ts";
import { SluiceError } from "../../model/errors.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import type { ColumnSchema } from "../../model/values.ts";
import type { SliceCondition } from "../manager.ts";
import { folded } from "./catalog.ts";

/** Where slices lie in one relation. */
export type Slices = readonly (readonly SliceCondition[])[];

/**
 * The conditions of slices over a relation. `undefined` when it lacks a column that they need.
 * @param from As it stands after FROM.
 */
export async function slicesIn(
  connection: Connection,
  from: string,
  columns: readonly ColumnSchema[],
  slices: readonly PartitionSlice[],
): Promise<Slices | undefined> {
  const types = new Map<string, string>();
  const result: SliceCondition[][] = [];
  for (const { dimensions } of slices) {
    const conditions: SliceCondition[] = [];
    for (const { column, partitionExpr, key, window } of dimensions) {
      const rest = { key, ...(window ? { window } : {}) };
      if (partitionExpr !== undefined) {
        const type = types.get(partitionExpr) ?? (await typeOf(connection, from, partitionExpr));
        types.set(partitionExpr, type);
        conditions.push({ partitionExpr, type, ...rest });
      } else {
        const found = columns.find(({ name }) => folded(name) === folded(column ?? ""));
        if (!found) return undefined;
        conditions.push({ column: found.name, type: found.type, ...rest });
      }
    }
    result.push(conditions);
  }
  return result;
}

async function typeOf(connection: Connection, from: string, expression: string): Promise<string> {
  const [answer] = await rowsOf(connection, `DESCRIBE SELECT (${expression}\n) AS e FROM ${from}`);
  return String(answer?.["column_type"]);
}

/** The value being stored has no column by which it is partitioned. */
export function missingColumn(key: string, what: string, columns: readonly ColumnSchema[], slices: readonly PartitionSlice[]): SluiceError {
  const wanted = slices.flatMap(({ dimensions }) => dimensions).find((one) => one.partitionExpr === undefined && !has(columns, one.column));
  return new SluiceError("partition/missing-column", `Asset "${key}" is partitioned by column "${wanted?.column}", and ${what} has no such column.`, {
    asset: key,
    hint: `Its columns are ${columns.map(({ name }) => name).join(", ")}.`,
  });
}
const has = (columns: readonly ColumnSchema[], column = ""): boolean => columns.some(({ name }) => folded(name) === folded(column));

/** Refuses a value with rows outside the slices it is written as. Throws `io/rows-outside-partition` with their number and one of them. */
export async function refuseOutside(
  connection: Connection,
  from: string,
  where: Slices,
  { key, slices }: { readonly key: string; readonly slices: readonly PartitionSlice[] },
): Promise<void> {
  const outside = `FROM ${from} WHERE (${slicesText(where)}) IS NOT TRUE`;
  const [counted] = await rowsOf(connection, `SELECT count(*) AS n ${outside}`);
  const count = Number(counted?.["n"] ?? 0);
  if (count === 0) return;
  const dimensions = [...new Map((where[0] ?? []).map((condition) => [sliceExpression(condition), condition])).entries()];
  const selected = dimensions.map(([expression], i) => `CAST(${expression} AS VARCHAR) AS ${quoteName(`v${i}`)}`).join(", ");
  const [example] = await rowsOf(connection, `SELECT ${selected} ${outside} LIMIT 1`);
  const shown = dimensions
    .map(([, { column, partitionExpr }], i) => {
      const value = example?.[`v${i}`];
      return `${column ?? partitionExpr} is ${value === null || value === undefined ? "null" : JSON.stringify(value)}`;
    })
    .join(" and ");
  const rows = count === 1 ? "1 row" : `${count} rows`;
  throw new SluiceError(
    "io/rows-outside-partition",
    `${rows} of asset "${key}" ${count === 1 ? "lies" : "lie"} outside ${named(slices)}: ${count === 1 ? "its" : "of one,"} ${shown}.`,
    {
      asset: key,
      hint: "Return only rows of the partition that is being written: context.partition has its key and, for time, start and end. Nothing was changed.",
    },
  );
}

/** Slices for messages. */
export function named(slices: readonly PartitionSlice[]): string {
  const keys = slices.map(({ key }) => JSON.stringify(key));
  return keys.length === 1 ? `partition ${keys[0]}` : `the ${keys.length} partitions ${keys[0]} to ${keys.at(-1)}`;
}
