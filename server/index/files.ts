import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import type { FileFacts } from "./facts.ts";
import type { ModuleDisk } from "./modules.ts";
import { mentionsPackage, parseFacts } from "./parse.ts";
import { isIgnoredFolder, isModuleSetting, isSource, normalPath } from "./paths.ts";

/** When a file was last written and how long it is: another stamp, another content. */
export interface Stamp {
  readonly mtime: number;
  readonly size: number;
}
export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** The disk as the index sees it. Nothing here throws: what cannot be read is not there. */
export interface Disk extends ModuleDisk {
  readonly list: (folder: string) => readonly Entry[];
  readonly stamp: (path: string) => Stamp | undefined;
  readonly read: (path: string) => Buffer | undefined;
}

/** Longer files are data or generated bundles, not asset definitions. */
export const isTooLong = (size: number): boolean => size > 2_000_000;

/** What is known of such a file where there has to be something. */
export const tooLong: FileFacts = parseFacts("", "");

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined; // Gone, unreadable, or a link that leads nowhere.
  }
}

function entryOf(folder: string, entry: Dirent): Entry | undefined {
  if (entry.isDirectory()) return { name: entry.name, isFolder: true };
  if (entry.isFile()) return { name: entry.name, isFolder: false };
  // A link to a file counts; a link to a folder could lead in circles.
  const isFile = entry.isSymbolicLink() && attempt(() => statSync(`${folder}/${entry.name}`))?.isFile();
  return isFile ? { name: entry.name, isFolder: false } : undefined;
}

export const nodeDisk: Disk = {
  list: (folder) => (attempt(() => readdirSync(folder, { withFileTypes: true })) ?? []).flatMap((entry) => entryOf(folder, entry) ?? []),
  stamp: (path) => {
    const stat = attempt(() => statSync(path, { throwIfNoEntry: false }));
    return stat?.isFile() ? { mtime: stat.mtimeMs, size: stat.size } : undefined;
  },
  read: (path) => attempt(() => readFileSync(path)),
  readText: (path) => attempt(() => readFileSync(path, "utf8")),
  isFile: (path) => attempt(() => statSync(path, { throwIfNoEntry: false }))?.isFile() ?? false,
  isFolder: (path) => attempt(() => statSync(path, { throwIfNoEntry: false }))?.isDirectory() ?? false,
  realPath: (path) => normalPath(attempt(() => realpathSync(path)) ?? path),
};

/** Source files and module settings under a folder, a folder at a time, so that the caller can pause in between. */
export function* walk(root: string, disk: Pick<Disk, "list">): Generator<readonly string[]> {
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const found: string[] = [];
    for (const { name, isFolder } of disk.list(folder)) {
      const path = folder === "/" ? `/${name}` : `${folder}/${name}`;
      if (!isFolder && (isSource(name) || isModuleSetting(name))) found.push(path);
      else if (isFolder && !isIgnoredFolder(name)) waiting.push(path);
    }
    yield found;
  }
}

const textOf = (content: Buffer) => content.toString("utf8").replace(/^\uFEFF/, "");

export interface ReadOptions {
  readonly lastGood?: FileFacts | undefined;
  /** Also for a file that never names the package. */
  readonly always?: boolean;
  /** Length in bytes, where it is known. */
  readonly size?: number | undefined;
}

/** Facts of a file on disk; `undefined` where it is gone, too long, or cannot define an asset. */
export function readFacts(
  path: string,
  disk: Pick<Disk, "read" | "stamp">,
  { lastGood, always = false, size }: ReadOptions = {},
): FileFacts | undefined {
  const length = size ?? disk.stamp(path)?.size;
  if (length === undefined) return undefined;
  if (isTooLong(length)) return always ? tooLong : undefined;
  const content = disk.read(path);
  if (!content || (!always && !mentionsPackage(content))) return undefined;
  return parseFacts(path, textOf(content), lastGood);
}
