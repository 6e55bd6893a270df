import * as vscode from "vscode";
import { toErrorInfo } from "../../runtime/src/model/errors.ts";
import type { MetadataLine } from "../../runtime/src/model/metadata.ts";
import { isLive, type RunView, type StepView, stepOfAsset } from "../graph/run-state.ts";
import { dimensionsOf } from "../pick-partitions.ts";
import type { Project } from "../project/project.ts";
import type { Projects } from "../project/projects.ts";
import { ageing } from "./assets.ts";
import { factItem, factsOf, runItem, stepItem } from "./run-item.ts";
import { throttle } from "./throttle.ts";

/** What stands in the runs tree; `project` is the folder's uri as text. */
export type RunsElement = RunElement | StepElement | FactElement;
export interface RunElement {
  readonly type: "run";
  readonly project: string;
  readonly runId: string;
}
export interface StepElement {
  readonly type: "step";
  readonly project: string;
  readonly runId: string;
  readonly step: string;
  /** Of its first asset, for the commands of the menus. */
  readonly key?: string;
  /** The partition that it makes. */
  readonly partition?: string;
  /** Stands for every step of its asset, one for each partition. */
  readonly several?: true;
}
/** One thing that a materialization recorded. */
export interface FactElement {
  readonly type: "fact";
  readonly project: string;
  readonly runId: string;
  readonly step: string;
  readonly line: MetadataLine;
}

export interface RunsView extends vscode.Disposable {
  readonly childrenOf: (element?: RunsElement) => Promise<readonly RunsElement[]>;
  readonly itemOf: (element: RunsElement) => vscode.TreeItem;
}

const inOrder = (steps: readonly StepView[]) => [...steps].sort((a, b) => (a.startedAt ?? Number.MAX_VALUE) - (b.startedAt ?? Number.MAX_VALUE));

export function createRunsView(projects: Projects, log: vscode.LogOutputChannel): RunsView {
  const changed = new vscode.EventEmitter<undefined>();
  const runOf = (element: RunsElement): RunView | undefined =>
    projects
      .find(element.project)
      ?.state.runs()
      .find((run) => run.runId === element.runId);

  async function stepsOf(project: Project, run: RunView): Promise<readonly StepView[]> {
    if (!run.hasSteps && vscode.workspace.isTrusted) {
      try {
        await project.loadSteps(run.runId);
      } catch (error) {
        log.warn(`The steps of run ${run.runId} are unknown: ${toErrorInfo(error, "runner/crashed").message}`);
      }
    }
    return inOrder([...run.steps.values()]);
  }

  async function childrenOf(element?: RunsElement): Promise<readonly RunsElement[]> {
    if (!element) {
      return projects
        .list()
        .flatMap((project) => project.state.runs().map((run) => ({ run, project: project.id })))
        .sort((a, b) => b.run.startedAt - a.run.startedAt)
        .map(({ run, project }) => ({ type: "run", project, runId: run.runId }));
    }
    const project = projects.find(element.project);
    const run = runOf(element);
    if (element.type === "fact" || !project || !run) return [];
    const base = { project: project.id, runId: run.runId };
    if (element.type === "step" && !element.several) {
      return factsOf(run.steps.get(element.step)).map((line) => ({ ...base, type: "fact", step: element.step, line }));
    }
    const steps = element.type === "step" ? inOrder(run.stepsOf.get(element.key ?? "") ?? []) : await stepsOf(project, run);
    const told = new Set<string>();
    return steps.flatMap((step): RunsElement[] => {
      const [key] = step.assets;
      const of = { ...base, type: "step", step: step.step, ...(key === undefined ? {} : { key }) } as const;
      const several = element.type === "run" && key !== undefined && (run.stepsOf.get(key)?.length ?? 0) > 1;
      if (!several) return [{ ...of, ...(step.partitions?.length === 1 ? { partition: step.partitions[0]! } : {}) }];
      if (told.has(key)) return [];
      told.add(key);
      return [{ ...of, several }];
    });
  }

  function itemOf(element: RunsElement): vscode.TreeItem {
    const run = runOf(element);
    const id = `${element.project}/${element.runId}`;
    if (!run) return new vscode.TreeItem("");
    if (element.type === "run") return runItem(run, id, projects.list().length > 1 ? projects.find(element.project)?.name : undefined);
    if (element.type === "fact") return factItem(element.line, `${id}/${element.step}/${element.line.name}`);
    const step = element.several ? stepOfAsset(run, element.key ?? "") : run.steps.get(element.step);
    const dimensions = dimensionsOf(projects.find(element.project), element.key);
    return step
      ? stepItem(step, `${id}/${element.several ? "*" : ""}${element.step}`, { dimensions, several: element.several ?? false })
      : new vscode.TreeItem(element.step);
  }

  const provider: vscode.TreeDataProvider<RunsElement> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (element) => [...(await childrenOf(element))],
    getTreeItem: itemOf,
  };
  const view = vscode.window.createTreeView("sluice.runs", { treeDataProvider: provider, showCollapseAll: true });
  const redraw = throttle(() => {
    changed.fire(undefined);
    const live = projects.list().flatMap((project) => project.state.runs().filter(isLive)).length;
    view.badge = live === 0 ? undefined : { value: live, tooltip: vscode.l10n.t("{0} running", live) };
  }, 200);
  // Ages grow by themselves.
  const clock = setInterval(() => {
    if (view.visible && projects.list().some(({ state }) => state.runs().length > 0)) changed.fire(undefined);
  }, ageing);
  const parts = [
    view,
    changed,
    new vscode.Disposable(() => clearInterval(clock)),
    redraw,
    projects.onDidChange(redraw.call),
    projects.onDidChangeProject(({ change }) => {
      if (change === "run") redraw.call();
    }),
  ];
  return {
    childrenOf,
    itemOf,
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
