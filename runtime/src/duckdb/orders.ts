import type { SqlValue } from "../io/manager.ts";
import { isSluiceError } from "../model/errors.ts";
import type { Connection } from "./connection.ts";
import type { Database } from "./database.ts";
import { run } from "./query.ts";

/** A sort or filter done once: row numbers in its order, in a table in memory. */
export interface Order {
  /** Qualified and quoted. */
  readonly name: string;
  readonly rows: number;
}

/** Answers that pages of a database share while it stays open. */
export interface Orders {
  /** Made once per version; those of other versions of the same relation are forgotten. */
  readonly facts: <Value>(version: string, make: () => Promise<Value>) => Promise<Value>;
  /** The table of what `select` gives, made on first need. */
  readonly table: (connection: Connection, version: string, select: string, values: readonly SqlValue[]) => Promise<Order>;
}

const catalog = "sluice_pages";
/** Most tables of row numbers, and most rows of them together: 8 bytes each. */
const mostTables = 4;
const mostRows = 40_000_000;
const mostFacts = 64;

/** The orders of a database, in a database in memory attached to it: every connection sees it, and it goes when the file is let go. */
export const openOrders = (connection: Connection, database: Database): Orders =>
  database.kept("pages", () => ({ value: createOrders(connection), end: async () => undefined }));

function createOrders(first: Connection): Orders {
  const facts = new Map<string, Promise<unknown>>();
  const tables = new Map<string, Promise<Order>>();
  const attached = run({ ...first, signal: undefined }, `ATTACH IF NOT EXISTS ':memory:' AS ${catalog}`);
  attached.catch(() => undefined); // Whoever needs a table awaits it, and gets the error.
  let next = 1;

  /** Drops the tables used longest ago until the rest is within bounds; the newest stays. */
  const trim = async (connection: Connection) => {
    let rows = 0;
    let count = 0;
    for (const [key, made] of [...tables].reverse()) {
      const order = await made.catch(() => undefined); // A failed one is forgotten by whoever made it.
      count++;
      rows += order?.rows ?? 0;
      if (count === 1 || (count <= mostTables && rows <= mostRows)) continue;
      tables.delete(key);
      if (order) await run({ ...connection, signal: undefined }, `DROP TABLE IF EXISTS ${order.name}`);
    }
  };
  return {
    facts: async <Value>(version: string, make: () => Promise<Value>) => {
      const found = facts.get(version) as Promise<Value> | undefined;
      if (found) return found;
      const made = make();
      facts.set(version, made);
      made.catch(() => facts.delete(version));
      if (facts.size > mostFacts) facts.delete(facts.keys().next().value as string);
      return made;
    },
    table: async (connection, version, select, values) => {
      await attached;
      const key = JSON.stringify([version, select, values]);
      for (;;) {
        const found = tables.get(key);
        if (!found) break;
        try {
          const order = await found;
          if (tables.delete(key)) tables.set(key, found); // Used last.
          return order;
        } catch (thrown) {
          if (tables.get(key) === found) tables.delete(key);
          // Another request began it and was cancelled: that is no reason for this one to fail.
          if (!isSluiceError(thrown) || thrown.code !== "run/cancelled" || connection.signal?.aborted) throw thrown;
        }
      }
      const name = `${catalog}.main.o${next++}`;
      const made = run(connection, `CREATE TABLE ${name} AS ${select}`, values).then((rows): Order => ({ name, rows }));
      tables.set(key, made);
      try {
        const order = await made;
        await trim(connection);
        return order;
      } catch (thrown) {
        if (tables.get(key) === made) tables.delete(key);
        throw thrown;
      }
    },
  };
}
