import * as vscode from "vscode";

/** Says why something does not run in Restricted Mode, with the way out. */
export async function explainTrust(): Promise<void> {
  const manage = vscode.l10n.t("Manage Workspace Trust");
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t("Restricted Mode: this executes the code of the workspace, so the workspace has to be trusted first. The graph works without."),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand("workbench.trust.manage");
}
