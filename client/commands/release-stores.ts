import * as vscode from "vscode";
import type { Command } from "./command.ts";

/** Closes the stores of every project, so that another program can open a DuckDB file. */
export const releaseStores: Command = {
  id: "sluice.releaseStores",
  needsTrust: true,
  async run(app) {
    await Promise.all(app.projects.list().map((project) => project.release()));
    vscode.window.setStatusBarMessage(vscode.l10n.t("Sluice has let go of its database files."), 4000);
  },
};
