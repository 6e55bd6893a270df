import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Stamp } from "./files.ts";
import { type PackedFacts, packVersion } from "./pack.ts";
import { ts } from "./typescript.ts";

/** A file as it was when the cache was written; without facts where it cannot define an asset. */
export interface CachedFile extends Stamp {
  readonly packed: PackedFacts | undefined;
}

/** Facts of an earlier session, a file for each workspace folder. A cache that cannot be read is none. */
export interface IndexCache {
  readonly load: (folder: string) => Promise<ReadonlyMap<string, CachedFile>>;
  readonly save: (folder: string, files: Iterable<readonly [path: string, file: CachedFile]>) => Promise<void>;
}

/** Other layouts, other parsers, and other rules of what counts as a definition find nothing here. */
const head = `sluice index ${packVersion} typescript ${ts.version}`;

/** Lines between two writes. */
const batch = 500;

/** One line per file: path, time of the last change, length and facts between tabs. */
function line(file: string, { mtime, size, packed = "" }: CachedFile): string | undefined {
  return /[\t\n\r]/.test(file) ? undefined : `${file}\t${mtime}\t${size}\t${packed}\n`;
}

function parsed(text: string): ReadonlyMap<string, CachedFile> {
  const [first, ...lines] = text.split("\n");
  const files = new Map<string, CachedFile>();
  // The last line is empty, unless the writer was stopped; then the rename never came either.
  if (first !== head || lines.at(-1) !== "") return files;
  for (const each of lines.slice(0, -1)) {
    const [file, mtime, size, packed] = each.split("\t");
    if (file === undefined || packed === undefined) return new Map();
    files.set(file, { mtime: Number(mtime), size: Number(size), packed: packed === "" ? undefined : packed });
  }
  return files;
}

/** Keeps the cache under a folder that is the client's to give; failures to write are told to `warn` and change nothing else. */
export function createCache(storage: string, warn: (message: string) => void): IndexCache {
  const fileFor = (folder: string) => path.join(storage, `index-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}.txt`);
  const write = async (target: string, files: Iterable<readonly [string, CachedFile]>) => {
    await mkdir(storage, { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    const output = await open(temporary, "w");
    try {
      let lines = [`${head}\n`];
      for (const [file, cached] of files) {
        const text = line(file, cached);
        if (text !== undefined) lines.push(text);
        if (lines.length < batch) continue;
        await output.write(lines.join(""));
        lines = [];
      }
      await output.write(lines.join(""));
    } finally {
      await output.close();
    }
    await rename(temporary, target).catch(async (error: unknown) => {
      await rm(temporary, { force: true });
      throw error;
    });
  };
  return {
    load: async (folder) => {
      const text = await readFile(fileFor(folder), "utf8").catch(() => ""); // None yet, or not readable: the same to the index.
      return parsed(text);
    },
    save: (folder, files) => write(fileFor(folder), files).catch((error: Error) => warn(`The index was not saved: ${error.message}`)),
  };
}
