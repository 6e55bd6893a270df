import type { PartitionSlice } from "../../model/partition.ts";
import type { InputContext, Relation, SqlQuery } from "../manager.ts";
import { noTable } from "../shapes.ts";
import { type TablePart, unionQuery } from "../union-tables.ts";
import { inParallel } from "./parallel.ts";
import { type Shelf, table } from "./shelf.ts";

/** Several partitions, open for reading as one table. */
export interface OpenSeveral {
  readonly query: SqlQuery;
  readonly files: readonly string[];
  /** The handler that wrote all of them; left out where they differ. */
  readonly recorded: string | undefined;
  readonly done: () => Promise<void>;
}

/** Opens several partitions as one table. Throws `io/not-found`, `io/unsupported-value`, `io/schema-mismatch`. */
export async function openSeveral(shelf: Shelf, context: InputContext, slices: readonly PartitionSlice[]): Promise<OpenSeveral> {
  const { key, columns, signal } = context;
  const opened: { readonly part: TablePart; readonly handler: string | undefined; readonly done: () => Promise<void> }[] = [];
  const done = async (): Promise<void> => {
    for (const each of opened) await each?.done();
  };
  try {
    await inParallel([...slices.entries()], async ([i, slice]) => {
      const found = await shelf.require(context, slice);
      if (found.extension !== table) {
        await found.release();
        throw noTable(key, shelf.store.uri(found.path), shelf.formatOf(key, found).name, "one value of several partitions");
      }
      const { file, casts, columns: own, done: close } = await shelf.openTable({ ...context, partitions: [slice.key] }, found);
      const relation: Relation = { store: table, parquet: [file], casts, key };
      opened[i] = { part: { partition: slice.key, relation, columns: own }, handler: found.record?.record?.handler, done: close };
    });
    const query = await unionQuery(
      opened.map(({ part }) => part),
      { key, columns, signal },
    );
    const recorded = new Set(opened.map(({ handler }) => handler));
    const files = opened.flatMap(({ part }) => part.relation.parquet ?? []);
    return { query, files, recorded: recorded.size === 1 ? opened[0]?.handler : undefined, done };
  } catch (error) {
    await done();
    throw error;
  }
}
