import type { ErrorInfo } from "../runtime/src/model/errors.ts";
import type { AssetStatus } from "../runtime/src/model/graph.ts";
import type { Activity } from "./activity.ts";
import type { KnownBy } from "./graph/project-graph.ts";
import { summaryOf } from "./graph/run-state.ts";
import type { TablePanels } from "./panels/table.ts";
import type { Projects } from "./project/projects.ts";
import type { AssetsView } from "./views/assets.ts";
import type { RunsView } from "./views/runs.ts";
import type { TargetItem } from "./views/status-bar.ts";

export interface ProjectFacts {
  /** The folder's uri. */
  readonly id: string;
  readonly name: string;
  readonly target: string | undefined;
  readonly targets: readonly string[];
  /** In topological order. */
  readonly assets: readonly {
    readonly key: string | undefined;
    readonly known: KnownBy;
    readonly upstream: readonly string[];
    readonly status: AssetStatus | undefined;
  }[];
  readonly errors: readonly ErrorInfo[];
  readonly runner: string;
  readonly runs: readonly ReturnType<typeof summaryOf>[];
}

/** What `activate` gives to tests; no promise to anybody else. */
export interface SluiceApi {
  readonly projects: () => readonly ProjectFacts[];
  readonly state: () => {
    /** The first full index is finished. */
    readonly indexed: boolean;
    readonly message: string | undefined;
    readonly badge: number;
    readonly targetItem: string | undefined;
  };
  readonly assetsView: AssetsView;
  readonly runsView: RunsView;
  readonly tables: TablePanels;
  /** Resolves when the index is complete and no load, run or command of ours is under way. */
  readonly whenIdle: () => Promise<void>;
}

export interface ApiParts {
  readonly projects: Projects;
  readonly assetsView: AssetsView;
  readonly runsView: RunsView;
  readonly targetItem: TargetItem;
  readonly tables: TablePanels;
  readonly activity: Activity;
}

export function createApi({ projects, assetsView, runsView, targetItem, tables, activity }: ApiParts): SluiceApi {
  return {
    projects: () =>
      projects.list().map(({ id, name, state, targets }) => ({
        id,
        name,
        target: targets.current(),
        targets: targets.list().map((target) => target.name),
        assets: state.graph().order.flatMap((one) => {
          const node = state.graph().nodes.get(one);
          if (!node) return [];
          const status = node.key === undefined ? undefined : state.status(node.key);
          return [{ key: node.key, known: node.known, upstream: node.upstream.map((edge) => edge.text), status }];
        }),
        errors: state.errors(),
        runner: state.runner(),
        runs: state.runs().map(summaryOf),
      })),
    state: () => ({ indexed: projects.index().complete, message: assetsView.message(), badge: assetsView.badge(), targetItem: targetItem.text() }),
    assetsView,
    runsView,
    tables,
    async whenIdle() {
      await projects.whenIndexed();
      await activity.whenIdle();
    },
  };
}
