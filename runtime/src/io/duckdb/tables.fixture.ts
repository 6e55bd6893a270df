import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RecordBatch, tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach } from "vitest";
import { batches } from "../../handlers/batches.ts";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import type { Page, PageRequest } from "../../model/page.ts";
import type { PartitionDimension, PartitionSlice } from "../../model/partition.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { duckdb } from "../duckdb.ts";
import type { AnyIOManager, InputContext, OutputContext, SqlQuery } from "../manager.ts";
import { type DuckdbConnection, duckdbResource } from "./resource.ts";

const pad = (date: Date): string => date.toISOString().slice(0, 19);

/** A day in UTC, or, with `hours`, in a zone so many hours ahead of it. */
export function day(
  date: string,
  { column = "date", timezone = "UTC", hours = 0, ...more }: Partial<PartitionDimension> & { timezone?: string; hours?: number } = {},
): PartitionSlice {
  const next = pad(new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000)).slice(0, 10);
  const instant = (local: string) => `${pad(new Date(Date.parse(`${local}T00:00:00Z`) - hours * 3_600_000))}Z`;
  const window = { start: instant(date), end: instant(next), startLocal: `${date} 00:00:00`, endLocal: `${next} 00:00:00`, timezone };
  const place = more.partitionExpr === undefined ? { column } : {};
  return { key: date, dimensions: [{ name: "partition", key: date, window, ...place, ...more }] };
}
export const fixed = (key: string, column = "region"): PartitionSlice => ({ key, dimensions: [{ name: "partition", key, column }] });
export const both = (date: string, region: string): PartitionSlice => ({
  key: `date=${date}|region=${region}`,
  dimensions: [
    { ...(day(date).dimensions[0] as PartitionDimension), name: "date" },
    { name: "region", key: region, column: "region" },
  ],
});

const addressed = (slices: readonly PartitionSlice[]) => (slices.length === 0 ? {} : { slices, partitions: slices.map(({ key }) => key) });

/** A new database for each test, and short calls of its I/O manager. */
export function database() {
  const state = { folder: "", file: "", io: duckdb({ database: ":memory:" }) as AnyIOManager };
  beforeEach(() => {
    state.folder = mkdtempSync(join(tmpdir(), "sluice-io-duckdb-"));
    state.file = join(state.folder, "warehouse.duckdb");
    state.io = duckdb({ database: state.file });
  });
  afterEach(async () => {
    await state.io.close?.();
    rmSync(state.folder, { recursive: true, force: true });
  });
  const input = (slices: readonly PartitionSlice[], more: Partial<InputContext> = {}) => inputContext("t", { ...addressed(slices), ...more });
  return {
    state,
    input,
    output: (slices: readonly PartitionSlice[], more: Parameters<typeof outputContext>[1] = {}): OutputContext =>
      outputContext("t", { ...addressed(slices), ...more }),
    write: (slices: readonly PartitionSlice[], value: unknown, more: Parameters<typeof outputContext>[1] = {}) =>
      state.io.handleOutput(outputContext("t", { ...addressed(slices), ...more }), value),
    read: (slices: readonly PartitionSlice[] = [], more: Partial<InputContext> = {}) =>
      state.io.loadInput(input(slices, { handler: rows(), ...more })),
    query: async (slices: readonly PartitionSlice[] = []) => (await state.io.loadInput(input(slices, { handler: sql }))) as SqlQuery,
    stream: async (slices: readonly PartitionSlice[]) => {
      const found: unknown[] = [];
      const stream = (await state.io.loadInput(input(slices, { handler: batches }))) as AsyncIterable<RecordBatch>;
      for await (const batch of stream) for (const row of batch) found.push(row.toJSON());
      return found;
    },
    page: async (slices: readonly PartitionSlice[], request: Partial<PageRequest> = {}) => {
      const page = (await state.io.preview?.(input(slices), { offset: 0, limit: 100, ...request })) as Page;
      return {
        rows: page.rows,
        shown: tableFromIPC(page.ipc)
          .toArray()
          .map((row) => ({ ...row.toJSON() })),
      };
    },
    /** Something else that uses the same file. */
    others: async <Value>(work: (connection: DuckdbConnection) => Promise<Value>): Promise<Value> => {
      const resource = duckdbResource({ database: state.file });
      const connection = await resource.open({ signal: new AbortController().signal });
      try {
        return await work(connection);
      } finally {
        await resource.close(connection as Parameters<typeof resource.close>[0]);
      }
    },
  };
}
