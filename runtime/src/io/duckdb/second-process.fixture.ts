import { existsSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { RecordBatch } from "apache-arrow";
import { batches } from "../../handlers/batches.ts";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import type { SluiceError } from "../../model/errors.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { duckdb } from "../duckdb.ts";
import type { SqlQuery } from "../manager.ts";
import { duckdbResource, type OpenDuckdb } from "./resource.ts";

/** What the other process is told to do, one line each; it answers each with one line. */
export type Order =
  | { readonly do: "hold" | "let go" | "close" }
  /** Stands still until the file is there. */
  | { readonly do: "block"; readonly file: string }
  | { readonly do: "store"; readonly key: string; readonly rows: readonly object[] }
  | { readonly do: "generate"; readonly key: string; readonly count: number }
  | { readonly do: "load" | "count" | "derive"; readonly key: string };

/** A process that uses the database as it is told to. */
export async function secondProcess(database: string, lockWait: number): Promise<void> {
  // Written at once: what was said before a kill must have been said.
  const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);
  const manager = duckdb({ database, idleRelease: 3_600_000, lockWait });
  const resource = duckdbResource({ database });
  const { signal } = new AbortController();
  let held: OpenDuckdb | undefined;
  const output = (key: string) => outputContext(key, { log: (_, message) => say({ log: message }) });
  const follow = async (order: Order): Promise<unknown> => {
    switch (order.do) {
      case "hold":
        held = (await resource.open({ signal })) as OpenDuckdb;
        return held.run("BEGIN TRANSACTION; CREATE TABLE IF NOT EXISTS half_done AS SELECT 1 AS i");
      case "let go":
        await held?.run("ROLLBACK");
        return held?.close();
      case "block":
        say({ blocking: true });
        while (!existsSync(order.file));
        return undefined;
      case "store":
        return (await manager.handleOutput(output(order.key), order.rows as never)).rows;
      case "generate":
        return (await manager.handleOutput(output(order.key), sql`select range as i, repeat('x', 100) as t from range(${order.count})`)).rows;
      case "load":
        return manager.loadInput(inputContext(order.key, { handler: rows() }));
      case "count": {
        let counted = 0;
        for await (const batch of (await manager.loadInput(inputContext(order.key, { handler: batches }))) as AsyncIterable<RecordBatch>)
          counted += batch.numRows;
        return counted;
      }
      case "derive": {
        const query = (await manager.loadInput(inputContext(order.key, { handler: sql }))) as SqlQuery;
        return (await manager.handleOutput(output(`${order.key}_derived`), sql`select * from ${query}`)).rows;
      }
      case "close":
        return manager.close?.();
    }
  };
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say({ done: (await follow(JSON.parse(line) as Order)) ?? null });
    } catch (thrown) {
      const { code, message, hint } = thrown as SluiceError;
      say({ error: { code, message, hint } });
    }
  }
}
