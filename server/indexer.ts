import type { Documents } from "./documents.ts";
import type { CachedFile, IndexCache } from "./index/cache.ts";
import type { FileFacts } from "./index/facts.ts";
import { type Disk, readFacts, type Stamp } from "./index/files.ts";
import { folderOf, isIgnoredPath, isInside, isModuleSetting, isSource } from "./index/paths.ts";
import type { Workspace } from "./index/workspace.ts";
import type { Parser } from "./parser.ts";
import { createScanner, type Report } from "./scanner.ts";

/** What a watcher told of a file or folder. */
export interface DiskChange {
  readonly path: string;
  readonly type: "created" | "changed" | "deleted";
}

/** Keeps the workspace in step with disk and open documents. */
export interface Indexer {
  /** True once everything there is has been looked at, for the first time. */
  readonly isComplete: () => boolean;
  /** False while a walk goes on: what does not resolve now may do so in a moment. */
  readonly isSettled: () => boolean;
  readonly folders: () => readonly string[];
  /** Indexes a folder from nothing; `report` hears of files done and files in all. */
  readonly addFolders: (folders: readonly string[], report?: Report) => Promise<void>;
  readonly removeFolders: (folders: readonly string[]) => void;
  /** Takes in open documents that changed. Cheap when none did: called before every answer. */
  readonly flush: () => void;
  readonly documentClosed: (path: string) => void;
  readonly diskChanged: (changes: readonly DiskChange[]) => void;
  /** Compares every file's stamp with the disk: after so many changes that asking for each costs more, or where nobody reports them. */
  readonly rescan: () => Promise<void>;
  /** Writes the cache, where there is one; done by itself a while after each change. */
  readonly save: () => Promise<void>;
  readonly close: () => void;
}

export interface IndexerOptions {
  readonly workspace: Workspace;
  readonly documents: Documents;
  readonly disk: Disk;
  /** Called after every change to the workspace. */
  readonly onChange: () => void;
  readonly cache?: IndexCache | undefined;
  /** Milliseconds of work at a stretch, while a walk goes on. */
  readonly slice?: number;
  /** Starts another thread for a first index of thousands of files. */
  readonly startParser?: (() => Parser) | undefined;
}

/** Every folder that holds one of the files, at any depth. */
function foldersOf(files: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const file of files) for (let folder = folderOf(file); !folders.has(folder); folder = folderOf(folder)) folders.add(folder);
  return folders;
}

/** The cache is written so long after the last change, in milliseconds. */
const saveDelay = 2000;

/** So many changes at once are a branch switch: the tree is compared as a whole. */
const manyChanges = 500;

export function createIndexer({ workspace, disk, documents, onChange, cache, slice = 8, startParser }: IndexerOptions): Indexer {
  const stamps = new Map<string, Stamp>();
  let folders: readonly string[] = [];
  let unsettled = 0;
  let complete = false;
  let queue: Promise<void> = Promise.resolve();

  /** One walk at a time; the first failure must not keep the next from running. */
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    unsettled++;
    const done = queue.then(work).finally(() => {
      unsettled--;
      complete ||= unsettled === 0;
      saveSoon();
      onChange();
    });
    queue = done.catch(() => undefined);
    return done;
  };

  const isOurs = (path: string): boolean => {
    if (!isSource(path)) return false;
    const folder = folders.find((each) => isInside(path, each));
    return folder === undefined ? !path.includes("/node_modules/") : !isIgnoredPath(path, folder);
  };
  const isInFolders = (path: string) => folders.some((folder) => isInside(path, folder) && !isIgnoredPath(path, folder));

  const readFile = (path: string, size?: number): FileFacts | undefined =>
    readFacts(path, disk, { lastGood: workspace.lastGood(path), always: workspace.has(path), size });

  const flush = () => {
    const facts = new Map<string, FileFacts>();
    const added: string[] = [];
    for (const path of [...documents.changed()]) {
      const found = documents.facts(path, workspace.lastGood(path), workspace.has(path));
      if (!isOurs(path)) continue;
      added.push(path);
      if (found) facts.set(path, found);
    }
    if (added.length === 0) return;
    workspace.update({ added, facts });
    onChange();
  };

  const scanner = createScanner({ workspace, documents, disk, stamps, isInFolders, read: readFile, slice, startParser });

  // ---- the cache

  let saving: NodeJS.Timeout | undefined;
  const saveSoon = () => {
    clearTimeout(saving);
    if (cache) saving = setTimeout(save, saveDelay).unref();
  };
  /** Only what lies on the disk as it was read; what does not parse depends on what it was before, and is read again. */
  function* entriesOf(folder: string): Generator<readonly [string, CachedFile]> {
    for (const [path, stamp] of stamps) {
      if (!isInside(path, folder) || documents.get(path)) continue;
      const packed = workspace.packed(path);
      if (packed === undefined || workspace.parses(path)) yield [path, { ...stamp, packed }];
    }
  }
  const save = async () => {
    clearTimeout(saving);
    if (cache && complete) for (const folder of folders) await cache.save(folder, entriesOf(folder));
  };

  // ---- changes

  const rescan = () => enqueue(() => scanner.scan(folders));

  const diskChanged = (changes: readonly DiskChange[]) => {
    if (changes.length > manyChanges) return void rescan();
    scanner.reported(changes.map(({ path }) => path));
    const facts = new Map<string, FileFacts>();
    const added: string[] = [];
    const removed: string[] = [];
    const newFolders: string[] = [];
    let knownFolders: ReadonlySet<string> | undefined;
    const filesUnder = (path: string): readonly string[] => {
      knownFolders ??= foldersOf(workspace.files);
      return knownFolders.has(path) ? [...workspace.files].filter((file) => isInside(file, path)) : [];
    };
    // Of several changes of one path the last counts.
    for (const { path, type } of new Map(changes.map((change) => [change.path, change])).values()) {
      if (type === "deleted") {
        const files = workspace.files.has(path) ? [path] : filesUnder(path);
        for (const file of files) stamps.delete(file);
        removed.push(...files.filter((file) => !documents.get(file)));
      } else if (isInFolders(path) && isSource(path)) {
        const stamp = disk.stamp(path);
        if (!stamp) continue;
        stamps.set(path, stamp);
        added.push(path);
        const found = documents.get(path) ? undefined : readFile(path);
        if (found) facts.set(path, found);
      } else if (type === "created" && isInFolders(`${path}/file`) && disk.isFolder(path)) newFolders.push(path);
    }
    const settings = changes.some(({ path }) => isModuleSetting(path));
    if (added.length > 0 || removed.length > 0 || settings) {
      workspace.update({ added, removed, facts, settings });
      onChange();
    }
    saveSoon();
    if (newFolders.length > 0) void enqueue(() => scanner.scan(newFolders));
  };

  return {
    isComplete: () => complete,
    isSettled: () => complete && unsettled === 0,
    folders: () => folders,
    flush,
    rescan,
    save,
    close: () => clearTimeout(saving),
    diskChanged,
    addFolders: (more, report) => {
      const roots = more.filter((folder) => !folders.includes(folder));
      folders = [...folders, ...roots];
      // A folder inside another one is walked with it, unless it lies where that walk does not go.
      const isWalked = (root: string) => folders.some((other) => other !== root && isInside(root, other) && !isIgnoredPath(`${root}/file`, other));
      return enqueue(async () => {
        const walked = roots.filter((root) => folders.includes(root) && !isWalked(root));
        const cached = await Promise.all(walked.map((root) => cache?.load(root) ?? []));
        await scanner.scan(walked, new Map(cached.flatMap((files) => [...files])), report);
      });
    },
    removeFolders: (gone) => {
      folders = folders.filter((folder) => !gone.includes(folder));
      const outside = [...workspace.files].filter((path) => !isInFolders(path));
      for (const path of outside) stamps.delete(path);
      workspace.update({ removed: outside.filter((path) => !documents.get(path)) });
      onChange();
    },
    documentClosed: (path) => {
      const stays = isInFolders(path) && disk.stamp(path) !== undefined;
      if (!stays) stamps.delete(path);
      const facts = stays ? readFile(path) : undefined;
      workspace.update(stays ? (facts ? { facts: new Map([[path, facts]]) } : {}) : { removed: [path] });
      onChange();
    },
  };
}
