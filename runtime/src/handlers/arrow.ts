import { Table } from "apache-arrow";
import type { TableStream, TypeHandler } from "../io/manager.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { batchesOfTable, ourBatch, ourSchema } from "./foreign.ts";

/** The batches of a table of any copy of Arrow, as ours, over the same buffers. */
function tableStream(value: unknown, key: string): TableStream {
  const table = batchesOfTable(value);
  if (table === undefined) {
    throw new SluiceError("io/unsupported-value", `What asset "${key}" returned is no Arrow table.`, {
      asset: key,
      hint: "Return a Table of apache-arrow.",
    });
  }
  return { schema: ourSchema(table.schema), batches: table.batches.map(ourBatch) };
}

/** Apache Arrow tables. Stores a table of any copy or version of `apache-arrow`, by its shape; loads one of Sluice's own copy. */
export const arrow: TypeHandler<Table> = {
  [kind]: "handler",
  name: "arrow",
  accepts: (value) => batchesOfTable(value) !== undefined,
  toTable: async (value, hints) => tableStream(value, hints.key),
  fromTable: async ({ schema, batches }) => {
    const all = [];
    for await (const batch of batches) if (batch.numRows > 0) all.push(batch);
    return new Table(schema, all);
  },
};
