import type { Connection } from "./connection.ts";
import { engineError, isForeignLock } from "./errors.ts";
import { loadNative, type Native, type RawConnection, type RawDatabase } from "./native.ts";
import { type Answered, askOwner } from "./owner/ask.ts";
import { type Answer, type Door, type Offer, openDoor } from "./owner/door.ts";
import type { Owner } from "./owner/record.ts";
import { meetLock } from "./owner/wait.ts";
import { refuseSecondInstance } from "./second-instance.ts";
import { registerSources, type Sources } from "./sources.ts";

export interface DatabaseOptions {
  /** Milliseconds without an operation after which the file is let go; 5000 when left out. */
  readonly idleRelease?: number | undefined;
  /** Milliseconds that work waits for another Sluice process to let the file go; 60000 when left out. Reading waits 10 s at most. */
  readonly lockWait?: number | undefined;
  /** Answers other processes of this user while this one uses the file. */
  readonly answer?: Answer;
}

/**
 * What an operation does: "work" may change data; "read" only reads, views and files too; "look" asks the catalog; "preview" shows stored
 * data to a person, and SQL hidden in it (a view) must reach no file.
 */
export type Purpose = "work" | "read" | "look" | "preview";
export interface LeaseOptions {
  readonly signal?: AbortSignal | undefined;
  readonly purpose?: Purpose;
  /** Told when another process is waited for, in words. */
  readonly onWait?: ((message: string) => void) | undefined;
  /** Told when the file is wanted for something else: what nobody waits for ends then. */
  readonly onWanted?: (() => void) | undefined;
  /** True for what is done for another process: nobody else is asked for the file then. */
  readonly forAnother?: boolean;
}
export interface Kept<Value> {
  readonly value: Value;
  readonly end: () => Promise<void>;
}

type Lease = Pick<LeaseOptions, "onWanted"> & { readonly purpose: Purpose };
/** A connection, or what the process says that has the file. */
type Acquired = { readonly connection: Connection; readonly end: () => void } | { readonly answered: Answered };
/** Milliseconds that reading waits for another process, which as a rule answers at once. */
const longestRead = 10_000;
/** The one instance of a file in this process. */
export interface Shared {
  readonly path: string;
  readonly acquire: (options: LeaseOptions & { readonly elsewhere?: { readonly question: unknown } | undefined }) => Promise<Acquired>;
  readonly alone: <Value>(work: () => Promise<Value>) => Promise<Value>;
  readonly version: () => string;
  readonly staging: Set<string>;
  readonly kept: <Value>(key: string, make: () => Kept<Value>) => Value;
  /** Closes the file when nothing borrows from it. */
  readonly closeIfIdle: () => Promise<void>;
  readonly adopt: (options: DatabaseOptions) => void;
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

export function createShared(path: string): Shared {
  interface Opened {
    readonly native: Native;
    readonly database: RawDatabase;
    /** Keeps the table function's registration and answers for sealing. */
    readonly root: RawConnection;
    readonly sources: Sources;
    readonly catalog: string;
    readonly door: Door | undefined;
    sealed: boolean;
  }
  const inMemory = path === ":memory:";
  let opened: Opened | undefined;
  let idle: NodeJS.Timeout | undefined;
  let idleRelease = 5000;
  let lockWait = 60_000;
  let answer: Answer | undefined;
  /** Who answered last: asked first, as long as it has the file. */
  let owner: Owner | undefined;
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
    // First the door, then the lock, and back in reverse: whoever meets the lock finds somebody to ask.
    const door = inMemory ? undefined : await openDoor({ path, offer, answer: () => answer });
    try {
      const config = native.create_config();
      native.set_config(config, "autoinstall_known_extensions", "false");
      native.set_config(config, "autoload_known_extensions", "false");
      const database = await native.open(path, config);
      try {
        const root = await native.connect(database);
        const sources = registerSources(native, root);
        openings++;
        return { native, database, root, sources, catalog: await scalarText(native, root, "SELECT current_database()"), door, sealed: false };
      } catch (thrown) {
        native.close_sync(database);
        throw thrown;
      }
    } catch (thrown) {
      door?.close();
      throw engineError(thrown, { path, otherwise: "io/unavailable" });
    }
  };
  const close = async () => {
    if (!opened) return;
    for (const kept of keeping.values()) await kept.end();
    keeping.clear();
    const { native, root, database, door } = opened;
    opened = undefined;
    native.disconnect_sync(root);
    native.close_sync(database);
    door?.close();
  };
  const closeIfIdle = () =>
    transition(async () => {
      if (leases.size > 0) return;
      clearTimeout(idle);
      await close();
    });
  /** Lets the file go for another process, now or when the last lease has ended. */
  const offer = (): Promise<Offer> =>
    transition(async () => {
      if (!opened) return "free";
      if (leases.size > 0) {
        tellWanted();
        return "busy";
      }
      clearTimeout(idle);
      await close();
      return "released";
    });
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
  const tellWanted = () => {
    for (const { onWanted } of [...leases]) onWanted?.();
  };
  const previewsEnded = () => (leases.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => drained.push(resolve)));

  const end = (lease: Lease) => {
    leases.delete(lease);
    if (lease.purpose === "work") changes++;
    if (leases.size > 0) return;
    for (const tell of drained) tell();
    drained = [];
    if (inMemory) return;
    clearTimeout(idle);
    if (opened?.door?.isWaitedFor()) return void closeIfIdle();
    idle = setTimeout(() => void closeIfIdle(), idleRelease);
    idle.unref();
  };

  const borrow = async ({ signal, purpose, onWanted }: LeaseOptions & { readonly purpose: Purpose }) => {
    clearTimeout(idle);
    if ((purpose === "work" || purpose === "read") && opened?.sealed) {
      tellWanted();
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
    const lease: Lease = { purpose, onWanted };
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
  };

  return {
    path,
    staging: new Set(),
    alone: queue(),
    version: () => `${openings}.${changes}`,
    adopt: (options) => {
      idleRelease = options.idleRelease ?? idleRelease;
      lockWait = options.lockWait ?? lockWait;
      answer = options.answer ?? answer;
    },
    kept: <Value>(key: string, make: () => Kept<Value>): Value => {
      const found = (keeping.get(key) as Kept<Value> | undefined) ?? make();
      keeping.set(key, found);
      return found.value;
    },
    closeIfIdle,
    acquire: async (options) => {
      const { signal, elsewhere, onWait, onWanted, purpose = "work" } = options;
      if (owner && elsewhere && !opened) {
        const asked = await askOwner(owner, { question: elsewhere.question, limit: Math.min(longestRead, lockWait), signal });
        if (asked.kind === "answered") return { answered: asked.answered };
        owner = undefined;
      }
      const limit = purpose === "work" ? lockWait : Math.min(longestRead, lockWait);
      const meet = meetLock({ path, limit, signal, onWait, question: elsewhere?.question });
      for (;;) {
        try {
          return await transition(() => borrow({ signal, purpose, onWanted }));
        } catch (thrown) {
          if (options.forAnother || !isForeignLock(thrown)) throw thrown;
          const met = await meet(thrown);
          owner = met?.owner;
          if (met) return { answered: met.answered };
        }
      }
    },
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
