import type { AssetStatus } from "../runtime/src/model/graph.ts";
import { pathOfUri } from "./index/paths.ts";

/** What the client tells of one project. */
export interface StatusParams {
  /** Uri of the project's folder. */
  readonly project: string;
  /** The chosen one, and what it binds to each key. */
  readonly target?: string;
  readonly bindings?: Readonly<Record<string, string>>;
  readonly statuses: readonly AssetStatus[];
  /** Keys that run or wait in a run. */
  readonly running: readonly string[];
  /** False in Restricted Mode. Left out: trusted. */
  readonly trusted?: boolean;
}

/** States of assets, as the client last told them. */
export interface Statuses {
  readonly set: (params: StatusParams) => void;
  readonly get: (project: string, key: string) => AssetStatus | undefined;
  /** What the chosen target binds to an I/O manager key. */
  readonly binding: (project: string, key: string) => { readonly store: string; readonly target: string } | undefined;
  readonly isRunning: (project: string, key: string) => boolean;
  readonly isTrusted: (project: string) => boolean;
  /** True when some state says how long ago something was. */
  readonly haveAges: () => boolean;
}

interface Told {
  readonly target: string;
  readonly bindings: ReadonlyMap<string, string>;
  readonly statuses: ReadonlyMap<string, AssetStatus>;
  readonly running: ReadonlySet<string>;
  readonly trusted: boolean;
}

export function createStatuses(): Statuses {
  const projects = new Map<string, Told>();
  return {
    set: ({ project, statuses, running, trusted = true, target = "", bindings = {} }) => {
      const folder = pathOfUri(project);
      if (folder === undefined) return;
      projects.set(folder, {
        target,
        bindings: new Map(Object.entries(bindings)),
        statuses: new Map(statuses.map((status) => [status.key, status])),
        running: new Set(running),
        trusted,
      });
    },
    get: (project, key) => projects.get(project)?.statuses.get(key),
    binding(project, key) {
      const told = projects.get(project);
      const store = told?.bindings.get(key);
      return told && store !== undefined ? { store, target: told.target } : undefined;
    },
    isRunning: (project, key) => projects.get(project)?.running.has(key) ?? false,
    isTrusted: (project) => projects.get(project)?.trusted ?? true,
    haveAges: () => [...projects.values()].some(({ statuses }) => [...statuses.values()].some(({ storedAt, failedAt }) => storedAt ?? failedAt)),
  };
}
