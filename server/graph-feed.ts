import type { GraphDelta, GraphSnapshot, IndexedAsset } from "../runtime/src/model/graph.ts";
import type { Workspace } from "./index/workspace.ts";
import { createPace } from "./pace.ts";

/** Tells the graph's readers what changed, in revisions. */
export interface GraphFeed {
  /** To be called after every change: a delta follows within `delay` milliseconds, for all changes until then together. */
  readonly changed: () => void;
  /** Sends what waits now. */
  readonly flush: () => void;
  /** The graph as it is when the answer is ready; large ones are put together in slices. */
  readonly snapshot: () => Promise<GraphSnapshot>;
  readonly close: () => void;
}

export interface GraphFeedOptions {
  readonly workspace: Workspace;
  readonly isComplete: () => boolean;
  readonly send: (delta: GraphDelta) => void;
  readonly delay?: number;
  /** A delta of more assets is not sent: whoever wants the graph is made to ask for all of it. */
  readonly largestDelta?: number;
  /** Milliseconds of work at a stretch, for a snapshot. */
  readonly slice?: number;
}

export function createGraphFeed({ workspace, isComplete, send, delay = 100, largestDelta = 2000, slice = 8 }: GraphFeedOptions): GraphFeed {
  let revision = 0;
  let told = { projects: "[]", complete: false };
  let timer: NodeJS.Timeout | undefined;
  /** For each snapshot in the making, what changed since it was begun. */
  const outdated = new Set<Set<string>>();

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const projects = workspace.projects();
    const now = { projects: JSON.stringify(projects), complete: isComplete() };
    const touched = workspace.takeTouched();
    if (touched.size === 0 && now.projects === told.projects && now.complete === told.complete) return;
    for (const ids of outdated) for (const id of touched) ids.add(id);
    const isLarge = touched.size > largestDelta;
    const changed: IndexedAsset[] = [];
    const removed: string[] = [];
    for (const id of isLarge ? [] : touched) {
      const asset = workspace.describe(id);
      if (asset) changed.push(asset);
      else removed.push(id);
    }
    // A base that nobody is at.
    const base = isLarge ? revision + 1 : revision;
    revision = base + 1;
    send({ base, revision, complete: now.complete, ...(now.projects === told.projects ? {} : { projects }), changed, removed });
    told = now;
  };

  const snapshot = async (): Promise<GraphSnapshot> => {
    flush();
    const changed = new Set<string>();
    const assets = new Map<string, IndexedAsset | undefined>();
    const pace = createPace(slice);
    outdated.add(changed);
    try {
      for (const id of [...workspace.nodes.keys()]) {
        assets.set(id, workspace.describe(id));
        if (pace.isOver()) await pace.rest();
      }
      flush();
    } finally {
      outdated.delete(changed);
    }
    for (const id of changed) assets.set(id, workspace.describe(id));
    const present = [...assets.values()].filter((asset) => asset !== undefined);
    return { revision, complete: isComplete(), projects: workspace.projects(), assets: present };
  };

  return {
    flush,
    snapshot,
    changed: () => {
      timer ??= setTimeout(flush, delay);
    },
    close: () => clearTimeout(timer),
  };
}
