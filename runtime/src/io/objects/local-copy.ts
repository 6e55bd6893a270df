import { mkdir, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SluiceError } from "../../model/errors.ts";
import { isLeftBehind, isOwn, ownedName, parseOwnedName } from "./owners.ts";
import type { ObjectStore } from "./store.ts";

/** Bytes fetched at a time. */
const part = 16 << 20;

/** Objects as files, for the engine that reads and writes Parquet: in place where the store is a folder, else as copies in a temporary one. */
export interface LocalCopies {
  /** `undefined` where nothing is. `done` removes the copy. */
  readonly read: (path: string, signal: AbortSignal) => Promise<{ readonly file: string; readonly done: () => Promise<void> } | undefined>;
  /** Has `fill` write a file and stores it. */
  readonly write: <Value>(path: string, signal: AbortSignal, fill: (file: string) => Promise<Value>) => Promise<Value>;
  /** Gives `work` the path of a Parquet file that is not there yet, for rows on their way. */
  readonly between: <Value>(work: (file: string) => Promise<Value>) => Promise<Value>;
  /** Removes every copy. Idempotent. */
  readonly close: () => Promise<void>;
}

const prefix = "sluice-";

export function localCopies(store: ObjectStore, temporary: () => string = tmpdir): LocalCopies {
  const { local } = store;
  let opened: Promise<string> | undefined;
  let copies = 0;
  /** A folder of this process; those of dead ones are removed. */
  const folder = (): Promise<string> => {
    opened ??= (async () => {
      for (const name of await readdir(temporary())) {
        const owner = name.startsWith(prefix) ? parseOwnedName(name.slice(prefix.length)) : undefined;
        if (owner && !isOwn(owner) && isLeftBehind(owner, Date.now(), Date.now()))
          await rm(join(temporary(), name), { recursive: true, force: true });
      }
      const made = join(temporary(), prefix + ownedName("copy", "tmp"));
      await mkdir(made);
      return made;
    })();
    return opened;
  };
  const file = async (path: string): Promise<string> => {
    copies += 1;
    const name = `${copies}${path.slice(path.lastIndexOf("."))}`;
    return join(await folder(), name);
  };
  const between: LocalCopies["between"] = async (work) => {
    const copy = await file(".parquet");
    try {
      return await work(copy);
    } finally {
      await rm(copy, { force: true });
    }
  };
  const close = async (): Promise<void> => {
    const made = opened;
    opened = undefined;
    if (made) await rm(await made, { recursive: true, force: true });
  };
  if (local) {
    return {
      read: async (path) => ((await store.stat(path)) ? { file: local.path(path), done: async () => {} } : undefined),
      write: async (path, _signal, fill) => {
        const value = await fill(await local.prepare(path));
        await local.seal(path);
        return value;
      },
      between,
      close,
    };
  }
  return {
    between,
    close,
    read: async (path, signal) => {
      const found = await store.stat(path);
      if (!found) return undefined;
      const copy = await file(path);
      const done = (): Promise<void> => rm(copy, { force: true });
      try {
        const handle = await open(copy, "wx");
        try {
          for (let start = 0; start < found.size; start += part) {
            signal.throwIfAborted();
            const bytes = await store.getRange(path, start, Math.min(part, found.size - start));
            if (!bytes) throw new SluiceError("io/unavailable", `${store.uri(path)} was removed while it was being read.`);
            await handle.writeFile(bytes);
          }
        } finally {
          await handle.close();
        }
      } catch (error) {
        await done();
        throw error;
      }
      return { file: copy, done };
    },
    write: async (path, signal, fill) => {
      const copy = await file(path);
      try {
        const value = await fill(copy);
        await store.putFile(path, copy, { signal });
        return value;
      } finally {
        await rm(copy, { force: true });
      }
    },
  };
}
