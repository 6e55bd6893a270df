import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Table, tableFromIPC, tableToIPC } from "apache-arrow";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import type { AnyHandler, AnyIOManager } from "../io/manager.ts";

const handlers: readonly AnyHandler[] = [rows(), arrow, batches];

/** A wrong one: it writes each value over the former one, so that a process that is killed meanwhile leaves neither. */
export const create = (folder: string): AnyIOManager => {
  const fileOf = (key: string): string => join(folder, encodeURIComponent(key));
  return {
    handleOutput: async ({ key, columns }, value) => {
      const handler = handlers.find((known) => known.accepts(value)) as AnyHandler;
      const table = (await arrow.fromTable!(await handler.toTable!(value, { key, columns }), { key })) as Table;
      const bytes = tableToIPC(table, "file");
      const file = await open(fileOf(key), "w");
      for (const half of [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)]) {
        await file.writeFile(half);
        await file.sync();
      }
      await file.close();
      return { place: fileOf(key), rows: table.numRows };
    },
    loadInput: async ({ key, handler = arrow }) =>
      handler.fromTable?.(await arrow.toTable!(tableFromIPC(await readFile(fileOf(key))), { key }), { key }),
  };
};
