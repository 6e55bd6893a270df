import * as vscode from "vscode";
import type { App } from "./app.ts";
import type { Project } from "./project/project.ts";
import { currentProject } from "./views/status-bar.ts";

/** The project a command was called for: of its argument, or the only one, or the one the reader picks. */
export async function pickProject(app: App, [first]: readonly unknown[], placeholder: string): Promise<Project | undefined> {
  if (typeof first === "object" && first !== null && "project" in first && typeof first.project === "string") return app.projects.find(first.project);
  const all = app.projects.list();
  if (all.length <= 1) return all[0];
  const current = currentProject(app.projects);
  const picks = all.map((project) => ({
    label: project.name,
    description: vscode.workspace.asRelativePath(project.uri),
    ...(project === current ? { detail: vscode.l10n.t("of the file you are in") } : {}),
    project,
  }));
  return (await vscode.window.showQuickPick(picks, { placeHolder: placeholder, matchOnDescription: true }))?.project;
}
