import * as vscode from "vscode";
import { SluiceError } from "../../runtime/src/model/errors.ts";

/** Throws in Restricted Mode. VS Code itself blocks nothing there, so nothing of ours may start the workspace's code past this. */
export function permitRunning(): void {
  if (vscode.workspace.isTrusted) return;
  throw new SluiceError(
    "config/invalid",
    vscode.l10n.t("Restricted Mode: running assets executes the code of this workspace, and it is not trusted."),
    {
      hint: vscode.l10n.t("The graph is read from your source without running it. Trust the workspace to run assets and to see stored tables."),
    },
  );
}
