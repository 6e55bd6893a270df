import * as vscode from "vscode";
import { formatAge, formatDuration, formatRows } from "../../runtime/src/model/duration.ts";
import type { RunState } from "../../runtime/src/model/events.ts";
import { type MetadataLine, metadataLines, metadataMarkdown } from "../../runtime/src/model/metadata.ts";
import { type Dimensions, partitionLabel } from "../graph/partitions.ts";
import { isLive, type RunView, type StepView } from "../graph/run-state.ts";
import { errorTooltip, openError } from "./tree-items.ts";

const t = vscode.l10n.t;

const runIcons: Readonly<Record<RunState, readonly [icon: string, color?: string]>> = {
  queued: ["clock", "charts.blue"],
  running: ["sync~spin", "charts.blue"],
  succeeded: ["pass", "charts.green"],
  failed: ["error", "charts.red"],
  cancelled: ["circle-slash"],
};
const stepIcons: Readonly<Record<StepView["state"], readonly [icon: string, color?: string]>> = {
  waiting: ["clock"],
  running: ["sync~spin", "charts.blue"],
  retrying: ["sync~spin", "charts.yellow"],
  skipped: ["debug-step-over"],
  failed: ["error", "charts.red"],
  done: ["pass", "charts.green"],
};
const icon = ([name, color]: readonly [string, string?]) =>
  new vscode.ThemeIcon(name, color === undefined ? undefined : new vscode.ThemeColor(color));

function runWord(state: RunState): string {
  switch (state) {
    case "queued":
      return t("queued");
    case "running":
      return t("running…");
    case "succeeded":
      return t("succeeded");
    case "failed":
      return t("failed");
    case "cancelled":
      return t("cancelled");
  }
}

function skipWords(step: StepView): string {
  switch (step.reason) {
    case "not-needed":
      return t("fresh, not run");
    case "upstream-failed":
      return t("skipped: {0} failed", step.because ?? t("an upstream asset"));
    case "upstream-skipped":
      return t("skipped: {0} was skipped", step.because ?? t("an upstream asset"));
    default:
      return t("cancelled");
  }
}

function stepWords(step: StepView): string {
  const rows = step.rows === undefined ? undefined : formatRows(step.rows);
  const time = step.ms === undefined ? undefined : formatDuration(step.ms);
  const words = (...parts: readonly (string | undefined)[]) => parts.filter((part) => part !== undefined).join(" · ");
  switch (step.state) {
    case "waiting":
      return t("waits");
    case "running": {
      const { progress, parts } = step;
      if (parts) return words(t("running… {0}/{1} partitions", parts.done, parts.total), failedWords(step));
      if (!progress) return t("running…");
      return progress.total === undefined
        ? t("running… {0}", progress.done)
        : t("running… {0} %", Math.floor((100 * progress.done) / Math.max(1, progress.total)));
    }
    case "retrying":
      return t("failed, tries again");
    case "skipped":
      return skipWords(step);
    case "failed":
      if (step.parts) return words(failedWords(step), t("{0} partitions", step.parts.total), time);
      return words(step.error?.thrown ?? step.error?.code ?? t("failed"), time);
    case "done":
      return words(checkWords(step), step.parts ? t("{0} partitions", step.parts.total) : undefined, rows, time);
  }
}

function checkWords({ failedChecks = [] }: StepView): string | undefined {
  const [first, second] = failedChecks;
  if (!first) return undefined;
  if (second) return t("{0} checks failed", failedChecks.length);
  return first.severity === "warn" ? t("check {0} warns", first.check) : t("check {0} failed", first.check);
}

const failedWords = ({ parts }: StepView) => (parts && parts.failed > 0 ? t("{0} failed", parts.failed) : undefined);

/** What the step recorded, as lines: its place first. */
export function factsOf(step: StepView | undefined): readonly MetadataLine[] {
  const recorded = Object.entries(step?.metadata ?? {});
  return recorded.flatMap(([key, { rows: _rows, handler: _handler, ...metadata }]) =>
    metadataLines(metadata).map((line) => (recorded.length > 1 ? { ...line, name: `${key} ${line.name}` } : line)),
  );
}

export function factItem({ name, text, url }: MetadataLine, id: string): vscode.TreeItem {
  const item = new vscode.TreeItem(name);
  item.id = id;
  item.description = text;
  item.iconPath = new vscode.ThemeIcon(url === undefined ? "note" : "link");
  item.contextValue = "fact";
  item.tooltip = new vscode.MarkdownString().appendText(text);
  item.accessibilityInformation = { label: `${name}: ${text}` };
  if (url !== undefined) item.command = { command: "vscode.open", title: t("Open the link"), arguments: [vscode.Uri.parse(url)] };
  return item;
}

function stepTooltip(step: StepView): vscode.MarkdownString | undefined {
  const recorded = Object.entries(step.metadata ?? {});
  const { failedChecks = [] } = step;
  if (recorded.length === 0 && failedChecks.length === 0) return undefined;
  const text = new vscode.MarkdownString();
  for (const { check, asset, partition, description } of failedChecks) {
    const of = partition === undefined ? asset : `${asset} [${partition}]`;
    text
      .appendText(t("The check {0} of {1} failed{2}", `"${check}"`, of, description === undefined ? "" : `: ${description}`))
      .appendMarkdown("\n\n");
  }
  for (const [key, { handler: _handler, ...metadata }] of recorded) {
    text
      .appendMarkdown("**")
      .appendText(key)
      .appendMarkdown(`**\n\n${metadataMarkdown(metadata)}\n\n`);
  }
  return text;
}

export function runItem(run: RunView, id: string, project: string | undefined): vscode.TreeItem {
  const live = isLive(run);
  const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
  // Open while it runs, and no other afterwards: a state that changes with the end leaves old children on the screen.
  const open = live || run.hasSteps;
  const item = new vscode.TreeItem(run.selection === "*" ? t("Everything") : run.selection, open ? Expanded : Collapsed);
  item.id = id;
  item.iconPath = icon(runIcons[run.state]);
  item.description = [
    runWord(run.state),
    run.ms === undefined ? undefined : formatDuration(run.ms),
    live ? undefined : formatAge(run.startedAt, Date.now()),
    run.target,
    project,
  ]
    .filter((part) => part !== undefined && part !== "")
    .join(" · ");
  item.contextValue = live ? "run live" : "run past";
  item.accessibilityInformation = { label: t("Run of {0}, {1}", run.selection, item.description), role: "treeitem" };
  item.tooltip = run.error ? errorTooltip(run.error) : t("Run {0}, started {1}", run.runId, new Date(run.startedAt).toLocaleString());
  return item;
}

export interface StepItemOptions {
  readonly dimensions: Dimensions;
  /** The item stands for all partitions of its asset. */
  readonly several: boolean;
}

export function stepItem(step: StepView, id: string, { dimensions, several }: StepItemOptions): vscode.TreeItem {
  const assets = step.assets.length === 0 ? step.step : step.assets.join(", ");
  const partitions = several ? [] : (step.partitions ?? []);
  const which =
    partitions.length > 1
      ? `${partitionLabel(partitions[0] ?? "", dimensions)} … ${partitionLabel(partitions.at(-1) ?? "", dimensions)}`
      : partitions.map((key) => partitionLabel(key, dimensions)).join();
  const label = which === "" ? assets : `${assets} · ${which}`;
  const item = new vscode.TreeItem(label);
  item.id = id;
  const warned = step.state === "done" && (step.failedChecks?.length ?? 0) > 0;
  const shown = step.state === "skipped" && step.reason === "cancelled" ? runIcons.cancelled : stepIcons[step.state];
  item.iconPath = icon(warned ? ["warning", "charts.yellow"] : shown);
  item.description = stepWords(step);
  item.contextValue = `step ${step.state}`;
  item.accessibilityInformation = { label: `${label}, ${item.description}`, role: "treeitem" };
  if (several || factsOf(step).length > 0) item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
  const tooltip = several ? undefined : stepTooltip(step);
  if (tooltip) item.tooltip = tooltip;
  if (step.error) {
    item.tooltip = errorTooltip(step.error);
    item.command = openError(step.error);
  }
  return item;
}
