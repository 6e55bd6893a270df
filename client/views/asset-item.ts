import * as vscode from "vscode";
import { formatRows } from "../../runtime/src/model/duration.ts";
import type { PartitionCounts } from "../../runtime/src/model/graph.ts";
import { metadataMarkdown } from "../../runtime/src/model/metadata.ts";
import { assetFace, type Face, stateWord } from "../graph/face.ts";
import type { AssetNode } from "../graph/project-graph.ts";
import type { Project } from "../project/project.ts";
import type { AssetElement } from "./asset-elements.ts";

const t = vscode.l10n.t;

export function faceOf(project: Project, node: AssetNode): Face {
  const key = node.key;
  return assetFace(
    {
      node,
      status: key === undefined ? undefined : project.state.status(key),
      step: key === undefined ? undefined : project.state.step(key),
      loaded: project.state.manifest() !== undefined,
      now: Date.now(),
    },
    t,
  );
}

/** Words that `when` clauses of the menus look for. */
function contextOf(node: AssetNode, face: Face): string {
  const words = ["asset"];
  if (node.key === undefined) words.push("computed");
  else words.push(node.kind === "source" ? "source" : "runnable", "stored");
  if (node.source) words.push("placed");
  if (node.partitioned && node.key !== undefined) words.push("partitioned");
  if (node.dimensions?.some(({ type }) => type === "dynamic")) words.push("dynamic");
  if (face.state === "running" || face.state === "waiting") words.push("running");
  return words.join(" ");
}

/** One line of an asset: the icon says the state, the words say it again. */
export function assetItem(element: AssetElement, project: Project, node: AssetNode): vscode.TreeItem {
  const face = faceOf(project, node);
  const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.None);
  if (node.partitioned || node.upstream.length > 0 || node.downstream.length > 0) item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
  item.id = element.id;
  item.description = face.words;
  item.iconPath = new vscode.ThemeIcon(face.icon, face.color === undefined ? undefined : new vscode.ThemeColor(face.color));
  item.contextValue = contextOf(node, face);
  item.accessibilityInformation = { label: [node.label, stateWord(face.state, t), face.words].join(", "), role: "treeitem" };
  if (node.source) {
    item.command = { command: "sluice.goToAsset", title: t("Go to definition"), arguments: [element, { preserveFocus: true }] };
  }
  return item;
}

/** The asset's I/O manager key, with what the target binds to it: "warehouse (duckdb)". */
function managerOf(project: Project, { ioManager }: AssetNode): string | undefined {
  if (ioManager === undefined) return undefined;
  const target = project.targets.list().find((one) => one.name === project.targets.current());
  const bound = target?.bindings[ioManager];
  if (bound === undefined) return ioManager === "ioManager" ? undefined : ioManager;
  return ioManager === "ioManager" ? bound : `${ioManager} (${bound})`;
}

function countWords({ total, stored, missing, failed, stale = 0 }: PartitionCounts): string {
  const number = (value: number) => value.toLocaleString(vscode.env.language);
  return [
    t("{0} of {1} stored", number(stored), number(total)),
    t("{0} missing", number(missing)),
    ...(failed > 0 ? [t("{0} failed", number(failed))] : []),
    ...(stale > 0 ? [t("{0} stale", number(stale))] : []),
  ].join(" · ");
}

/** Everything about the asset; texts of the workspace are escaped. */
export function assetTooltip(project: Project, node: AssetNode): vscode.MarkdownString {
  const status = node.key === undefined ? undefined : project.state.status(node.key);
  const face = faceOf(project, node);
  const text = new vscode.MarkdownString(undefined, true);
  text
    .appendMarkdown(`$(${face.icon.replace("~spin", "")}) **`)
    .appendText(node.label)
    .appendMarkdown("**");
  const line = (label: string, value: string | undefined) => {
    if (value === undefined || value === "") return;
    text.appendMarkdown("\n\n").appendText(`${label}: `).appendText(value);
  };
  if (node.description !== undefined) text.appendMarkdown("\n\n").appendText(node.description);
  line(t("State"), [stateWord(face.state, t), status?.reason].filter(Boolean).join(" · "));
  line(t("Partitions"), status?.partitions && countWords(status.partitions));
  line(t("Rows"), status?.rows === undefined ? undefined : formatRows(status.rows));
  line(t("Stored"), status?.storedAt === undefined ? undefined : new Date(status.storedAt).toLocaleString());
  line(t("Place"), status?.place);
  line(t("Target"), project.targets.current());
  line(t("I/O manager"), managerOf(project, node));
  line(t("Group"), node.group);
  line(t("Upstream"), node.upstream.map((edge) => edge.text).join(", "));
  line(t("Downstream"), node.downstream.length === 0 ? undefined : String(node.downstream.length));
  if (status?.error && face.state === "failed") line(status.error.code, status.error.message);
  if (status?.metadata) text.appendMarkdown(`\n\n---\n\n${metadataMarkdown(status.metadata)}`);
  return text;
}
