import * as vscode from "vscode";
import { formatRows } from "../../runtime/src/model/duration.ts";
import type { PartitionStatus } from "../../runtime/src/model/graph.ts";
import { type Face, partitionFace, partitionWords, stateWord } from "../graph/face.ts";
import { bucketsOf, countStates, newestFirst, type PartitionBucket, partitionLabel } from "../graph/partitions.ts";
import { dimensionsOf } from "../pick-partitions.ts";
import type { Project } from "../project/project.ts";
import type { PartitionElement, PartitionsElement } from "./asset-elements.ts";

const t = vscode.l10n.t;

/** What an element of partitions unfolds to; undefined until the partitions were asked for. */
export function partitionsIn(
  project: Project,
  { key, path }: PartitionsElement,
): { readonly buckets: readonly PartitionBucket[]; readonly partitions: readonly PartitionStatus[] } | undefined {
  const known = project.state.partitions(key);
  if (!known) return undefined;
  const dimensions = dimensionsOf(project, key);
  let partitions = newestFirst(known, dimensions);
  for (const label of path) partitions = bucketsOf(partitions, dimensions).find((bucket) => bucket.label === label)?.partitions ?? [];
  return { buckets: bucketsOf(partitions, dimensions), partitions };
}

function wordsOf(project: Project, element: PartitionsElement): string {
  const inside = partitionsIn(project, element);
  const counts = inside ? countStates(inside.partitions) : project.state.status(element.key)?.partitions;
  return counts ? partitionWords(counts, t, true) : "";
}

export function partitionsItem(element: PartitionsElement, project: Project): vscode.TreeItem {
  const label = element.path.at(-1) ?? t("partitions");
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = element.id;
  item.iconPath = new vscode.ThemeIcon(element.path.length === 0 ? "layers" : "folder");
  item.description = wordsOf(project, element);
  item.contextValue = "partitions";
  item.accessibilityInformation = { label: [label, item.description].filter(Boolean).join(", ") };
  return item;
}

const statusOf = (project: Project, { key, partition }: PartitionElement): PartitionStatus =>
  project.state.partitions(key)?.find((status) => status.key === partition) ?? { key: partition, state: "unknown" };

const faceOf = (project: Project, element: PartitionElement, status: PartitionStatus): Face =>
  partitionFace(status, project.state.partitionStep(element.key, element.partition), Date.now(), t);

export function partitionItem(element: PartitionElement, project: Project): vscode.TreeItem {
  const status = statusOf(project, element);
  const face = faceOf(project, element, status);
  const item = new vscode.TreeItem(partitionLabel(element.partition, dimensionsOf(project, element.key)));
  item.id = element.id;
  item.description = face.words;
  item.iconPath = new vscode.ThemeIcon(face.icon, face.color === undefined ? undefined : new vscode.ThemeColor(face.color));
  item.contextValue = face.state === "running" || face.state === "waiting" ? "partition running" : "partition";
  item.accessibilityInformation = { label: [item.label, stateWord(face.state, t), face.words].join(", ") };
  return item;
}

export function partitionTooltip(element: PartitionElement, project: Project): vscode.MarkdownString {
  const status = statusOf(project, element);
  const text = new vscode.MarkdownString();
  text
    .appendMarkdown("**")
    .appendText(`${element.key} · ${partitionLabel(element.partition, dimensionsOf(project, element.key))}`)
    .appendMarkdown("**");
  const line = (label: string, value: string | undefined) => {
    if (value) text.appendMarkdown("\n\n").appendText(`${label}: ${value}`);
  };
  line(t("State"), [stateWord(faceOf(project, element, status).state, t), status.reason].filter(Boolean).join(" · "));
  line(t("Rows"), status.rows === undefined ? undefined : formatRows(status.rows));
  line(t("Stored"), status.storedAt === undefined ? undefined : new Date(status.storedAt).toLocaleString());
  line(t("Target"), project.targets.current());
  if (status.error && status.error.message !== status.reason) line(status.error.code, status.error.message);
  return text;
}

/** What is drawn of an element; another text when it has to be drawn again. */
export function partitionSignature(project: Project, element: PartitionsElement | PartitionElement): string {
  if (element.type === "partitions") return `${wordsOf(project, element)} ${project.state.partitions(element.key)?.length ?? "?"}`;
  const face = faceOf(project, element, statusOf(project, element));
  return `${face.state} ${face.words}`;
}
