import { readdir } from "node:fs/promises";
import * as vscode from "vscode";
import type { App } from "../app.ts";
import { firstFile, projectFiles } from "../new-project/files.ts";
import { extensionVersion } from "../new-project/offer-types.ts";
import { writeTypes } from "../new-project/types.ts";
import { writeNewFiles } from "../new-project/write.ts";
import type { Command } from "./command.ts";

const t = vscode.l10n.t;
/** Folder whose first file is to be shown when its window has opened. */
const pendingKey = "newProject";

const isEmpty = async (folder: vscode.Uri) => (await readdir(folder.fsPath)).every((name) => name.startsWith("."));

async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const open = vscode.workspace.workspaceFolders ?? [];
  const empty: vscode.Uri[] = [];
  for (const { uri } of open) if (uri.scheme === "file" && (await isEmpty(uri))) empty.push(uri);
  if (open.length === 1 && empty.length === 1) return empty[0];
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: t("Create the project here"),
    title: t("Folder for the new Sluice project"),
    ...(open[0] ? { defaultUri: open[0].uri } : {}),
  });
  return chosen?.[0];
}

async function showFirst(folder: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand("sluice.assets.focus");
  await vscode.window.showTextDocument(vscode.Uri.joinPath(folder, firstFile));
}

/** Shows the first file of a project that was made just before this window opened. */
export async function showPendingProject({ globalState }: vscode.ExtensionContext): Promise<void> {
  const pending = globalState.get<string>(pendingKey);
  if (pending === undefined || !vscode.workspace.workspaceFolders?.some((folder) => folder.uri.toString() === pending)) return;
  await globalState.update(pendingKey, undefined);
  await showFirst(vscode.Uri.parse(pending));
}

async function create(app: App, folder: vscode.Uri): Promise<void> {
  const written = await writeNewFiles(folder.fsPath, projectFiles);
  // Types before the first file opens: the TypeScript server then finds them without a restart.
  await writeTypes({ project: folder.fsPath, from: app.files.types, version: extensionVersion(app.context) });
  const kept = Object.keys(projectFiles).filter((path) => !written.includes(path));
  if (kept.length > 0) {
    void vscode.window.showInformationMessage(t("These were there already and stay as they are: {0}", kept.join(", ")));
  }
}

/** A config, three assets and their data, into an empty folder or a chosen one. Overwrites nothing; needs no install. */
export const newProject: Command = {
  id: "sluice.newProject",
  needsTrust: false,
  async run(app, first) {
    const given = typeof first === "object" && first !== null && "folder" in first && typeof first.folder === "string" ? first.folder : undefined;
    const folder = given === undefined ? await chooseFolder() : vscode.Uri.parse(given);
    if (!folder) return undefined;
    await create(app, folder);
    if (vscode.workspace.getWorkspaceFolder(folder)) {
      await showFirst(folder);
    } else {
      await app.context.globalState.update(pendingKey, folder.toString());
      await vscode.commands.executeCommand("vscode.openFolder", folder);
    }
    return folder.toString();
  },
};
