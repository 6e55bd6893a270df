import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SluiceError } from "../model/errors.ts";
import type { Connection } from "./connection.ts";
import { engineError } from "./errors.ts";
import type { Answered } from "./owner/ask.ts";
import type { QueryStream } from "./query.ts";
import { createShared, type DatabaseOptions, type Kept, type LeaseOptions, type Shared } from "./shared.ts";

/** What is asked of the process that uses the file, where that is another one. */
export interface Elsewhere<Value> {
  readonly question: unknown;
  readonly take: (answered: Answered) => Promise<Value>;
}

/** A database that operations borrow connections of. Opened by the first, let go after idling, opened again by the next. */
export interface Database {
  /** Real path of the file, or ":memory:". */
  readonly path: string;
  /** Identity for `Relation.store`: equal for one file. */
  readonly store: string;
  /** Gives `work` a connection of its own until its promise settles. Throws `io/locked`, `io/permission`, `io/unavailable`. */
  readonly lease: <Value>(
    work: (connection: Connection) => Promise<Value>,
    options?: LeaseOptions & { readonly elsewhere?: Elsewhere<Value> | undefined },
  ) => Promise<Value>;
  /** The same for a stream: its connection lives until the stream has ended. */
  readonly stream: (
    open: (connection: Connection) => Promise<QueryStream>,
    options?: LeaseOptions & { readonly elsewhere?: Elsewhere<QueryStream> | undefined },
  ) => Promise<QueryStream>;
  /** Runs `work` alone among the `alone` calls of this process: what changes the catalog. */
  readonly alone: <Value>(work: () => Promise<Value>) => Promise<Value>;
  /** Counts what may have changed the data: a cache of answers is good while this stays equal. */
  readonly version: () => string;
  /** Names of staging tables being written now, in this process. */
  readonly staging: Set<string>;
  /** State that lives as long as the file stays open, made on first need: ends before the file is let go. */
  readonly kept: <Value>(key: string, make: () => Kept<Value>) => Value;
  /** Ends the streams opened through this object, waits for its operations and lets the file go. Idempotent; the next call opens again. */
  readonly release: () => Promise<void>;
}

const registryKey = Symbol.for("sluice.duckdb.databases.1");
type Registry = Map<string, Shared>;
const registry = (): Registry => {
  const holder = globalThis as { [registryKey]?: Registry };
  holder[registryKey] ??= new Map();
  return holder[registryKey];
};

/** Real path of a database file, whether it is there or not; its folder is made when missing. Throws `io/permission`. */
export function realPath(file: string): string {
  const path = resolve(file);
  try {
    if (existsSync(path)) return realpathSync.native(path);
    mkdirSync(dirname(path), { recursive: true });
    return join(realpathSync.native(dirname(path)), basename(path));
  } catch (thrown) {
    throw engineError(thrown, { path, otherwise: "io/unavailable" });
  }
}

/**
 * The database in a file, or a private one in memory for ":memory:". In one process there is one instance per file, whichever copy of this
 * package asks: a second one would corrupt it.
 */
export function openDatabase(file: string, options: DatabaseOptions = {}): Database {
  if (file === ":memory:") return face(createShared(":memory:"), options);
  const path = realPath(file);
  const known = registry();
  const shared = known.get(path) ?? createShared(path);
  known.set(path, shared);
  return face(shared, options);
}

/** One user's face of a shared database: it ends its own streams, never another's. */
function face(shared: Shared, options: DatabaseOptions): Database {
  const streams = new Set<() => Promise<void>>();
  const operations = new Map<Promise<unknown>, LeaseOptions["onWanted"]>();
  shared.adopt(options);
  const tracked = <Value>(promise: Promise<Value>, onWanted: LeaseOptions["onWanted"]): Promise<Value> => {
    operations.set(promise, onWanted);
    const forget = () => operations.delete(promise);
    promise.then(forget, forget);
    return promise;
  };
  return {
    path: shared.path,
    store: `duckdb:${shared.path}`,
    alone: shared.alone,
    version: shared.version,
    staging: shared.staging,
    kept: shared.kept,
    lease: (work, leaseOptions = {}) =>
      tracked(
        (async () => {
          const acquired = await shared.acquire(leaseOptions);
          if ("answered" in acquired) return takeAnswer(acquired.answered, leaseOptions.elsewhere);
          const { connection, end } = acquired;
          try {
            return await work(connection);
          } finally {
            end();
          }
        })(),
        leaseOptions.onWanted,
      ),
    stream: async (open, leaseOptions = {}) => {
      const acquired = await shared.acquire(leaseOptions);
      let end = () => {};
      let stream: QueryStream;
      if ("answered" in acquired) stream = await takeAnswer(acquired.answered, leaseOptions.elsewhere);
      else {
        end = acquired.end;
        try {
          stream = await open(acquired.connection);
        } catch (thrown) {
          end();
          throw thrown;
        }
      }
      const close = async () => {
        streams.delete(close);
        await stream.close();
        end();
      };
      streams.add(close);
      async function* batches() {
        try {
          yield* stream.batches;
        } finally {
          await close();
        }
      }
      return { ...stream, batches: batches(), close };
    },
    release: async () => {
      for (const close of streams) await close();
      while (operations.size > 0) {
        for (const onWanted of operations.values()) onWanted?.();
        await Promise.allSettled(operations.keys());
      }
      await shared.closeIfIdle();
    },
  };
}

/** What another process answered, as this one's own work would have. */
async function takeAnswer<Value>(answered: Answered, elsewhere: Elsewhere<Value> | undefined): Promise<Value> {
  try {
    if (!elsewhere) throw new SluiceError("io/unavailable", "An answer came to no question.");
    return await elsewhere.take(answered);
  } catch (thrown) {
    answered.close();
    throw thrown;
  }
}
