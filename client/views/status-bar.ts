import * as vscode from "vscode";
import type { Project } from "../project/project.ts";
import type { Projects } from "../project/projects.ts";
import { throttle } from "./throttle.ts";

const t = vscode.l10n.t;

/** The project that the reader is in: the active editor's, or else the first. */
export function currentProject(projects: Projects): Project | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  return (active && projects.of(active)) ?? projects.list()[0];
}

export interface TargetItem extends vscode.Disposable {
  /** What it shows; undefined while it is hidden. */
  readonly text: () => string | undefined;
}

/** The target in the status bar; a click switches it. */
export function showTarget(projects: Projects): TargetItem {
  const item = vscode.window.createStatusBarItem("sluice.target", vscode.StatusBarAlignment.Left, 40);
  item.name = t("Sluice target");
  item.command = "sluice.selectTarget";
  let shown: string | undefined;

  const update = throttle(() => {
    const project = currentProject(projects);
    const target = project?.targets.current();
    if (!project || target === undefined) {
      shown = undefined;
      return item.hide();
    }
    const guarded = project.targets.isProtected();
    const name = projects.list().length > 1 ? `${project.name}: ${target}` : target;
    shown = `$(${guarded ? "lock" : "database"}) ${name}`;
    item.text = shown;
    item.tooltip = guarded
      ? t("Sluice stores to the protected target {0} and asks before each write. Click to switch.", target)
      : t("Sluice stores to the target {0}. Click to switch.", target);
    item.accessibilityInformation = { label: t("Sluice target {0}", name), role: "button" };
    item.show();
  }, 50);
  const parts = [
    item,
    update,
    projects.onDidChange(update.call),
    projects.onDidChangeProject(({ change }) => {
      if (change === "graph") update.call();
    }),
    vscode.window.onDidChangeActiveTextEditor(update.call),
  ];
  return {
    text: () => shown,
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
