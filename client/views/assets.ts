import * as vscode from "vscode";
import { unknownReasons } from "../graph/face.ts";
import { type Grouping, groupings } from "../graph/grouping.ts";
import { isLive } from "../graph/run-state.ts";
import type { Project } from "../project/project.ts";
import type { Projects } from "../project/projects.ts";
import type { AssetsElement } from "./asset-elements.ts";
import { createAssetsTree } from "./assets-tree.ts";
import { throttle } from "./throttle.ts";

const t = vscode.l10n.t;
const viewId = "sluice.assets";
/** How often the ages in the descriptions are told anew, milliseconds. */
export const ageing = 30_000;

export interface AssetsView extends vscode.Disposable {
  readonly grouping: () => Grouping;
  readonly setGrouping: (grouping: Grouping) => Promise<void>;
  /** Shows and selects the asset; false when the tree does not have it. */
  readonly reveal: (project: Project, key: string) => Promise<boolean>;
  /** Shows the view's progress bar until the work is done. */
  readonly withProgress: <T>(work: () => Promise<T>) => Promise<T>;
  readonly childrenOf: (element?: AssetsElement) => Promise<readonly AssetsElement[]>;
  readonly itemOf: (element: AssetsElement) => vscode.TreeItem | Thenable<vscode.TreeItem>;
  readonly message: () => string | undefined;
  /** Number of failures on the badge. */
  readonly badge: () => number;
}

export interface AssetsViewOptions {
  readonly projects: Projects;
  readonly memory: vscode.Memento;
}

/** What there is to show, for the welcome texts and menus of the manifest. */
function contentOf(projects: Projects): "assets" | "error" | "no-assets" | "no-project" | "indexing" {
  const all = projects.list();
  if (all.some((project) => project.state.graph().nodes.size > 0)) return "assets";
  if (all.some((project) => project.state.errors().length > 0)) return "error";
  if (!projects.index().complete) return "indexing";
  return all.length > 0 ? "no-assets" : "no-project";
}

function messageFor(projects: Projects): string | undefined {
  if (!vscode.workspace.workspaceFolders?.length) return undefined;
  if (!projects.index().complete) return t("Reading the source…");
  // Welcome texts show only in a view without a message, and say it themselves.
  if (contentOf(projects) !== "assets") return undefined;
  if (vscode.workspace.isTrusted)
    return (
      projects
        .list()
        .flatMap((project) => unknownReasons(project.state.statuses().values()))
        .slice(0, 2)
        .join("\n") || undefined
    );
  return t("Restricted Mode: the graph is read from your source. Running assets and seeing stored tables needs a trusted workspace.");
}

export function createAssetsView({ projects, memory }: AssetsViewOptions): AssetsView {
  let grouping: Grouping = groupings.find((known) => known === memory.get("groupBy")) ?? "group";
  const tree = createAssetsTree({ projects, grouping: () => grouping });
  const view = vscode.window.createTreeView(viewId, { treeDataProvider: tree, canSelectMany: true, showCollapseAll: true });
  const contexts = new Map<string, unknown>();
  function setContext(name: string, value: unknown): void {
    if (contexts.get(name) === value) return;
    contexts.set(name, value);
    void vscode.commands.executeCommand("setContext", name, value);
  }

  function surround(): void {
    const all = projects.list();
    const failed = all.flatMap((project) => [...project.state.statuses().values()].filter((status) => status.state === "failed"));
    view.badge = failed.length === 0 ? undefined : { value: failed.length, tooltip: t("Failed: {0}", failed.map((status) => status.key).join(", ")) };
    view.message = messageFor(projects) ?? "";
    view.description = all.length === 1 ? (all[0]?.targets.current() ?? "") : "";
    setContext("sluice.content", contentOf(projects));
    setContext(
      "sluice.running",
      all.some((project) => project.state.runs().some(isLive)),
    );
    setContext("sluice.groupBy", grouping);
  }
  const redraw = throttle(() => {
    tree.refresh();
    surround();
  }, 100);
  const redrawStates = throttle(() => {
    tree.refreshStates();
    surround();
  }, 150);

  const parts = [
    view,
    redraw,
    redrawStates,
    projects.onDidChange(redraw.call),
    projects.onDidChangeProject(({ change }) => {
      if (change === "run" || change === "status") redrawStates.call();
      else if (change !== "positions") redraw.call();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(redraw.call),
  ];
  const clock = setInterval(() => {
    if (view.visible) redrawStates.call();
  }, ageing);
  surround();

  return {
    grouping: () => grouping,
    async setGrouping(next) {
      grouping = next;
      redraw.call();
      await memory.update("groupBy", next);
    },
    async reveal(project, key) {
      const element = tree.find(project, key);
      if (element) await view.reveal(element, { select: true, focus: true });
      return element !== undefined;
    },
    withProgress: (work) => Promise.resolve(vscode.window.withProgress({ location: { viewId } }, work)),
    childrenOf: tree.childrenOf,
    itemOf: tree.getTreeItem,
    message: () => view.message,
    badge: () => view.badge?.value ?? 0,
    dispose() {
      clearInterval(clock);
      for (const part of parts) part.dispose();
    },
  };
}
