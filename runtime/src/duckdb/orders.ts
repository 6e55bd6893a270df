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

/** The row numbers that `select` gives as column r, of one version of a relation. */
export interface OrderQuery {
  readonly version: string;
  readonly select: string;
  readonly values: readonly SqlValue[];
}

/** Answers that pages of a database share while it stays open. */
export interface Orders {
  /** Made once per version; those of other versions of the same relation are forgotten. */
  readonly facts: <Value>(version: string, make: () => Promise<Value>) => Promise<Value>;
  /** The table of an order, made on first need. */
  readonly table: (connection: Connection, query: OrderQuery) => Promise<Order>;
  /** True when the table is there: asking for it costs nothing. */
  readonly has: (query: OrderQuery) => boolean;
  /** Makes the table while nobody waits, unless something else wants the file or another one is made ahead. */
  readonly ahead: (query: OrderQuery) => void;
}

const catalog = "sluice_pages";
/** Most tables of row numbers, and most rows of them together: 8 bytes each. */
const mostTables = 8;
const mostRows = 40_000_000;
const mostFacts = 64;

const keyOf = ({ version, select, values }: OrderQuery): string => JSON.stringify([version, select, values]);

/** The orders of a database, in a database in memory attached to it: every connection sees it, and it goes when the file is let go. */
export const openOrders = (connection: Connection, database: Database): Orders =>
  database.kept("pages", () => ({ value: createOrders(connection, database), end: async () => undefined }));

function createOrders(first: Connection, database: Database): Orders {
  const facts = new Map<string, Promise<unknown>>();
  const tables = new Map<string, Promise<Order>>();
  const there = new Set<string>();
  const attached = run({ ...first, signal: undefined }, `ATTACH IF NOT EXISTS ':memory:' AS ${catalog}`);
  attached.catch(() => undefined); // Whoever needs a table awaits it, and gets the error.
  let next = 1;
  let ahead = { key: "", abort: new AbortController() };

  const forget = (key: string) => {
    tables.delete(key);
    there.delete(key);
  };
  /** Drops the tables used longest ago until the rest is within bounds; the newest stays. */
  const trim = async (connection: Connection) => {
    let rows = 0;
    let count = 0;
    for (const [key, made] of [...tables].reverse()) {
      const order = await made.catch(() => undefined); // A failed one is forgotten by whoever made it.
      count++;
      rows += order?.rows ?? 0;
      if (count === 1 || (count <= mostTables && rows <= mostRows)) continue;
      forget(key);
      if (order) await run({ ...connection, signal: undefined }, `DROP TABLE IF EXISTS ${order.name}`);
    }
  };
  const table = async (connection: Connection, query: OrderQuery): Promise<Order> => {
    await attached;
    const key = keyOf(query);
    for (;;) {
      const found = tables.get(key);
      if (!found) break;
      try {
        const order = await found;
        if (tables.delete(key)) tables.set(key, found); // Used last.
        return order;
      } catch (thrown) {
        if (tables.get(key) === found) forget(key);
        // Another request began it and was cancelled: that is no reason for this one to fail.
        if (!isSluiceError(thrown) || thrown.code !== "run/cancelled" || connection.signal?.aborted) throw thrown;
      }
    }
    if (key !== ahead.key) ahead.abort.abort(); // Somebody waits for this one.
    const name = `${catalog}.main.o${next++}`;
    const made = run(connection, `CREATE TABLE ${name} AS ${query.select}`, query.values).then((rows): Order => ({ name, rows }));
    tables.set(key, made);
    try {
      const order = await made;
      if (tables.get(key) === made) there.add(key);
      await trim(connection);
      return order;
    } catch (thrown) {
      if (tables.get(key) === made) forget(key);
      throw thrown;
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
    table,
    has: (query) => there.has(keyOf(query)),
    ahead: (query) => {
      const key = keyOf(query);
      if (tables.has(key)) return;
      const abort = new AbortController();
      ahead.abort.abort(); // The newest is what somebody looks at.
      ahead = { key, abort };
      const { signal } = abort;
      const made = database.lease((connection) => table(connection, query), { purpose: "preview", signal, onWanted: () => abort.abort() });
      made.catch(() => undefined); // Whoever needs it makes it, and gets the error.
    },
  };
}
