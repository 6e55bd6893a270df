import {
  type Connection,
  DidChangeWatchedFilesNotification,
  type Disposable,
  FileChangeType,
  type FileEvent,
  type FileSystemWatcher,
  WatchKind,
} from "vscode-languageserver/node";
import type { ClientAbilities } from "./client-abilities.ts";
import { pathOfUri, uriOfPath } from "./index/paths.ts";
import type { DiskChange, Indexer } from "./indexer.ts";

const patterns: readonly (readonly [glob: string, kind: number])[] = [
  ["**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}", WatchKind.Create | WatchKind.Change | WatchKind.Delete],
  ["**/{package,tsconfig*,jsconfig*}.json", WatchKind.Create | WatchKind.Change | WatchKind.Delete],
  // A folder that is moved or deleted is reported by its own name only.
  ["**", WatchKind.Create | WatchKind.Delete],
];

function watchersFor(folders: readonly string[], { relativePatterns }: ClientAbilities): FileSystemWatcher[] {
  if (!relativePatterns) return patterns.map(([globPattern, kind]) => ({ globPattern, kind }));
  return folders.flatMap((folder) => patterns.map(([pattern, kind]) => ({ globPattern: { baseUri: uriOfPath(folder), pattern }, kind })));
}

const types: Readonly<Record<number, DiskChange["type"]>> = {
  [FileChangeType.Created]: "created",
  [FileChangeType.Changed]: "changed",
  [FileChangeType.Deleted]: "deleted",
};

export interface Watching {
  /** Asks the client to watch these folders instead of those before. */
  readonly watch: (folders: readonly string[]) => Promise<void>;
  readonly close: () => void;
}

/** Hears of changes on disk from the client, and hands them on a few milliseconds later together. */
export function createWatching(connection: Connection, abilities: ClientAbilities, indexer: Indexer, delay = 50): Watching {
  let registration: Disposable | undefined;
  let waiting = new Map<string, DiskChange>();
  let timer: NodeJS.Timeout | undefined;

  const deliver = () => {
    timer = undefined;
    const changes = [...waiting.values()];
    waiting = new Map();
    indexer.diskChanged(changes);
  };
  const take = ({ uri, type }: FileEvent) => {
    const path = pathOfUri(uri);
    const kind = types[type];
    if (path === undefined || !kind) return;
    // Deleted and created within one moment is a replaced file.
    const before = waiting.get(path)?.type;
    waiting.set(path, { path, type: before === "created" && kind === "changed" ? "created" : kind });
    timer ??= setTimeout(deliver, delay);
  };
  connection.onDidChangeWatchedFiles(({ changes }) => changes.forEach(take));

  return {
    watch: async (folders) => {
      if (!abilities.watch) return;
      const former = registration;
      registration = await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: watchersFor(folders, abilities) });
      former?.dispose();
    },
    close: () => clearTimeout(timer),
  };
}
