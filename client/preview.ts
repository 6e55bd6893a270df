import * as vscode from "vscode";
import { toErrorInfo } from "../runtime/src/model/errors.ts";
import type { AssetStatus, PartitionStatus } from "../runtime/src/model/graph.ts";
import type { RunningRun, TableAction, TableSnapshot, TableSubject } from "../runtime/src/model/table-messages.ts";
import { partitionLabel } from "./graph/partitions.ts";
import { isLive, type RunView, stepOfAsset, stepOfPartition } from "./graph/run-state.ts";
import { createTablePanels, type TablePanels } from "./panels/table.ts";
import type { TableSource } from "./panels/table-bridge.ts";
import { dimensionsOf } from "./pick-partitions.ts";
import type { Project } from "./project/project.ts";
import type { Projects } from "./project/projects.ts";

const actions: Readonly<Record<TableAction, (subject: TableSubject) => readonly [command: string, ...values: unknown[]]>> = {
  materialize: ({ project, key, partition }) => ["sluice.materialize", { project, key, ...(partition === undefined ? {} : { partition }) }],
  partition: (subject) => ["sluice.previewPartition", subject],
  restart: (subject) => ["sluice.restartRunner", { project: subject.project }],
  trust: () => ["workbench.trust.manage"],
  "open-source": (subject) => ["sluice.goToAsset", { project: subject.project, key: subject.key }],
  "show-log": () => ["sluice.showLog"],
};

function runOf(project: Project, { key, target, partition }: TableSubject): RunningRun | undefined {
  const stepIn = (run: RunView) => (partition === undefined ? stepOfAsset(run, key) : stepOfPartition(run, key, partition));
  const run = project.state.runs().find((one) => isLive(one) && one.target === target && stepIn(one) !== undefined);
  const step = run && stepIn(run);
  if (!run || !step || (step.state !== "waiting" && step.state !== "running" && step.state !== "retrying")) return undefined;
  return { runId: run.runId, startedAt: run.startedAt, ...(step.progress ? { progress: step.progress } : {}) };
}

function runnerOf(project: Project | undefined): TableSnapshot["runner"] {
  if (!vscode.workspace.isTrusted) return "untrusted";
  if (!project || (!project.state.manifest() && project.state.errors().length === 0)) return "starting";
  // One that was switched off starts again with the next page.
  return project.state.runner() === "gone" ? "gone" : "ready";
}

/** What a table's panel needs of its project, which a window that was just restored may not know yet. */
function tableSource(projects: Projects, subject: TableSubject): TableSource {
  const find = () => projects.find(subject.project);
  /** A panel that was opened before the project's targets were known shows the chosen one. */
  const target = () => subject.target || (find()?.targets.current() ?? "");
  /** Of a target that is not the chosen one. */
  let elsewhere: AssetStatus | undefined;

  async function project(): Promise<Project> {
    await projects.whenIndexed();
    const found = find();
    if (!found) throw toErrorInfo(new Error(vscode.l10n.t("{0} is no Sluice project any more.", subject.project)), "config/invalid");
    if (!found.state.manifest()) await found.load();
    return found;
  }
  /** A run goes to the chosen target, which may be another one than this table's: never without a word. */
  async function onItsTarget(): Promise<boolean> {
    const targets = find()?.targets;
    const chosen = targets?.current();
    if (!targets || chosen === undefined || chosen === target()) return true;
    const go = vscode.l10n.t("Switch to {0} and materialize", target());
    const question = vscode.l10n.t('This table lies on the target "{0}", and the chosen target is "{1}".', target(), chosen);
    if ((await vscode.window.showWarningMessage(question, { modal: true }, go)) !== go) return false;
    await targets.choose(target());
    return true;
  }
  async function askElsewhere(changed: () => void): Promise<void> {
    const found = find();
    if (!found || found.targets.current() === target() || !found.state.manifest()) return;
    // Unknown states show as such; the page itself says what is wrong.
    const statuses = await found.call("status", { target: target(), keys: [subject.key] }).catch(() => []);
    elsewhere = statuses.find((status) => status.key === subject.key);
    changed();
  }
  /** Of the partition that is shown, once it was asked for. */
  let ownPartition: PartitionStatus | undefined;
  async function askPartition(changed: () => void): Promise<void> {
    const found = find();
    if (subject.partition === undefined || !found?.state.manifest()) return;
    const isChosen = found.targets.current() === target();
    // The page itself says what is wrong.
    const asked = isChosen ? found.partitions(subject.key) : found.call("partitions", { target: target(), key: subject.key });
    const before = ownPartition;
    ownPartition = (await asked.catch(() => [])).find(({ key }) => key === subject.partition);
    if (JSON.stringify(before) !== JSON.stringify(ownPartition)) changed();
  }
  function statusOf(found: Project | undefined): AssetStatus | undefined {
    const whole = found?.targets.current() === target() ? found.state.status(subject.key) : elsewhere;
    if (subject.partition === undefined) return whole;
    return ownPartition && { ...ownPartition, key: subject.key, ...(whole?.place === undefined ? {} : { place: whole.place }) };
  }
  const which = () => ({ target: target(), key: subject.key, ...(subject.partition === undefined ? {} : { partition: subject.partition }) });

  return {
    snapshot() {
      const found = find();
      const status = statusOf(found);
      const here = { ...subject, target: target() };
      const run = found && runOf(found, here);
      const error = found && !found.state.manifest() ? found.state.errors()[0] : undefined;
      return {
        subject: here,
        runner: runnerOf(found),
        ...(found && projects.list().length > 1 ? { projectName: found.name } : {}),
        ...(status ? { status } : {}),
        ...(run ? { run } : {}),
        ...(found?.state.graph().nodes.get(subject.key)?.partitioned
          ? { partitionLabel: subject.partition === undefined ? "" : partitionLabel(subject.partition, dimensionsOf(found, subject.key)) }
          : {}),
        ...(error ? { error } : {}),
      };
    },
    onChange(changed) {
      void askElsewhere(changed);
      void askPartition(changed);
      const parts = [
        projects.onDidChange(changed),
        projects.onDidChangeProject((event) => {
          if (event.project.id !== subject.project) return;
          changed();
          if (event.change === "graph") void askElsewhere(changed);
          if (event.change === "graph" || event.change === "status" || event.change === "run") void askPartition(changed);
        }),
        vscode.workspace.onDidGrantWorkspaceTrust(changed),
      ];
      return vscode.Disposable.from(...parts);
    },
    async page(request, signal) {
      const found = await project();
      const page = await found.call("preview", { ...which(), request }, signal);
      found.recheck();
      return page;
    },
    cell: async (cell, signal) => (await project()).call("cell", { ...which(), ...cell }, signal),
    async act(action) {
      if (action === "materialize" && !(await onItsTarget())) return;
      await vscode.commands.executeCommand(...actions[action](subject));
    },
  };
}

/** The panels of stored tables, over the workspace's projects. */
export const createPreviews = (extensionUri: vscode.Uri, projects: Projects): TablePanels =>
  createTablePanels({
    extensionUri,
    titleOf: ({ project, key, partition }) =>
      partition === undefined ? key : `${key} · ${partitionLabel(partition, dimensionsOf(projects.find(project), key))}`,
    sourceOf: (subject) => (projects.index().complete && !projects.find(subject.project) ? undefined : tableSource(projects, subject)),
  });
