import * as vscode from "vscode";
import { pickProject } from "../pick-project.ts";
import type { Command } from "./command.ts";

/** Ends the runner and starts another. A run that goes on is lost; what was stored is not. */
export const restartRunner: Command = {
  id: "sluice.restartRunner",
  needsTrust: true,
  async run(app, ...values) {
    const project = await pickProject(app, values, vscode.l10n.t("Project whose runner to restart"));
    if (project) await app.assetsView.withProgress(project.restart);
  },
};
