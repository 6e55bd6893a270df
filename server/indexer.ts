import type { Documents } from "./documents.ts";
import type { FileFacts } from "./index/facts.ts";
import { type Disk, readFacts, type Stamp, walk } from "./index/files.ts";
import { folderOf, isConfig, isIgnoredPath, isInside, isModuleSetting, isSource } from "./index/paths.ts";
import type { Workspace } from "./index/workspace.ts";
import { createPace } from "./pace.ts";

/** What a watcher told of a file or folder. */
export interface DiskChange {
  readonly path: string;
  readonly type: "created" | "changed" | "deleted";
}

type Report = (done: number, total: number) => void;

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
}

export interface IndexerOptions {
  readonly workspace: Workspace;
  readonly documents: Documents;
  readonly disk: Disk;
  /** Called after every change to the workspace. */
  readonly onChange: () => void;
  /** Milliseconds of work at a stretch, while a walk goes on. */
  readonly slice?: number;
}

/** Every folder that holds one of the files, at any depth. */
function foldersOf(files: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const file of files) for (let folder = folderOf(file); !folders.has(folder); folder = folderOf(folder)) folders.add(folder);
  return folders;
}

/** So many changes at once are a branch switch: the tree is compared as a whole. */
const manyChanges = 500;

export function createIndexer({ workspace, disk, documents, onChange, slice = 8 }: IndexerOptions): Indexer {
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

  const readFile = (path: string): FileFacts | undefined =>
    readFacts(path, disk, { lastGood: workspace.lastGood(path), always: workspace.has(path) });

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

  /** Paths that a watcher reported while a walk goes on: what it found there before is older. */
  let reported = new Set<string>();
  const isReported = (path: string) => [...reported].some((each) => isInside(path, each));

  /** Takes files in, a slice at a time; what they name is linked when all of them are there. */
  const take = async (found: ReadonlyMap<string, Stamp>, gone: readonly string[], report?: Report) => {
    const pace = createPace(slice);
    // Configs first: they say which of the others count.
    const paths = [...found.keys()]
      .filter((path) => isInFolders(path) && !isReported(path))
      .sort((a, b) => Number(isConfig(b)) - Number(isConfig(a)));
    workspace.collect({ added: paths, removed: gone.filter((path) => !isReported(path)), settings: true });
    let facts = new Map<string, FileFacts>();
    const collect = () => {
      if (facts.size > 0) workspace.collect({ facts });
      facts = new Map();
    };
    for (const [index, path] of paths.entries()) {
      if (workspace.files.has(path)) {
        stamps.set(path, found.get(path)!);
        const read = documents.get(path) ? undefined : readFile(path);
        if (read) facts.set(path, read);
      }
      if (!pace.isOver()) continue;
      collect();
      report?.(index, paths.length);
      await pace.rest();
    }
    collect();
    while (!workspace.linkPending(pace.isOver)) await pace.rest();
  };

  const scan = async (roots: readonly string[], report?: Report) => {
    const pace = createPace(slice);
    const present = new Set<string>();
    const fresh = new Map<string, Stamp>();
    reported = new Set();
    for (const root of roots) {
      for (const some of walk(root, disk)) {
        for (const path of some) {
          const stamp = isSource(path) ? disk.stamp(path) : undefined;
          if (!stamp) continue;
          present.add(path);
          const before = stamps.get(path);
          if (!before || before.mtime !== stamp.mtime || before.size !== stamp.size) fresh.set(path, stamp);
        }
        await pace.rest();
      }
    }
    const gone = [...stamps.keys()].filter((path) => !present.has(path) && !isReported(path) && roots.some((root) => isInside(path, root)));
    for (const path of gone) stamps.delete(path);
    await take(
      fresh,
      gone.filter((path) => !documents.get(path)),
      report,
    );
  };

  const rescan = () => enqueue(() => scan(folders));

  const diskChanged = (changes: readonly DiskChange[]) => {
    if (changes.length > manyChanges) return void rescan();
    if (unsettled > 0) for (const { path } of changes) reported.add(path);
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
    if (newFolders.length > 0) void enqueue(() => scan(newFolders));
  };

  return {
    isComplete: () => complete,
    isSettled: () => complete && unsettled === 0,
    folders: () => folders,
    flush,
    rescan,
    diskChanged,
    addFolders: (more, report) => {
      const roots = more.filter((folder) => !folders.includes(folder));
      folders = [...folders, ...roots];
      return enqueue(() =>
        scan(
          roots.filter((root) => !folders.some((other) => other !== root && isInside(root, other))),
          report,
        ),
      );
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
