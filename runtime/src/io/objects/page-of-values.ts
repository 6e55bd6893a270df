import type { Page, PageRequest } from "../../model/page.ts";
import type { InputContext } from "../manager.ts";
import { inParallel } from "./parallel.ts";
import type { HeldPartitions } from "./several.ts";
import { type Shelf, table } from "./shelf.ts";

/** Most partitions whose values are read for one page. */
const mostRead = 1000;

/** A page of partitions that are no tables: one row for each, with its keys and its value. Of more than a thousand, the first by key. */
export async function pageOfValues(shelf: Shelf, context: InputContext, { partitions, done }: HeldPartitions, request: PageRequest): Promise<Page> {
  try {
    const rows = await inParallel(partitions.slice(0, mostRead), async ({ key, places, found }) => {
      const count = found.record?.record?.rows;
      const shown = found.extension === table ? `a table${count === undefined ? "" : ` of ${count} rows`}` : undefined;
      const value = shown ?? (await shelf.readValue({ ...context, partitions: [key] }, found));
      return { ...Object.fromEntries(places.map((place) => [place.name, place.key])), value };
    });
    const [{ valueTable }, { pageOfStream }] = await Promise.all([import("../value-table.ts"), import("../../formats/memory-tables.ts")]);
    return await pageOfStream(valueTable(rows), request, context.signal);
  } finally {
    await done();
  }
}
