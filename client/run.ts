import * as vscode from "vscode";
import { toErrorInfo } from "../runtime/src/model/errors.ts";
import type { RunSummary } from "../runtime/src/model/events.ts";
import type { PlannedAsset } from "../runtime/src/model/graph.ts";
import type { App } from "./app.ts";
import { folderOf } from "./graph/index-state.ts";
import type { PartitionChoice } from "./graph/partition-choice.ts";
import { notifyError } from "./notify.ts";
import { choosePartitions } from "./pick-partitions.ts";
import type { Project } from "./project/project.ts";
import { readSettings } from "./settings.ts";

const t = vscode.l10n.t;

export interface RunChoice extends PartitionChoice {
  readonly project: Project;
  readonly selection: string;
  /** The assets that are selected: which of their partitions are made is asked, unless it is said here. */
  readonly assets: readonly string[];
  /** Upstream assets that are missing or stale run first. */
  readonly upstream: boolean;
}

/** The next run sees the edit: what is on disk is what runs. */
async function saveFiles(project: Project): Promise<void> {
  if (!readSettings(project.uri).saveFirst) return;
  const unsaved = vscode.workspace.textDocuments.filter(
    (document) => document.isDirty && !document.isUntitled && folderOf(document.uri.toString(), [project.id]) !== undefined,
  );
  await Promise.all(unsaved.map((document) => document.save()));
}

/** How many assets a question names one by one. */
const named = 20;

function listed(planned: readonly PlannedAsset[]): string {
  const lines = planned.map(({ key, partitions }) => (partitions === undefined ? key : t("{0}: {1} partitions", key, partitions)));
  const rest = lines.length - named;
  return [...lines.slice(0, named), ...(rest > 0 ? [t("and {0} more", rest)] : [])].join("\n");
}

/**
 * Asks before a write to a protected target, and before a run that makes very many partitions; undefined when the answer is no, or there is
 * nothing to make. Rejects with what would keep the run from its end: nobody is asked about a run that cannot be.
 */
async function confirm(app: App, choice: RunChoice): Promise<{ readonly confirmed: boolean } | undefined> {
  const { project, selection, upstream, partitions, missing } = choice;
  const isProtected = project.targets.isProtected();
  if (!isProtected && !partitions && !missing) return { confirmed: false };
  const chosen = { ...(partitions ? { partitions } : {}), ...(missing ? { missing } : {}) };
  const planned = await app.assetsView.withProgress(() => project.plan({ selection, upstream, ...chosen }));
  if (planned.length === 0) {
    void vscode.window.showInformationMessage(t("Nothing to materialize: everything that was chosen is stored."));
    return undefined;
  }
  const target = project.targets.current() ?? "";
  const many = planned.reduce((sum, { partitions: count = 0 }) => sum + count, 0);
  const limit = readSettings(project.uri).confirmPartitions;
  if (!isProtected && (limit === 0 || many <= limit)) return { confirmed: false };
  const question = isProtected
    ? t('The target "{0}" is protected. Store to it?', target)
    : t("Materialize {0} partitions?", many.toLocaleString(vscode.env.language));
  const go = t("Materialize on {0}", target);
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail: listed(planned) }, go);
  return answer === go ? { confirmed: isProtected } : undefined;
}

/** Tells of the first failure, and how many more there are. */
function tellFailure(app: App, choice: RunChoice, summary: RunSummary): void {
  const { project } = choice;
  const run = project.state.runs().find((one) => one.runId === summary.runId);
  const failed = [...(run?.steps.values() ?? [])].filter((step) => step.state === "failed");
  const error = failed[0]?.error ?? run?.error;
  if (!error) return;
  const name = failed[0]?.assets.join(", ") ?? summary.selection;
  notifyError(app, error, failed.length > 1 ? t("{0} and {1} more failed.", name, failed.length - 1) : t("{0} failed.", name), () =>
    runAssets(app, choice),
  );
}

/**
 * Materializes as the reader asked: saves, asks where the target is protected, shows progress, tells of failures.
 * Undefined when nothing ran.
 */
export async function runAssets(app: App, choice: RunChoice): Promise<RunSummary | undefined> {
  const { project } = choice;
  await saveFiles(project);
  // Which targets are protected, and which assets have partitions, is known after loading.
  if (!project.state.manifest()) await app.assetsView.withProgress(project.load);
  try {
    const said = choice.partitions !== undefined || choice.missing === true;
    const chosen: PartitionChoice | undefined = said ? {} : await choosePartitions(project, choice.assets, app.assetsView.withProgress);
    if (!chosen) return undefined;
    const whole: RunChoice = { ...choice, ...chosen };
    const agreed = await confirm(app, whole);
    if (!agreed) return undefined;
    const { project: _project, assets: _assets, ...request } = whole;
    const summary = await app.assetsView.withProgress(() => project.run({ ...request, ...agreed }));
    if (summary.state === "failed") tellFailure(app, whole, summary);
    return summary;
  } catch (thrown) {
    const error = toErrorInfo(thrown, "run/failed");
    app.log.error(`[${project.name}] ${error.code}: ${error.message}`);
    // A crash is told where it is noticed.
    if (error.code !== "runner/crashed") notifyError(app, error, undefined, () => runAssets(app, choice));
    return undefined;
  }
}
