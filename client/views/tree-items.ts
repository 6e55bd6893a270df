import * as vscode from "vscode";
import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { Project } from "../project/project.ts";
import type { AssetsElement, ErrorElement } from "./asset-elements.ts";
import { assetItem } from "./asset-item.ts";
import { partitionItem, partitionsItem } from "./partition-items.ts";

const t = vscode.l10n.t;
/** Below this many assets groups start open. */
const openBelow = 200;

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

/** A command that opens the error's line; the log where it has none. */
export function openError({ place }: ErrorInfo): vscode.Command {
  if (!place) return { command: "sluice.showLog", title: t("Show log") };
  const at = new vscode.Position(Math.max(0, place.line - 1), Math.max(0, (place.column ?? 1) - 1));
  return { command: "vscode.open", title: t("Open the line"), arguments: [vscode.Uri.file(place.file), { selection: new vscode.Range(at, at) }] };
}

export function errorTooltip({ message, hint }: ErrorInfo): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendText(message);
  if (hint !== undefined) text.appendMarkdown("\n\n").appendText(hint);
  return text;
}

function errorItem({ error, id }: ErrorElement, project: Project): vscode.TreeItem {
  const item = new vscode.TreeItem(error.message.split("\n")[0] ?? error.code, None);
  item.id = id;
  item.description = error.code;
  item.iconPath = new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground"));
  item.contextValue = error.code === "runner/crashed" ? "error crashed" : "error";
  item.tooltip = errorTooltip(error);
  item.accessibilityInformation = { label: t("Error in {0}: {1}", project.name, error.message) };
  item.command = openError(error);
  return item;
}

/** How an element of the assets tree is drawn. */
export function treeItem(element: AssetsElement, project: Project): vscode.TreeItem {
  const nodes = project.state.graph().nodes;
  const make = (label: string, collapsible: vscode.TreeItemCollapsibleState, icon: string, description: string) => {
    const item = new vscode.TreeItem(label, collapsible);
    item.id = element.id;
    item.iconPath = new vscode.ThemeIcon(icon);
    item.description = description;
    item.contextValue = element.type;
    return item;
  };
  switch (element.type) {
    case "error":
      return errorItem(element, project);
    case "asset": {
      const node = nodes.get(element.node);
      return node ? assetItem(element, project, node) : new vscode.TreeItem(element.node);
    }
    case "project":
      return make(project.name, Expanded, "root-folder", project.targets.current() ?? "");
    case "group": {
      const item = make(element.label, nodes.size <= openBelow ? Expanded : Collapsed, "symbol-namespace", String(element.nodes.length));
      item.accessibilityInformation = { label: t("{0}, {1} assets", element.label, element.nodes.length) };
      return item;
    }
    case "links": {
      const count = nodes.get(element.node)?.[element.direction].length ?? 0;
      const [label, icon] = element.direction === "upstream" ? [t("upstream"), "arrow-up"] : [t("downstream"), "arrow-down"];
      return make(label, Collapsed, icon, String(count));
    }
    case "partitions":
      return partitionsItem(element, project);
    case "partition":
      return partitionItem(element, project);
    case "missing":
      return make(element.text, None, "question", t("not found"));
  }
}
