import * as vscode from "vscode";
import { pickProject } from "../pick-project.ts";
import type { Command } from "./command.ts";

/** Switches the target; remembered per project in this workspace. A second argument names it. */
export const selectTarget: Command = {
  id: "sluice.selectTarget",
  needsTrust: false,
  async run(app, first, name) {
    const project = await pickProject(app, [first], vscode.l10n.t("Project whose target to switch"));
    if (!project) return undefined;
    const { list, current, choose } = project.targets;
    const picks = list().map((target) => ({
      label: target.name,
      iconPath: new vscode.ThemeIcon(target.protected ? "lock" : target.name === current() ? "check" : "database"),
      description: [
        target.name === current() ? vscode.l10n.t("current") : "",
        target.protected ? vscode.l10n.t("protected: every write asks first") : "",
      ]
        .filter(Boolean)
        .join(" · "),
      detail: Object.entries(target.bindings)
        .map(([key, binding]) => `${key}: ${binding}`)
        .join(", "),
    }));
    const named = typeof name === "string" ? picks.find((pick) => pick.label === name) : undefined;
    const picked = named ?? (await vscode.window.showQuickPick(picks, { placeHolder: vscode.l10n.t("Target of {0}", project.name) }));
    if (picked) await choose(picked.label);
    return current();
  },
};
