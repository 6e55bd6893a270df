import { createHash } from "node:crypto";
import { constants, readFileSync, type Stats } from "node:fs";
import { copyFile, type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { SluiceError } from "../../model/errors.ts";
import { whileUnchanged } from "./claims.ts";
import { ownedName } from "./owners.ts";
import { foldedName } from "./paths.ts";
import type { ObjectInfo, ObjectStore, PutOptions } from "./store.ts";

const isCode = (error: unknown, ...codes: readonly string[]): boolean => codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
const absent = (error: unknown): boolean => isCode(error, "ENOENT", "ENOTDIR");

/** A file system's error in our words. */
export function fileError(error: unknown, place: string, tried: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const message = `Could not ${tried} ${place}: ${(error as Error).message}`;
  if (isCode(error, "EACCES", "EPERM", "EROFS")) {
    return new SluiceError("io/permission", message, { hint: "Check who may read and write this folder.", cause: error });
  }
  const hint = isCode(error, "ENOSPC", "EDQUOT")
    ? "The disk is full: make room, then materialize again. What was stored before is still there."
    : isCode(error, "EEXIST", "ENOTDIR")
      ? "Something that is no folder lies where a folder is needed: move it away."
      : "Check that the disk is there and the path is right.";
  return new SluiceError("io/unavailable", message, { hint, cause: error });
}

/** Flushes a folder's entries; some systems cannot open folders, and keep their entries safe themselves. */
async function sealFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, constants.O_RDONLY);
  } catch (error) {
    if (isCode(error, "EISDIR", "EPERM", "EACCES")) return;
    throw error;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!isCode(error, "EINVAL", "EPERM", "ENOTSUP")) throw error;
  } finally {
    await handle.close();
  }
}

async function sealFile(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves a file over another. On Windows a reader that has the other open, or a virus scanner, refuses that for a moment. */
async function moveOver(from: string, to: string): Promise<void> {
  const attempts = process.platform === "win32" ? 10 : 1;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (attempt >= attempts || !isCode(error, "EPERM", "EACCES", "EBUSY")) throw error;
      await new Promise((later) => setTimeout(later, 5 * 2 ** attempt));
    }
  }
}

/** Makes a folder and flushes the entries of those that hold it. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await sealFolder(dirname(made));
}

/** An object store in a folder of this machine. `folder` is asked for its absolute path on first use of a path. */
export function localStore(folder: () => string, settings: Readonly<Record<string, unknown>> = {}): ObjectStore {
  const at = (path: string): string => {
    const base = folder();
    const full = resolve(base, path.split("/").join(sep));
    if (full !== base && !full.startsWith(base.endsWith(sep) ? base : base + sep)) {
      throw new SluiceError("config/invalid", `"${path}" leads out of ${base}.`, { hint: "This is a defect of Sluice: please report it." });
    }
    return full;
  };
  const tried = async <Value>(what: string, path: string, work: (full: string) => Promise<Value>): Promise<Value> => {
    const full = at(path);
    try {
      return await work(full);
    } catch (error) {
      throw fileError(error, full, what);
    }
  };
  const orAbsent = async <Value>(work: Promise<Value>): Promise<Value | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (absent(error)) return undefined;
      throw error;
    }
  };
  const info = (path: string, found: Stats): ObjectInfo => ({ path, size: found.size, modified: found.mtimeMs });

  const versionOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  const currentVersion = async (full: string): Promise<string> => {
    const bytes = await orAbsent(readFile(full));
    return bytes ? versionOf(bytes) : "none";
  };

  /** Writes beside the place, then moves: `fill` throwing leaves nothing behind. */
  const place = async (full: string, options: PutOptions | undefined, fill: (handle: FileHandle) => Promise<number>): Promise<number> => {
    await makeFolder(dirname(full));
    const temporary = join(dirname(full), ownedName("put", "part"));
    try {
      const handle = await open(temporary, "wx");
      let bytes: number;
      try {
        bytes = await fill(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      options?.signal?.throwIfAborted();
      const { ifVersion } = options ?? {};
      if (ifVersion === undefined) await moveOver(temporary, full);
      else if (
        !(await whileUnchanged(
          full,
          ifVersion ?? "none",
          () => currentVersion(full),
          () => moveOver(temporary, full),
        ))
      ) {
        throw new SluiceError("io/conflict", ifVersion === null ? `${full} is there already.` : `${full} has changed meanwhile.`);
      }
      await sealFolder(dirname(full));
      return bytes;
    } finally {
      await rm(temporary, { force: true });
    }
  };

  return {
    name: "filesystem",
    reach: "machine",
    settings,
    uri: at,
    folded: (path) => foldedName(at(path)),
    get: (path, options) =>
      tried("read", path, async (full) => {
        const bytes = await orAbsent(readFile(full, options?.signal ? { signal: options.signal } : {}));
        if (!bytes) return undefined;
        return {
          bytes,
          // a large value is asked for far more often than its version
          get version() {
            return versionOf(bytes);
          },
        };
      }),
    getRange: (path, start, length) =>
      tried("read", path, async (full) => {
        const handle = await orAbsent(open(full, "r"));
        if (!handle) return undefined;
        try {
          const bytes = new Uint8Array(length);
          let filled = 0;
          while (filled < length) {
            const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
            if (bytesRead === 0) break;
            filled += bytesRead;
          }
          return bytes.subarray(0, filled);
        } finally {
          await handle.close();
        }
      }),
    put: (path, bytes, options) =>
      tried("write", path, async (full) => {
        await place(full, options, async (handle) => {
          await handle.writeFile(bytes, options?.signal ? { signal: options.signal } : {});
          return bytes.byteLength;
        });
      }),
    putStream: (path, chunks, options) =>
      tried("write", path, (full) =>
        place(full, options, async (handle) => {
          let written = 0;
          for await (const chunk of chunks) {
            options?.signal?.throwIfAborted();
            await handle.writeFile(chunk);
            written += chunk.byteLength;
          }
          return written;
        }),
      ),
    putFile: (path, file, options) =>
      tried("write", path, (full) =>
        place(full, options, async (handle) => {
          let written = 0;
          const source = await open(file, "r");
          try {
            for await (const chunk of source.createReadStream({ autoClose: false })) {
              options?.signal?.throwIfAborted();
              await handle.writeFile(chunk as Uint8Array);
              written += (chunk as Uint8Array).byteLength;
            }
          } finally {
            await source.close();
          }
          return written;
        }),
      ),
    list: (path) =>
      tried("list", path, async (full) => {
        const entries = (await orAbsent(readdir(full, { withFileTypes: true }))) ?? [];
        const found: ObjectInfo[] = [];
        for (const entry of entries) {
          // a link to a file is as good as the file
          if (!entry.isFile() && !entry.isSymbolicLink()) continue;
          const details = await orAbsent(stat(join(full, entry.name)));
          if (details?.isFile()) found.push(info(`${path}/${entry.name}`, details));
        }
        return found;
      }),
    below: (path, into = () => true) =>
      tried("list", path, async (full) => {
        const found: string[] = [];
        const pending: (readonly [folder: string, path: string])[] = [[full, path]];
        for (let next = pending.pop(); next; next = pending.pop()) {
          const [folder, at] = next;
          for (const entry of (await orAbsent(readdir(folder, { withFileTypes: true }))) ?? []) {
            const linked = entry.isSymbolicLink() && (await orAbsent(stat(join(folder, entry.name))))?.isFile();
            if (linked || entry.isFile()) found.push(`${at}/${entry.name}`);
            else if (entry.isDirectory() && into(entry.name)) pending.push([join(folder, entry.name), `${at}/${entry.name}`]);
          }
        }
        return found;
      }),
    delete: (path) => tried("delete", path, (full) => rm(full, { force: true })),
    stat: (path) =>
      tried("look at", path, async (full) => {
        const found = await orAbsent(stat(full));
        return found?.isFile() ? info(path, found) : undefined;
      }),
    local: {
      path: at,
      prepare: (path) =>
        tried("make the folder of", path, async (full) => {
          await makeFolder(dirname(full));
          return full;
        }),
      seal: (path) =>
        tried("flush", path, async (full) => {
          await sealFile(full);
          await sealFolder(dirname(full));
        }),
      show: (path, shown) =>
        tried("show", shown, async (full) => {
          await makeFolder(dirname(full));
          // beside the data, so that what a dead process left is found there
          const temporary = join(dirname(at(path)), ownedName("show", "part"));
          try {
            try {
              await link(at(path), temporary);
            } catch (error) {
              if (!isCode(error, "EPERM", "ENOTSUP", "ENOSYS", "EMLINK", "EINVAL")) throw error;
              await copyFile(at(path), temporary, constants.COPYFILE_FICLONE);
            }
            await moveOver(temporary, full);
          } finally {
            await rm(temporary, { force: true });
          }
        }),
      readAll: async (paths) => {
        const found: (Uint8Array | undefined)[] = [];
        for (const path of paths) {
          // a call of its own for each would take ten times as long; the event loop has its turn now and then
          if (found.length % 64 === 63) await new Promise((later) => setImmediate(later));
          found.push(await tried("read", path, (full) => orAbsent(Promise.resolve().then(() => readFileSync(full)))));
        }
        return found;
      },
      folders: (path) =>
        tried("list", path, async (full) =>
          ((await orAbsent(readdir(full, { withFileTypes: true }))) ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name),
        ),
      mark: (path) => tried("write", path, async (full) => (await open(full, "wx")).close()),
      stamp: (path) =>
        tried("look at", path, async (full) => {
          const found = await orAbsent(stat(full, { bigint: true }));
          return found && `${found.ino}-${found.mtimeNs}`;
        }),
      isShown: (path, shown) =>
        tried("look at", shown, async (full) => {
          const [data, seen] = await Promise.all([orAbsent(stat(at(path), { bigint: true })), orAbsent(stat(full, { bigint: true }))]);
          if (!data || !seen) return false;
          return (data.ino === seen.ino && data.dev === seen.dev) || (data.nlink === 1n && data.size === seen.size && seen.mtimeNs >= data.mtimeNs);
        }),
    },
  };
}
