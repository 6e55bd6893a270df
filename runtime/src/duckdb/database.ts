import { existsSync, mkdirSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SluiceError } from "../model/errors.ts";
import type { Connection } from "./connection.ts";
import { engineError } from "./errors.ts";
import { loadNative, type Native, type RawConnection, type RawDatabase } from "./native.ts";
import type { QueryStream } from "./query.ts";
import { registerSources, type Sources } from "./sources.ts";

export interface DatabaseOptions {
  /** Milliseconds without an operation after which the file is let go; 5000 when left out. */
  readonly idleRelease?: number | undefined;
}

/**
 * What an operation does: "work" may change data; "read" only reads, views and files too; "look" asks the catalog; "preview" shows stored
 * data to a person, and SQL hidden in it (a view) must reach no file.
 */
export type Purpose = "work" | "read" | "look" | "preview";
export interface LeaseOptions {
  readonly signal?: AbortSignal | undefined;
  readonly purpose?: Purpose;
}

/** A database that operations borrow connections of. Opened by the first, let go after idling, opened again by the next. */
export interface Database {
  /** Real path of the file, or ":memory:". */
  readonly path: string;
  /** Identity for `Relation.store`: equal for one file. */
  readonly store: string;
  /** Gives `work` a connection of its own until its promise settles. Throws `io/locked`, `io/permission`, `io/unavailable`. */
  readonly lease: <Value>(work: (connection: Connection) => Promise<Value>, options?: LeaseOptions) => Promise<Value>;
  /** The same for a stream: its connection lives until the stream has ended. */
  readonly stream: (open: (connection: Connection) => Promise<QueryStream>, options?: LeaseOptions) => Promise<QueryStream>;
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
export interface Kept<Value> {
  readonly value: Value;
  readonly end: () => Promise<void>;
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

interface Lease {
  readonly purpose: Purpose;
}
interface Shared {
  readonly path: string;
  readonly acquire: (options: LeaseOptions) => Promise<{ readonly connection: Connection; readonly end: () => void }>;
  readonly alone: Database["alone"];
  readonly version: () => string;
  readonly staging: Set<string>;
  readonly kept: Database["kept"];
  /** Closes the file when nothing borrows from it. */
  readonly closeIfIdle: () => Promise<void>;
  readonly setIdleRelease: (ms: number) => void;
}

/** A queue of one: each call begins when the former has ended. */
function queue() {
  let last: Promise<unknown> = Promise.resolve();
  return <Value>(work: () => Promise<Value>): Promise<Value> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined); // Whoever called gets the error; the queue goes on.
    return turn;
  };
}

function createShared(path: string): Shared {
  interface Opened {
    readonly native: Native;
    readonly database: RawDatabase;
    /** Keeps the table function's registration and answers for sealing. */
    readonly root: RawConnection;
    readonly sources: Sources;
    readonly catalog: string;
    sealed: boolean;
  }
  const inMemory = path === ":memory:";
  let opened: Opened | undefined;
  let idle: NodeJS.Timeout | undefined;
  let idleRelease = 5000;
  let singles = 0;
  let openings = 0;
  let changes = 0;
  const leases = new Set<Lease>();
  const keeping = new Map<string, Kept<unknown>>();
  const transition = queue();
  const tuning = queue();
  let usualThreads: number | undefined;
  let drained: (() => void)[] = [];

  const open = async (): Promise<Opened> => {
    const native = await loadNative();
    if (!inMemory) refuseSecondInstance(path);
    try {
      const config = native.create_config();
      native.set_config(config, "autoinstall_known_extensions", "false");
      native.set_config(config, "autoload_known_extensions", "false");
      const database = await native.open(path, config);
      try {
        const root = await native.connect(database);
        const sources = registerSources(native, root);
        openings++;
        return { native, database, root, sources, catalog: await scalarText(native, root, "SELECT current_database()"), sealed: false };
      } catch (thrown) {
        native.close_sync(database);
        throw thrown;
      }
    } catch (thrown) {
      throw engineError(thrown, { path, otherwise: "io/unavailable" });
    }
  };
  const close = async () => {
    if (!opened) return;
    for (const kept of keeping.values()) await kept.end();
    keeping.clear();
    const { native, root, database } = opened;
    opened = undefined;
    native.disconnect_sync(root);
    native.close_sync(database);
  };
  /** Takes the engine's threads away while one lease is the only one; gives them back when another comes. */
  const tune = () =>
    tuning(async () => {
      if (!opened) return;
      const { native, root } = opened;
      const wanted = singles > 0 && leases.size === 1;
      if (wanted === (usualThreads !== undefined)) return;
      if (wanted) {
        usualThreads = Number(await scalarText(native, root, "SELECT current_setting('threads')::VARCHAR"));
        await native.query(root, "SET threads = 1");
      } else {
        await native.query(root, `SET threads = ${usualThreads}`);
        usualThreads = undefined;
      }
    });
  const singly = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    singles++;
    try {
      await tune();
      return await work();
    } finally {
      singles--;
      await tune();
    }
  };
  const trim = () =>
    tuning(async () => {
      if (!opened || leases.size !== 1 || inMemory) return;
      const { native, root } = opened;
      const limit = await scalarText(native, root, "SELECT current_setting('memory_limit')");
      try {
        await native.query(root, "SET memory_limit = '32MiB'");
      } catch {
        // More than that is in use at this moment: then it stays.
      }
      await native.query(root, `SET memory_limit = '${limit}'`);
    });
  const previewsEnded = () => (leases.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => drained.push(resolve)));

  const end = (lease: Lease) => {
    leases.delete(lease);
    if (lease.purpose === "work") changes++;
    if (leases.size > 0) return;
    for (const tell of drained) tell();
    drained = [];
    if (inMemory) return;
    clearTimeout(idle);
    idle = setTimeout(() => void transition(async () => (leases.size === 0 ? close() : undefined)), idleRelease);
    idle.unref();
  };

  return {
    path,
    staging: new Set(),
    alone: queue(),
    version: () => `${openings}.${changes}`,
    setIdleRelease: (ms) => {
      idleRelease = ms;
    },
    kept: <Value>(key: string, make: () => Kept<Value>): Value => {
      const found = (keeping.get(key) as Kept<Value> | undefined) ?? make();
      keeping.set(key, found);
      return found.value;
    },
    closeIfIdle: () =>
      transition(async () => {
        if (leases.size > 0) return;
        clearTimeout(idle);
        await close();
      }),
    acquire: ({ signal, purpose = "work" }) =>
      transition(async () => {
        clearTimeout(idle);
        if ((purpose === "work" || purpose === "read") && opened?.sealed) {
          await previewsEnded();
          await close();
        }
        opened ??= await open();
        const { native } = opened;
        if (purpose === "preview" && !opened.sealed && !inMemory && leases.size === 0) {
          await native.query(opened.root, "SET enable_external_access = false");
          opened.sealed = true;
        }
        const { database, sources, catalog, sealed } = opened;
        const raw = await native.connect(database);
        const lease: Lease = { purpose };
        leases.add(lease);
        if (usualThreads !== undefined) await tune();
        let over = false;
        return {
          connection: { native, raw, sources, catalog, sealed, singly, trim, signal, path: inMemory ? undefined : path },
          end: () => {
            if (over) return;
            over = true;
            native.disconnect_sync(raw);
            end(lease);
          },
        };
      }),
  };
}

/** The one text that a query answers. */
async function scalarText(native: Native, connection: RawConnection, sql: string): Promise<string> {
  const chunk = native.result_get_chunk(await native.query(connection, sql), 0);
  const header = native.vector_get_data(native.data_chunk_get_vector(chunk, 0), 16);
  const length = new DataView(header.buffer, header.byteOffset, 16).getUint32(0, true);
  if (length <= 12) return Buffer.from(header.subarray(4, 4 + length)).toString("utf8");
  return Buffer.from(native.get_data_from_pointer(Uint8Array.from(header).buffer, 8, length)).toString("utf8");
}

/**
 * Refuses a file that something else in this process has open: another thread, or the user's own DuckDB instance. Closing either would
 * drop the other's lock, and the file would be destroyed. Only Linux tells.
 */
function refuseSecondInstance(path: string): void {
  if (process.platform !== "linux") return;
  let open: readonly string[];
  try {
    open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ""; // Closed between listing and reading.
      }
    });
  } catch {
    return; // Without /proc there is nothing to be told.
  }
  if (open.includes(path)) {
    throw new SluiceError("io/locked", `"${path}" is open in this process already, by another thread or by a DuckDB instance of its own.`, {
      hint: "Use duckdbResource({ database }) for your own connection: it shares the one instance that a file may have in a process.",
    });
  }
}

/** One user's face of a shared database: it ends its own streams, never another's. */
function face(shared: Shared, options: DatabaseOptions): Database {
  const streams = new Set<() => Promise<void>>();
  const operations = new Set<Promise<unknown>>();
  if (options.idleRelease !== undefined) shared.setIdleRelease(options.idleRelease);
  const tracked = <Value>(promise: Promise<Value>): Promise<Value> => {
    operations.add(promise);
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
          const { connection, end } = await shared.acquire(leaseOptions);
          try {
            return await work(connection);
          } finally {
            end();
          }
        })(),
      ),
    stream: async (open, leaseOptions = {}) => {
      const { connection, end } = await shared.acquire(leaseOptions);
      let stream: QueryStream;
      try {
        stream = await open(connection);
      } catch (thrown) {
        end();
        throw thrown;
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
      while (operations.size > 0) await Promise.allSettled(operations);
      await shared.closeIfIdle();
    },
  };
}
