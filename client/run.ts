import * as vscode from "vscode";
import { toErrorInfo } from "../runtime/src/model/errors.ts";
import type { RunSummary } from "../runtime/src/model/events.ts";
import type { App } from "./app.ts";
import { folderOf } from "./graph/index-state.ts";
import { notifyError } from "./notify.ts";
import type { Project } from "./project/project.ts";
import { readSettings } from "./settings.ts";

const t = vscode.l10n.t;

export interface RunChoice {
  readonly project: Project;
  readonly selection: string;
  /** What the question before a write to a protected target names. */
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

function listed(assets: readonly string[]): string {
  const rest = assets.length - named;
  return [...assets.slice(0, named), ...(rest > 0 ? [t("and {0} more", rest)] : [])].join("\n");
}

/** Asks before a write to a protected target; undefined when the answer is no. */
async function confirm({ project, assets }: RunChoice): Promise<{ readonly confirmed: boolean } | undefined> {
  if (!project.targets.isProtected()) return { confirmed: false };
  const target = project.targets.current() ?? "";
  const go = t("Materialize on {0}", target);
  const answer = await vscode.window.showWarningMessage(
    t('The target "{0}" is protected. Store to it?', target),
    { modal: true, detail: listed(assets) },
    go,
  );
  return answer === go ? { confirmed: true } : undefined;
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
  const { project, selection, upstream } = choice;
  await saveFiles(project);
  // Which targets are protected is known after loading.
  if (!project.state.manifest()) await app.assetsView.withProgress(project.load);
  const agreed = await confirm(choice);
  if (!agreed) return undefined;
  try {
    const summary = await app.assetsView.withProgress(() => project.run({ selection, upstream, confirmed: agreed.confirmed }));
    if (summary.state === "failed") tellFailure(app, choice, summary);
    return summary;
  } catch (thrown) {
    const error = toErrorInfo(thrown, "run/failed");
    app.log.error(`[${project.name}] ${error.code}: ${error.message}`);
    // A crash is told where it is noticed.
    if (error.code !== "runner/crashed") notifyError(app, error, undefined, () => runAssets(app, choice));
    return undefined;
  }
}
