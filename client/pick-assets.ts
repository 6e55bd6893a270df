import * as vscode from "vscode";
import type { App, AssetRef } from "./app.ts";
import type { Project } from "./project/project.ts";
import { assetItem, faceOf } from "./views/asset-item.ts";
import { currentProject } from "./views/status-bar.ts";

/**
 * What a lens, a hover link, a task or another extension passes: the project's folder as a uri, and a key; `partition` for one partition,
 * `partitions` for keys and ranges "A..B", `missing` for those that are not stored or failed last.
 */
export interface AssetArgument {
  readonly project: string;
  readonly key: string;
  readonly partition?: string;
  readonly partitions?: readonly string[];
  readonly missing?: boolean;
}

const isArgument = (value: unknown): value is AssetArgument =>
  typeof value === "object" &&
  value !== null &&
  "project" in value &&
  "key" in value &&
  typeof value.project === "string" &&
  typeof value.key === "string";

const isText = (value: unknown): value is string => typeof value === "string";

function refOf(app: App, { project, key, partition, partitions, missing }: AssetArgument): AssetRef | undefined {
  const found = app.projects.find(vscode.Uri.parse(project).toString().replace(/\/$/, ""));
  const named = [...(Array.isArray(partitions) ? partitions : []), partition].filter(isText);
  return found && { project: found, key, ...(named.length > 0 ? { partitions: named } : {}), ...(missing === true ? { missing } : {}) };
}

/** The asset whose declaration holds the caret. */
function atCaret(app: App): AssetRef | undefined {
  const editor = vscode.window.activeTextEditor;
  const project = editor && app.projects.of(editor.document.uri);
  if (!project) return undefined;
  const uri = editor.document.uri.toString();
  const line = editor.selection.active.line;
  for (const node of project.state.graph().nodes.values()) {
    const source = node.source;
    if (node.key !== undefined && source?.uri === uri && source.range.start.line <= line && line <= source.range.end.line)
      return { project, key: node.key };
  }
  return undefined;
}

interface AssetPick extends vscode.QuickPickItem {
  readonly ref: AssetRef;
}

function picksOf(project: Project, several: boolean): AssetPick[] {
  const { nodes, order } = project.state.graph();
  return order.flatMap((id) => {
    const node = nodes.get(id);
    if (node?.key === undefined) return [];
    const description = [faceOf(project, node).words, several ? project.name : ""].filter(Boolean).join(" · ");
    const icon = assetItem({ type: "asset", id: "", project: project.id, parent: undefined, node: id }, project, node).iconPath as vscode.ThemeIcon;
    return [{ label: node.key, description, iconPath: icon, ref: { project, key: node.key } }];
  });
}

async function ask(app: App, placeholder: string): Promise<AssetRef | undefined> {
  const current = currentProject(app.projects);
  const all = [...app.projects.list()].sort((a, b) => Number(b === current) - Number(a === current));
  const picks = all.flatMap((project) => picksOf(project, all.length > 1));
  if (picks.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There are no assets here yet."));
    return undefined;
  }
  return (await vscode.window.showQuickPick(picks, { placeHolder: placeholder, matchOnDescription: true }))?.ref;
}

/**
 * The assets that a command was called for: of its arguments (a lens's, or tree items), or else the one at the caret,
 * or else the one the reader picks. Empty when the reader picks none.
 */
export async function pickAssets(app: App, values: readonly unknown[], placeholder: string): Promise<readonly AssetRef[]> {
  const [first, many] = values;
  const given = (Array.isArray(many) ? many : first === undefined ? [] : [first])
    .filter(isArgument)
    .flatMap((argument) => refOf(app, argument) ?? []);
  if (given.length > 0) return given;
  // Something was pointed at that is no asset, or is gone: running another one instead would be a surprise.
  if (first !== undefined) return [];
  const ref = atCaret(app) ?? (await ask(app, placeholder));
  return ref ? [ref] : [];
}

export async function pickAsset(app: App, values: readonly unknown[], placeholder: string): Promise<AssetRef | undefined> {
  return (await pickAssets(app, values.slice(0, 1), placeholder))[0];
}

/** The same, never the one at the caret: for a command that goes somewhere else. */
export async function pickOtherAsset(app: App, [first]: readonly unknown[], placeholder: string): Promise<AssetRef | undefined> {
  return first === undefined ? ask(app, placeholder) : pickAsset(app, [first], placeholder);
}
