import type { Documents } from "./documents.ts";
import type { CachedFile } from "./index/cache.ts";
import type { FileFacts } from "./index/facts.ts";
import { type Disk, type Stamp, walk } from "./index/files.ts";
import { type PackedFacts, unpack } from "./index/pack.ts";
import { isConfig, isInside, isSource } from "./index/paths.ts";
import type { Workspace } from "./index/workspace.ts";
import { createPace } from "./pace.ts";
import type { Parser, UnreadFile } from "./parser.ts";
import { readShared } from "./sharing.ts";

/** Hears of files done and files in all. */
export type Report = (done: number, total: number) => void;

/** Compares folders with what is known of them and takes the differences in, a slice at a time. One scan runs at once. */
export interface Scanner {
  /** `cached`: facts of an earlier session, which count where a file's stamp is still the same. */
  readonly scan: (roots: readonly string[], cached?: ReadonlyMap<string, CachedFile>, report?: Report) => Promise<void>;
  /** Paths that a watcher reports while a scan goes on: what the scan saw there before is older. */
  readonly reported: (paths: Iterable<string>) => void;
}

export interface ScannerOptions {
  readonly workspace: Workspace;
  readonly documents: Documents;
  readonly disk: Disk;
  /** Stamps of all files on disk that were taken in. */
  readonly stamps: Map<string, Stamp>;
  readonly isInFolders: (path: string) => boolean;
  readonly read: (path: string, size: number) => FileFacts | undefined;
  /** Milliseconds of work at a stretch. */
  readonly slice: number;
  /** Starts another thread that reads files, for when there are many; it reads the real disk. */
  readonly startParser?: (() => Parser) | undefined;
}

const isSame = (one: Stamp | undefined, other: Stamp): boolean => one !== undefined && one.mtime === other.mtime && one.size === other.size;

export function createScanner({ workspace, documents, disk, stamps, isInFolders, read, slice, startParser }: ScannerOptions): Scanner {
  let isScanning = false;
  let reported = new Set<string>();
  const isReported = (path: string) => reported.size > 0 && [...reported].some((each) => isInside(path, each));

  /** Takes files in; what they name is linked when all of them are there. */
  const take = async (found: ReadonlyMap<string, Stamp>, gone: readonly string[], cached: ReadonlyMap<string, CachedFile>, report?: Report) => {
    const pace = createPace(slice);
    // Configs first: they say which of the others count.
    const paths = [...found.keys()]
      .filter((path) => isInFolders(path) && !isReported(path))
      .sort((a, b) => Number(isConfig(b)) - Number(isConfig(a)));
    workspace.collect({ added: paths, removed: gone, settings: true });
    let facts = new Map<string, FileFacts>();
    const collect = () => {
      if (facts.size > 0) workspace.collect({ facts });
      facts = new Map();
    };
    let done = 0;
    const rest = async () => {
      done++;
      if (!pace.isOver()) return;
      collect();
      report?.(done, paths.length);
      await pace.rest();
    };

    const unread: UnreadFile[] = [];
    const changed: UnreadFile[] = [];
    for (const path of paths) {
      // A watcher may have reported it deleted since.
      if (!workspace.files.has(path)) continue;
      const stamp = found.get(path)!;
      stamps.set(path, stamp);
      const former = cached.get(path);
      if (former === undefined || !isSame(former, stamp)) (workspace.has(path) ? changed : unread).push({ path, size: stamp.size });
      else {
        if (former.packed && !documents.get(path)) facts.set(path, unpack(former.packed));
        await rest();
      }
    }
    const here = async ({ path, size }: UnreadFile) => {
      const known = documents.get(path) || !workspace.files.has(path) ? undefined : read(path, size);
      if (known) facts.set(path, known);
      await rest();
    };
    const there = (path: string, packed: PackedFacts | undefined) => {
      done++;
      // Whoever took it in or reported it meanwhile knows something newer.
      const isStale = workspace.has(path) || !workspace.files.has(path) || documents.get(path) || isReported(path);
      if (packed !== undefined && !isStale) facts.set(path, unpack(packed));
    };
    await readShared(unread, { here, there, startParser });
    for (const file of changed) await here(file);
    collect();
    while (!workspace.linkPending(pace.isOver)) await pace.rest();
  };

  return {
    reported: (paths) => {
      if (isScanning) for (const path of paths) reported.add(path);
    },
    scan: async (roots, cached = new Map(), report) => {
      isScanning = true;
      reported = new Set();
      try {
        const pace = createPace(slice);
        const present = new Set<string>();
        const fresh = new Map<string, Stamp>();
        for (const root of roots) {
          for (const some of walk(root, disk)) {
            for (const path of some) {
              const stamp = isSource(path) ? disk.stamp(path) : undefined;
              if (!stamp) continue;
              present.add(path);
              if (!isSame(stamps.get(path), stamp)) fresh.set(path, stamp);
            }
            await pace.rest();
          }
        }
        const isGone = (path: string) => !present.has(path) && !isReported(path) && roots.some((root) => isInside(path, root));
        const gone = [...stamps.keys()].filter(isGone);
        for (const path of gone) stamps.delete(path);
        await take(
          fresh,
          gone.filter((path) => !documents.get(path)),
          cached,
          report,
        );
      } finally {
        isScanning = false;
      }
    },
  };
}
