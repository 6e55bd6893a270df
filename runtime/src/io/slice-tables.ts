import { renderQuery } from "../duckdb/render.ts";
import { scratch } from "../duckdb/scratch.ts";
import { slicesText } from "../duckdb/slices.ts";
import type { PartitionDimension, PartitionSlice } from "../model/partition.ts";
import type { ColumnSchema } from "../model/values.ts";
import { missingColumn, refuseOutside, slicesIn } from "./duckdb/conditions.ts";
import type { Relation } from "./manager.ts";
import { kind } from "./manager.ts";

const isChecked = ({ column, partitionExpr }: PartitionDimension): boolean => column !== undefined || partitionExpr !== undefined;

/** Whether every dimension of every slice says where its rows lie. */
export const areSeparable = (slices: readonly PartitionSlice[]): boolean => slices.every(({ dimensions }) => dimensions.every(isChecked));

/**
 * Holds a table on its way into partitions to what they say about their rows, along each dimension that says something. Resolves to the
 * condition of each slice, as SQL. Throws `partition/missing-column`, and `io/rows-outside-partition` with their number and one of them.
 */
export async function separate(
  relation: Relation,
  columns: readonly ColumnSchema[],
  slices: readonly PartitionSlice[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const checked = slices.map((slice) => ({ ...slice, dimensions: slice.dimensions.filter(isChecked) }));
  if (checked.every(({ dimensions }) => dimensions.length === 0)) return slices.map(() => "true");
  const { key } = relation;
  return scratch().lease(
    async (connection) => {
      const rendered = await renderQuery(connection, { [kind]: "sql", nodes: [{ type: "relation", relation }] }, { asset: key });
      try {
        const from = `(SELECT * FROM ${rendered.text})`;
        const where = await slicesIn(connection, from, columns, checked);
        if (!where) throw missingColumn(key, "its value", columns, checked);
        await refuseOutside(connection, from, where, { key, slices });
        return where.map((conditions) => slicesText([conditions]));
      } finally {
        await rendered.end();
      }
    },
    { signal },
  );
}
