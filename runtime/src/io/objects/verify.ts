import { existingColumns } from "../../formats/existing-columns.ts";
import { readTable } from "../../formats/parquet.ts";
import { relationQuery } from "../../handlers/sql.ts";
import type { ColumnSchema } from "../../model/values.ts";
import type { AnyHandler, OutputContext, Relation, SqlNode, SqlQuery, TableStream } from "../manager.ts";
import { kind } from "../manager.ts";
import { isQueryHandler, remembering } from "../shapes.ts";

/** A table on its way into its place: a Parquet file of this machine. */
export interface StagedTable {
  /** The handler that it is loaded with when none is asked for. */
  readonly handler: AnyHandler;
  readonly relation: Relation;
  readonly columns: readonly ColumnSchema[];
  /** Of several partitions, the condition on the rows of each. */
  readonly conditions?: ReadonlyMap<string, string>;
}

/** The rows that hold the condition; `columns` of them where they are given. */
export function rowsWhere(relation: Relation, condition: string | undefined, columns?: readonly string[]): SqlQuery {
  if (condition === undefined) return relationQuery(columns ? { ...relation, columns } : relation);
  const names = columns?.flatMap((name, i): readonly SqlNode[] => [
    { type: "text", text: i === 0 ? "" : ", " },
    { type: "name", name: [name] },
  ]);
  const nodes: readonly SqlNode[] = [
    { type: "text", text: "SELECT " },
    ...(names ?? [{ type: "text", text: "*" } as const]),
    { type: "text", text: " FROM " },
    { type: "relation", relation },
    { type: "text", text: ` WHERE ${condition}` },
  ];
  return { [kind]: "sql", nodes };
}

/** Shows a staged table to whoever checks it, in the shape asked for, until that has ended. */
export async function verifyTable({ key, record, signal, verify }: OutputContext, staged: StagedTable): Promise<void> {
  const streams: TableStream[] = [];
  try {
    await verify?.(async ({ columns, handler: asked = staged.handler, partition }) => {
      const handler = remembering(asked, [record]);
      const names = staged.columns.map(({ name }) => name);
      const condition = partition === undefined ? undefined : staged.conditions?.get(partition);
      const query = rowsWhere(staged.relation, condition, columns && existingColumns(key, names, columns));
      if (isQueryHandler(handler)) return query;
      const stream = await readTable(query, { key, signal, done: async () => {} });
      streams.push(stream);
      return handler.fromTable!(stream, { key });
    });
  } finally {
    for (const stream of streams) await stream.close?.();
  }
}
