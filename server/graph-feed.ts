import type { GraphDelta, GraphSnapshot, IndexedAsset } from "../runtime/src/model/graph.ts";
import type { Workspace } from "./index/workspace.ts";

/** Tells the graph's readers what changed, in revisions. */
export interface GraphFeed {
  /** To be called after every change: a delta follows within `delay` milliseconds, for all changes until then together. */
  readonly changed: () => void;
  /** Sends what waits now, so that a snapshot taken next holds nothing that was not told. */
  readonly flush: () => void;
  readonly snapshot: () => GraphSnapshot;
  readonly close: () => void;
}

export interface GraphFeedOptions {
  readonly workspace: Workspace;
  readonly isComplete: () => boolean;
  readonly send: (delta: GraphDelta) => void;
  readonly delay?: number;
}

export function createGraphFeed({ workspace, isComplete, send, delay = 100 }: GraphFeedOptions): GraphFeed {
  let revision = 0;
  let told = { projects: "[]", complete: false };
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const projects = workspace.projects();
    const now = { projects: JSON.stringify(projects), complete: isComplete() };
    const changed: IndexedAsset[] = [];
    const removed: string[] = [];
    for (const id of workspace.takeTouched()) {
      const asset = workspace.describe(id);
      if (asset) changed.push(asset);
      else removed.push(id);
    }
    if (changed.length === 0 && removed.length === 0 && now.projects === told.projects && now.complete === told.complete) return;
    const base = revision++;
    send({ base, revision, complete: now.complete, ...(now.projects === told.projects ? {} : { projects }), changed, removed });
    told = now;
  };
  return {
    flush,
    changed: () => {
      timer ??= setTimeout(flush, delay);
    },
    snapshot: () => {
      flush();
      const assets = [...workspace.nodes.keys()].flatMap((id) => workspace.describe(id) ?? []);
      return { revision, complete: isComplete(), projects: workspace.projects(), assets };
    },
    close: () => clearTimeout(timer),
  };
}
